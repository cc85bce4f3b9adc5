"""What past sessions saved and cost in; what leaves out nothing more out, and never in the middle of a conversation."""

from __future__ import annotations

import json
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from headroom_wrap.cli.session import learnt, proxy_options
from headroom_wrap.compressors import STACK
from headroom_wrap.dashboard.summary import summary
from headroom_wrap.ledger import Ledger
from headroom_wrap.priors import HALF, Evidence, lossless
from headroom_wrap.proxy.worker import policy
from headroom_wrap.rewrite import Rewritten, rewrite
from headroom_wrap.route import Policy
from headroom_wrap.segment import Exchange, Outcome, Usage
from headroom_wrap.settings import Settings
from headroom_wrap.store.database import NAME
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import anthropic

ALL = frozenset((compressor.__name__, "Bash") for compressor in STACK)


def evidence(results: int, misses: int, age: int = 0, worth: float = 1000.0, cost: float = 8000.0) -> Evidence:
    """Each result saved `worth`, each miss cost `cost`."""
    return Evidence("logs+numbers", "Bash", age, results, misses, results * worth, misses * cost)


@pytest.mark.parametrize(
    ("rows", "off"),
    [
        ([], False),
        ([evidence(50, 0)], False),
        ([evidence(1, 1)], False),
        ([evidence(20, 2)], False),
        ([evidence(20, 8)], True),
        ([evidence(6, 6)], True),
        ([evidence(20, 8, cost=800.0)], False),
        ([evidence(20, 8), evidence(100, 0, age=3)], False),
    ],
)
def test_a_few_misses_decide_nothing_and_many_switch_off(rows: list[Evidence], off: bool) -> None:
    assert lossless(rows) == (frozenset({("logs", "Bash")}) if off else frozenset())


def test_without_new_evidence_it_is_tried_again_and_switched_off_sooner_if_missed_again() -> None:
    off = [bool(lossless([evidence(20, 8, age=age)])) for age in range(4 * HALF)]
    back = off.index(False)
    assert HALF < back < 3 * HALF
    assert off == [True] * back + [False] * (4 * HALF - back)
    assert not lossless([evidence(1, 1)])
    assert lossless([evidence(20, 8, age=back), evidence(1, 1)])


def test_forms_in_which_nothing_is_missing_are_never_switched_off() -> None:
    assert lossless([Evidence("clean+reread+numbers", "Bash", 0, 9, 9, 1.0, 1e9)]) == frozenset()


def hits(turn: int) -> str:
    return "\n".join(f"src/part{n // 90}/file.py:{n}:    value_{n}_{turn} = parse(item, {n})" for n in range(400))


def sent(turns: int, store: LocalStore, policy: Policy) -> Rewritten:
    messages: list[dict[str, Any]] = []
    for turn in range(turns):
        use = {"type": "tool_use", "id": f"t{turn}", "name": "Bash", "input": {"command": f"grep -rn v{turn} src"}}
        result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": hits(turn)}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return rewrite(json.dumps({"tools": [{"name": "Bash"}], "messages": messages}).encode(), anthropic, store, policy)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sets(st.sampled_from(sorted(ALL))), min_size=2, max_size=4))
def test_history_stays_put_whatever_new_runs_have_learnt(learnt_by_runs: list[set[tuple[str, str]]]) -> None:
    """A conversation that is resumed in one run after the other, each with what it has learnt until then."""
    with tempfile.TemporaryDirectory() as folder:
        before = b""
        for turns, learnt_now in enumerate(learnt_by_runs, 1):
            store = LocalStore(Path(folder))
            made = sent(turns, store, Policy(lossless=frozenset(learnt_now)))
            assert made.body.startswith(before)
            before = made.body.removesuffix(b"]}")
            omitted = bool(made.outcomes[-1].omitted)
            assert omitted == ((made.outcomes[-1].compressor.split("+")[0], "Bash") not in learnt_now) or not omitted
            store.close()


def test_what_was_learnt_leaves_nothing_out(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (first,) = sent(1, store, Policy()).outcomes
    assert first.omitted
    assert not any(outcome.omitted for outcome in sent(2, store, Policy(lossless=ALL)).outcomes[1:])
    store.close()


def printed(what: RenderableType) -> str:
    console = Console(width=200, record=True, file=StringIO())
    console.print(what)
    return console.export_text()


LOG = Outcome("…", "logs", "9 lines", "logref", 1000, 400, "", "Bash")
GET = Outcome(None, before=300, after=300, why="printed by headroom get", tool="Bash", missed="get logref")


def test_the_ledger_teaches_and_the_summary_and_new_runs_say_so(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for session in range(8):
        usage = Usage(0, 10, 60_000, 500)
        for outcomes in ((LOG,), (LOG, GET)):
            ledger.record(
                Exchange(f"s{session}", "claude", "anthropic", "m", 1000.0, 1001.0, 200, usage, outcomes, 5000, 4000)
            )
    assert ledger.lossless() == frozenset({("logs", "Bash")})
    assert [row.lossless for row in ledger.misses()] == [True]
    ledger.close()
    options = proxy_options(Settings(home=tmp_path), {}, "s9")
    assert options.lossless == ("logs Bash",)
    assert policy(options).lossless == frozenset({("logs", "Bash")})
    assert "from now on nothing is left out by logs of Bash" in printed(summary(tmp_path, "s7"))


def test_a_ledger_that_cannot_be_read_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert learnt(tmp_path) == () == learnt(tmp_path / "none")
    assert not (tmp_path / "none").exists()
