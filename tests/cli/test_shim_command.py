from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from headroom_wrap.cli import group


def test_an_agent_that_can_not_be_wrapped_gets_no_shim(tmp_path: Path) -> None:
    given = {"HEADROOM_HOME": str(tmp_path), "HOME": str(tmp_path)}
    ended = CliRunner(env=given).invoke(group, ["shim", "install", "claude", "cursor"])

    assert str(ended.exception) == "Cursor can't be wrapped; headroom wrap cursor says why"
    assert not (tmp_path / "shims").exists()
