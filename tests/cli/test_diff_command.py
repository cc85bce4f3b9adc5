"""`headroom diff`: every changed result as it came beside what was sent, wide and narrow, as JSON, expired ones too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli.diff import command
from headroom_wrap.ledger import Ledger
from headroom_wrap.refused import Refused
from headroom_wrap.rewrite import rewrite
from headroom_wrap.segment import Exchange, Usage
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import anthropic

LISTING = "\n".join(f"src/app/module_{n // 60}.py:{n + 7}:    total = round_half_up(amount_{n}, 2)" for n in range(240))
LOG = "\n".join(f"2026-11-22 10:{n // 60:02}:{n % 60:02} INFO worker done in {n % 7} ms" for n in range(400))


def body() -> bytes:
    messages: list[dict[str, object]] = [{"role": "user", "content": "Why is the total wrong?"}]
    for number, (call, text) in enumerate((("rg -n round src", LISTING), ("cat app.log", LOG), ("true", "ok"))):
        use = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": call}}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": text}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return json.dumps({"model": "m", "tools": [{"name": "Bash"}], "messages": messages}).encode()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session with a search and a log that were shortened, and a result that was sent as it came."""
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    store = LocalStore(tmp_path)
    outcomes = rewrite(body(), anthropic, store).outcomes
    ledger = Ledger(tmp_path)
    ledger.record(Exchange("s-1", "claude", "anthropic", "m", 1.0, 2.0, 200, Usage(9, 9), outcomes))
    ledger.close()
    store.close()
    return tmp_path


Run = Callable[..., str]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*given: str, width: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        result = CliRunner().invoke(command, [*given])
        assert result.exit_code == 0, result.output
        return str(result.output)

    return run


def test_each_changed_result_stands_as_it_came_and_as_it_was_sent(run: Run) -> None:
    shown = run("s-1")
    titles = [line for line in shown.splitlines() if line.startswith("1. Bash")]
    assert [title.split(" · ")[0] for title in titles] == ["1. Bash rg -n round src", "1. Bash cat app.log"]
    lines = {line[1:] for line in shown.splitlines() if line.startswith(("-", " "))}
    assert sum(line[:78] in {shown[:78] for shown in lines} for line in LOG.split("\n")) > 350


def test_the_latest_session_is_taken_where_none_is_given(run: Run) -> None:
    assert run() == run("s")


def test_where_it_is_wide_both_stand_side_by_side(run: Run) -> None:
    rows = [line for line in run(width=140).splitlines() if "│" in line]
    assert rows and all(len(line) <= 140 for line in rows)
    assert any(line.startswith("2026-11-22 10:00:00 INFO") for line in rows)


def test_what_is_piped_is_neither_wrapped_nor_cut_nor_side_by_side(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = CliRunner().invoke(command, ["s-1"]).output.splitlines()
    shown = {line[1:] for line in lines if line.startswith(("-", " "))}
    assert {*LOG.split("\n")[:5], "src/app/module_0.py:60:    total = round_half_up(amount_53, 2)"} <= shown
    assert not any("│" in line for line in lines)


def test_the_others_are_named_with_the_reason_and_a_tool_can_be_chosen(run: Run) -> None:
    assert "1. Bash · 1 as it came: small" in run("--all")
    assert "as it came" not in run()
    assert "no result of Read was changed in session s-1" in run("--tool", "Read")


def test_json_has_both_texts_of_each_result(run: Run, home: Path) -> None:
    rows = [json.loads(line) for line in run("--json", "--all").splitlines()]
    assert [(row["session"], row["turn"], row["row"]["changed"]) for row in rows] == [
        ("s-1", 1, True), ("s-1", 1, True), ("s-1", 1, False),
    ]  # fmt: skip
    assert [row["original"] for row in rows] == [LISTING, LOG, None]
    sent = rewrite(body(), anthropic, LocalStore(home)).outcomes
    assert [row["sent"] for row in rows] == [outcome.text for outcome in sent]


def test_an_expired_original_and_a_removed_decision_say_so(run: Run, home: Path) -> None:
    store = LocalStore(home)
    for kept in store.objects.files():
        os.utime(kept.path, (1, 1))
    store.sweep(1, 10**9, frozenset())
    store.close()
    shown = run()
    assert "expired; run again: cat app.log" in shown
    rows = [json.loads(line) for line in run("--json").splitlines()]
    assert [row["original"] for row in rows] == [None, None]


def test_a_session_that_is_not_there_is_refused(home: Path) -> None:
    result = CliRunner().invoke(command, ["nobody"])
    assert isinstance(result.exception, Refused)
    assert (
        str(result.exception)
        == "session nobody: not in the ledger; the latest is s-1, headroom stats --sessions lists all"
    )


def test_control_characters_of_a_result_never_reach_the_terminal(home: Path, run: Run) -> None:
    store = LocalStore(home)
    evil = "\x1b]0;evil\x07" + LOG.replace("done", "\x1b[31mdone\r")
    came = body().replace(json.dumps(LOG).encode(), json.dumps(evil).encode())
    ledger = Ledger(home)
    outcomes = rewrite(came, anthropic, store).outcomes
    ledger.record(Exchange("s-2", "claude", "anthropic", "m", 3.0, 4.0, 200, Usage(9, 9), outcomes))
    ledger.close()
    store.close()
    assert not {"\x1b", "\x07", "\r"} & set(run("s-2"))


@pytest.mark.slow
@pytest.mark.parametrize("given", [[], ["--json"]])
def test_a_closed_pipe_and_a_full_disk_are_no_traceback(home: Path, given: list[str]) -> None:
    arguments = [sys.executable, "-m", "headroom_wrap", "diff", *given]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        assert (child.stderr.read(), child.wait()) == (b"", 1)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, b"can't be written: No space left" in done.stderr) == (2, True)
