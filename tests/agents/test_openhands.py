from __future__ import annotations

from pathlib import Path

import pytest

from headroom_wrap.agents import Listening, Wish, openhands

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")


def test_its_tmux_server_is_one_that_no_later_run_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    start = openhands.AGENT.route(Wish((), {"HOME": "/nowhere"})).start(LISTENING)

    folder = Path(start.environment["TMUX_TMPDIR"])
    assert (folder.parent, folder.stat().st_mode & 0o777) == (tmp_path, 0o700)
