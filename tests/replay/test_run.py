"""What a replay says would have been saved is what the benchmark of whole sessions says."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.ledger import Ledger, Totals
from headroom_wrap.replay.run import Count, Log, Wanted, replayed
from headroom_wrap.route import DEFAULT
from headroom_wrap.store.objects import Objects
from scripts.benches import sessions as bench
from scripts.benches.inputs.sessions import sessions as made_up
from scripts.benches.measure.candidates import Ours
from scripts.benches.measure.observed import Session, sessions
from scripts.benches.measure.replay import conversation

from .logs import claude_log

CAP = 50


def cut(session: Session) -> list[dict[str, Any]]:
    """-> the messages up to the last request that the benchmark looks at, and its answer."""
    messages, _ = conversation(session.messages)
    answers = [at for at, message in enumerate(messages) if message["role"] == "assistant" and at][:CAP]
    return messages[: answers[-1] + 1]


def by_replay(found: Iterable[Session], folder: Path) -> float:
    logs = []
    for number, session in enumerate(found):
        path = claude_log(folder / f"{session.source}-{number}.jsonl", cut(session))
        logs.append(Log("claude", path, 0.0))
    sums, _ = replay_of(logs, folder / "home")
    assert sums.saved is not None and sums.bill
    return sums.saved / sums.bill


def replay_of(
    logs: list[Log],
    home: Path,
    wanted: Wanted = Wanted(),  # noqa: B008
    kept: Callable[[str], bool] = lambda ref: False,
) -> tuple[Totals, Count]:
    ledger = Ledger(home, o200k=True)
    count = replayed(logs, ledger, DEFAULT, wanted, kept, lambda log: None)
    sums = next(iter(ledger.totals()), Totals())
    ledger.close()
    return sums, count


def by_bench(found: Iterable[Session]) -> float:
    total, ours = bench.Total(), Ours()
    for session in found:
        bench.replay(ours, session, CAP, total)
    ours.close()
    return 1 - total.sums["bill"] / total.sums["came bill"]


def test_it_equals_the_benchmark_on_made_up_sessions(tmp_path: Path) -> None:
    found = list(made_up())
    assert by_replay(found, tmp_path) == pytest.approx(by_bench(found), rel=0.01)


@pytest.mark.slow
def test_it_equals_the_benchmark_on_recorded_sessions(tmp_path: Path) -> None:
    data = Path(__file__).parents[3] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("the recorded sessions are not part of this repository and not beside it")
    found = list(sessions(data, 2))
    assert by_replay(found, tmp_path) == pytest.approx(by_bench(found), rel=0.01)


def talk(turns: int, size: int = 3000) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Look at all of it."}]
    for turn in range(turns):
        call = {"type": "tool_use", "id": f"t{turn}", "name": "Bash", "input": {"command": f"cat {turn}.log"}}
        text = "\n".join(f"10:00:{line % 60:02} INFO job {turn}.{line} done" for line in range(size // 25))
        result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": text}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return [*messages, {"role": "assistant", "content": [{"type": "text", "text": "Done."}]}]


def test_a_session_that_stands_in_two_logs_is_counted_once(tmp_path: Path) -> None:
    one, two = claude_log(tmp_path / "one.jsonl", talk(4)), tmp_path / "two.jsonl"
    two.write_text(one.read_text())
    alone, _ = replay_of([Log("claude", one, 0.0)], tmp_path / "alone")
    both, count = replay_of([Log("claude", one, 0.0), Log("claude", two, 0.0)], tmp_path / "both")
    assert both == alone
    assert count == Count(sessions=1, requests=5, assumed=5)


def test_a_session_whose_originals_are_all_stored_is_left_out(tmp_path: Path) -> None:
    messages = talk(3)
    logs = [Log("claude", claude_log(tmp_path / "a.jsonl", messages), 0.0)]
    results = [block["content"] for message in messages for block in message["content"] if "tool_use_id" in block]
    store = Objects(tmp_path / "store")
    for text in results[:-1]:
        store.keep(text)
    assert replay_of(logs, tmp_path / "1", kept=lambda ref: bool(store.paths(ref)))[1].ours == 0
    store.keep(results[-1])
    sums, count = replay_of(logs, tmp_path / "2", kept=lambda ref: bool(store.paths(ref)))
    assert (sums, count) == (Totals(), Count(ours=1))


def test_a_session_that_was_shortened_is_left_out(tmp_path: Path) -> None:
    usage = {"input_tokens": 9, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 100, "output_tokens": 5}
    path = claude_log(tmp_path / "a.jsonl", talk(6))
    path.write_text(path.read_text().replace('"role": "assistant"', f'"role": "assistant", "usage": {dumped(usage)}'))
    sums, count = replay_of([Log("claude", path, 0.0)], tmp_path / "home")
    assert (sums, count) == (Totals(), Count(ours=1))


def dumped(usage: dict[str, int]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in usage.items()) + "}"


def test_only_the_wanted_project_and_time_is_looked_at(tmp_path: Path) -> None:
    logs = [Log("claude", claude_log(tmp_path / "a.jsonl", talk(2)), 0.0)]
    assert replay_of(logs, tmp_path / "1", Wanted(project="shop"))[1].sessions == 1
    assert replay_of(logs, tmp_path / "2", Wanted(project="other"))[1].sessions == 0
    assert replay_of(logs, tmp_path / "3", Wanted(since=4e9))[1].sessions == 0


def test_a_cache_that_lapsed_is_written_again(tmp_path: Path) -> None:
    path = claude_log(tmp_path / "a.jsonl", talk(4))
    warm, _ = replay_of([Log("claude", path, 0.0)], tmp_path / "warm")
    lines = path.read_text().splitlines()
    lines[-1] = lines[-1].replace("2026-", "2027-")
    path.write_text("\n".join(lines))
    cold, _ = replay_of([Log("claude", path, 0.0)], tmp_path / "cold")
    assert cold.cache_read < warm.cache_read
    assert cold.cache_read + cold.cache_write == warm.cache_read + warm.cache_write
    assert (cold.saved or 0) > (warm.saved or 0)


@pytest.mark.slow
def test_a_thousand_sessions_take_no_more_memory_than_a_hundred(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        logs = [Log("claude", claude_log(tmp_path / f"{each}.jsonl", talk(2, 800)), 0.0) for each in range(number)]
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        _, count = replay_of(logs, tmp_path / f"home{number}")
        assert count.sessions == number
        return tracemalloc.get_traced_memory()[1] - before

    replay_of([Log("claude", claude_log(tmp_path / "first.jsonl", talk(2)), 0.0)], tmp_path / "warm-up")
    tracemalloc.start()
    try:
        hundred = peak(100)
        assert peak(1000) < hundred + 2_000_000
    finally:
        tracemalloc.stop()
