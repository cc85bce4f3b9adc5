"""The real agents, and 20 moments at which something is killed outright: afterwards the machine is as before.

No session gets past its second command before the kill: that waits for a lock that the test holds until then. An agent
that is killed while it ends by itself may end either way (seen with Claude Code).
"""

from __future__ import annotations

import fcntl
import hashlib
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from headroom_wrap import host
from headroom_wrap.demo.script import run, say
from headroom_wrap.demo.upstream import Upstream

from .conftest import World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]
ARGUMENTS = {
    "claude": ("-p", "Look at it.", "--allowedTools", "Bash"),
    "codex": ("exec", "--skip-git-repo-check", "--sandbox", "read-only", "Look at it."),
}
Moment = tuple[str, int, float]
THE_AGENTS_OWN = (".claude/", ".claude.json", ".cache/claude", ".local/share/claude", ".local/state/claude", "codex/")
USERS_FILES = {
    ".bashrc": "alias ll='ls -l'\n",
    ".zshrc": "",
    ".gitconfig": "[user]\n\tname = Somebody\n",
    ".config/fish/config.fish": "set -x A 1\n",
    ".claude/settings.json": '{"env": {"A": "b"},\n "permissions": {}}\n',
    "codex/config.toml": 'model_reasoning_effort = "low" # mine\n',
}
SCRIPT = [run("cat big.json"), run("flock gate cat build.log"), say("All done.")]


def listing(folder: Path) -> dict[str, tuple[int, str]]:
    """-> mode and hash of everything below a folder."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }


def processes(world: World) -> tuple[int, ...]:
    return host.carriers("HEADROOM_HOME", str(world.folder / "headroom"))


def started(world: World, name: str, upstream: Upstream) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "headroom_wrap", "wrap", "--upstream", upstream.url, name, "--", *ARGUMENTS[name]]
    given = {**world.environment(), "PATH": f"{world.agents}:{world.environment()['PATH']}"}
    with (world.folder / "said").open("wb") as said:
        return subprocess.Popen(
            command,
            cwd=world.project,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


@contextmanager
def shut(gate: Path) -> Iterator[None]:
    """Let no session past its second command while the block runs."""
    with gate.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def part(wrapper: psutil.Process, wanted: str) -> psutil.Process | None:
    """-> the wrapper, its proxy, the proxy's worker or the agent, where it runs by now."""
    if wanted == "wrapper":
        return wrapper
    commands = {child: " ".join(child.cmdline()) for child in wrapper.children(recursive=True)}
    told = {"proxy": "headroom_wrap.proxy", "worker": "headroom_wrap.proxy.worker"}
    if wanted in told:
        return next((child for child, line in commands.items() if line.endswith(f"-m {told[wanted]}")), None)
    agents = (child for child in wrapper.children() if commands.get(child) and "headroom_wrap" not in commands[child])
    return next(agents, None)


def killed(wrapper: subprocess.Popen[bytes], moment: Moment, upstream: Upstream) -> None:
    """Kill a part so many seconds after it was there and the provider had got so many requests."""
    wanted, after, later = moment
    while wrapper.poll() is None:
        try:
            found = part(psutil.Process(wrapper.pid), wanted) if len(upstream.inference()) >= after else None
            if found:
                time.sleep(later)
                found.kill()
                return
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.01)
    pytest.fail(f"the session ended before {moment}")


def moments(name: str) -> list[Moment]:
    """-> what to kill, after how many requests, and how many seconds later."""
    chance = random.Random(f"{name} 1")
    parts = ["wrapper", "proxy", "worker", "agent"] * 2 + chance.sample(["wrapper", "proxy", "agent"], 2)
    return [(wanted, chance.randrange(3), chance.random() * 0.4) for wanted in parts]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_whatever_is_killed_nothing_is_left_and_no_file_is_changed(world: World, name: str) -> None:
    (world.project / "gate").touch()
    for path, text in USERS_FILES.items():
        (world.home / path).parent.mkdir(parents=True, exist_ok=True)
        (world.home / path).write_text(text)
    before, project = listing(world.home), listing(world.project)
    assert processes(world) == ()
    for moment in moments(name):
        with Upstream(SCRIPT) as upstream:
            with shut(world.project / "gate"):
                wrapper = started(world, name, upstream)
                killed(wrapper, moment, upstream)
            code = wrapper.wait(60)
            assert left(world) == [], moment
        assert code in expected(*moment[:2]), (moment, (world.folder / "said").read_text())
        assert listing(world.project) == project
        now = listing(world.home)
        assert {path: now.get(path) for path in before} == before
        assert [path for path in now if path not in before and not owned(path)] == []
    with Upstream(SCRIPT) as upstream:
        assert started(world, name, upstream).wait(60) == 0
        assert len(upstream.inference()) >= 3
    with sqlite3.connect(world.folder / "headroom" / "headroom.db") as store:
        assert store.execute("PRAGMA quick_check").fetchall() == [("ok",)]


def left(world: World) -> list[list[str]]:
    """-> the commands of the processes that still run after half a minute: an agent may finish without its wrapper."""
    deadline = time.monotonic() + 30
    while (pids := processes(world)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [psutil.Process(pid).cmdline() for pid in pids]


def owned(path: str) -> bool:
    """-> whether the agent itself keeps such files; folders above them count."""
    return any(path.startswith(own) or own.startswith(f"{path}/") for own in THE_AGENTS_OWN)


def expected(wanted: str, after: int) -> set[int]:
    """-> the exit codes that are right: a killed proxy or worker does not end the session. A proxy that is killed
    before it accepts refuses the start."""
    return {"wrapper": {-9}, "agent": {137}, "worker": {0}, "proxy": {0} if after else {0, 2}}[wanted]
