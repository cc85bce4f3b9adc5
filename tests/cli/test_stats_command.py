"""`headroom stats`: what is printed, piped, as JSON, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli.stats import command
from headroom_wrap.ledger import Ledger
from headroom_wrap.segment import Exchange, Outcome, Usage


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    return tmp_path


def record(home: Path) -> None:
    ledger = Ledger(home)
    outcome = Outcome("form", "logs", "lines", "r", 1000, 400, tool="Bash")
    usage = Usage(0, 10, 2000, 500)
    ledger.record(
        Exchange("s1", "claude", "anthropic", "claude-opus-4-5", 1e9, status=200, usage=usage, outcomes=(outcome,))
    )
    ledger.close()


def test_an_empty_ledger_says_what_to_do(home: Path) -> None:
    result = CliRunner().invoke(command, [])
    assert (result.exit_code, result.output.split(".")[0]) == (0, "Nothing recorded yet")


def test_piped_output_is_plain_text(home: Path) -> None:
    record(home)
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0 and "50.3 % of the whole bill saved" in result.output
    assert "\x1b" not in result.output


def test_json_has_the_rows_with_unknown_as_null(home: Path) -> None:
    record(home)
    rows = json.loads(CliRunner().invoke(command, ["--json"]).output)
    assert rows["ever"]["effect"] == pytest.approx(4425 / 8800)
    assert (rows["today"]["bill"], rows["today"]["effect"]) == (None, None)
    assert rows["compressors"] == [{"name": "logs", "segments": 1, "changed": 1, "before": 1000, "after": 400}]
    only = json.loads(CliRunner().invoke(command, ["--json", "--session", "nobody"]).output)
    assert only["ever"]["exchanges"] == 0


def test_watching_without_a_terminal_is_refused(home: Path) -> None:
    result = CliRunner().invoke(command, ["--watch"])
    assert result.exit_code == 2 and "needs a terminal" in result.output


def test_bad_prices_are_one_line(home: Path) -> None:
    record(home)
    (home / "prices.json").write_text("{}")
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 1 and "prices.json" in result.output
