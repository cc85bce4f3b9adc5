"""`headroom replay`: the logs in a home folder in, what would have been saved out; nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli.replay import command, epoch
from headroom_wrap.refused import Refused
from tests.replay.logs import claude_log
from tests.replay.test_run import talk


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path / "headroom"))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_DATA_HOME", "COPILOT_HOME", "GEMINI_CLI_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def files(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def test_past_sessions_are_replayed_and_no_file_is_changed_or_made(home: Path) -> None:
    claude_log(home / ".claude/projects/-shop/abc.jsonl", talk(4))
    before = files(home)
    result = CliRunner().invoke(command, [], catch_exceptions=False)
    assert result.exit_code == 0
    assert "of the whole bill would have been saved" in result.stdout
    assert "1 past session, 5 requests" in result.stdout
    assert files(home) == before


def test_json_holds_the_sums_and_nothing_of_what_was_said(home: Path) -> None:
    claude_log(home / ".claude/projects/-shop/abc.jsonl", talk(4))
    result = CliRunner().invoke(command, ["--json", "--agent", "claude", "--last", "1"], catch_exceptions=False)
    values = json.loads(result.stdout)
    assert values["count"] == {"sessions": 1, "requests": 5, "assumed": 5, "ours": 0}
    assert [row["name"] for row in values["sessions"]] == ["shop/abc"]
    assert "INFO" not in result.stdout


def test_the_users_own_prices_count(home: Path) -> None:
    claude_log(home / ".claude/projects/-shop/abc.jsonl", talk(4), model="own-model")
    (home / "headroom").mkdir()
    (home / "headroom" / "prices.json").write_text('{"models": {"own-model": {"input": 2, "output": 4}}}')
    values = json.loads(CliRunner().invoke(command, ["--json"], catch_exceptions=False).stdout)
    assert values["all"]["bill"] > 0


def test_without_logs_and_without_a_match_it_says_what_to_do(home: Path) -> None:
    with pytest.raises(Refused, match="no sessions found"):
        CliRunner().invoke(command, [], catch_exceptions=False)
    claude_log(home / ".claude/projects/-shop/abc.jsonl", talk(1))
    with pytest.raises(Refused, match="no session matches"):
        CliRunner().invoke(command, ["--project", "other"], catch_exceptions=False)


def test_times_are_ages_or_dates() -> None:
    assert epoch("") == 0.0
    assert epoch("2026-11-01T00:00:00+00:00") == 1_793_491_200.0
    assert 0 < epoch("2d") - epoch("49h") < 3700
    with pytest.raises(Refused, match="no time"):
        epoch("soon")
