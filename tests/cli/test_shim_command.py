from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from headroom_wrap.cli import group


def test_an_agent_that_can_not_be_wrapped_gets_no_shim(tmp_path: Path) -> None:
    given = {"HEADROOM_HOME": str(tmp_path), "HOME": str(tmp_path)}
    ended = CliRunner(env=given).invoke(group, ["shim", "install", "claude", "cursor"])

    assert str(ended.exception) == "Cursor can't be wrapped; headroom wrap cursor says why"
    assert not (tmp_path / "shims").exists()


def test_taking_away_a_shim_that_is_not_there_says_nothing_of_the_others(tmp_path: Path) -> None:
    given = {"HEADROOM_HOME": str(tmp_path), "HOME": str(tmp_path)}
    CliRunner(env=given).invoke(group, ["shim", "install", "claude"], catch_exceptions=False)

    assert CliRunner(env=given).invoke(group, ["shim", "uninstall", "codex"]).output == "There is no shim of codex.\n"
    assert (tmp_path / "shims" / "claude").exists()
