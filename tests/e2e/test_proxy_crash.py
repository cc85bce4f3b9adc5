"""The proxy is killed in the middle of a response to a real agent: the session is finished all the same."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque

import psutil
import pytest

from headroom_wrap.demo.script import run, say
from headroom_wrap.demo.upstream import Fault, Upstream

from .conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]
ARGUMENTS = {
    "claude": ("-p", "Look at it.", "--allowedTools", "Bash(cat:*)"),
    "codex": ("exec", "--skip-git-repo-check", "--sandbox", "read-only", "Look at it."),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_session_goes_on_with_what_was_decided_before(world: World, name: str) -> None:
    stalled = threading.Event()
    faults: deque[Fault | None] = deque([None, None, Fault(after=2, resume=stalled)])
    with Upstream([run("cat big.json"), run("cat build.log"), say("All done.")], faults=faults) as upstream:
        command = [sys.executable, "-m", "headroom_wrap", "wrap", "--upstream", upstream.url, name, "--"]
        given = {**world.environment(), "PATH": f"{world.agents}:{world.environment()['PATH']}"}
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [*command, *ARGUMENTS[name]],
            cwd=world.project,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            text=True,
        ) as child:
            while faults:  # the test's own time limit ends this
                assert child.poll() is None
            (proxy,) = [
                each for each in psutil.Process(child.pid).children() if each.cmdline()[-1:] == ["headroom_wrap.proxy"]
            ]
            proxy.kill()
            stalled.set()
            out, err = child.communicate(timeout=100)

    assert (child.returncode, out.strip().splitlines()[-1]) == (0, "All done.")
    assert "the proxy ended once before" in err
    assert len(upstream.inference()) >= 4
