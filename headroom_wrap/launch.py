"""Start the proxy, run the agent as a child, put everything back: an agent and the user's wish in, an exit code out.

The agent keeps the terminal: it stays in our process group, so Ctrl-C and job control reach it as without us. The proxy
is in a session of its own and ends when its stdin closes, which the kernel sees to even where we are killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import IO

from headroom_wrap.agents import Agent, Listening, Start, Wish
from headroom_wrap.proxy.options import Options, line
from headroom_wrap.refused import Refused

READY_SECONDS = 30.0
GRACE_SECONDS = 5.0
TITLE_SECONDS = 2.0
ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1

Title = Callable[[], str]
"""-> what the terminal's title is to say now; empty: leave it as it is."""


def run(agent: Agent, wish: Wish, options: Options, title: Title) -> int:
    """-> the agent's exit code, 128 + n where signal n ended it. Raises Refused before anything was started."""
    route = agent.route(wish)
    executable = found(agent, wish.environment)
    hosts = tuple(dict.fromkeys((*options.hosts, *route.hosts)))
    options = replace(options, agent=agent.name, upstream=route.upstream, hosts=hosts)
    commands = private_commands(Path(options.home))
    with proxy(options, wish.environment) as listening:
        start = route.start(listening)
        environment = {**wish.environment, **start.environment, **on_path(commands, wish.environment)}
        return attended(executable, Start(start.arguments, environment), title)


def found(agent: Agent, environment: Mapping[str, str]) -> str:
    """-> the path of the agent's command. Raises Refused with the line that installs it."""
    path = shutil.which(agent.executable, path=environment.get("PATH"))
    if path is None:
        raise Refused(f"{agent.title} is not installed", f"no {agent.executable!r} on PATH", f"run: {agent.install}")
    return path


def private_commands(home: Path) -> Path:
    """-> a folder with a `headroom` that runs this very interpreter, for the agent's PATH: the model calls
    `headroom get` also where headroom runs from a virtual environment that the agent knows nothing of.

    The current folder is taken off Python's path: it is the user's project, whose json.py must not be imported.
    """
    source = f"import sys; sys.path[0] = {str(ROOT)!r}; from headroom_wrap.cli import main; main()"
    script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(source)} "$@"\n'
    folder = home / "bin"
    where = shlex.quote(str(folder))
    try:
        for each in (home, folder):  # the mode is for the last folder only
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        _written(folder / "headroom", script, 0o700)
        _written(folder / "bash_env", BASH_ENV.format(where=where), 0o600)
    except OSError as problem:
        raise Refused(f"{folder} can't be written", str(problem), "mend its permissions or set HEADROOM_HOME") from None
    return folder


BASH_ENV = """\
case ":$PATH:" in *:{where}:*) ;; *) PATH={where}:$PATH ;; esac
if [ -n "$HEADROOM_BASH_ENV" ]; then . "$HEADROOM_BASH_ENV"; fi
"""
"""What bash reads after its profile. Codex runs commands with `bash -lc`, and Debian's /etc/profile sets PATH anew."""


def on_path(commands: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """-> what puts the folder first on the PATH of an agent and of its shells, login shells included."""
    path = os.pathsep.join(filter(None, (str(commands), environment.get("PATH", ""))))
    added = {"PATH": path, "BASH_ENV": str(commands / "bash_env")}
    own = environment.get("BASH_ENV")
    return {**added, "HEADROOM_BASH_ENV": own} if own and own != added["BASH_ENV"] else added


def _written(file: Path, text: str, mode: int) -> None:
    """Write a file where it does not say that already; whole or not at all: several runs may begin at once."""
    if file.is_file() and file.read_text() == text:
        return
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(text)
    new.chmod(mode)
    new.replace(file)


@contextlib.contextmanager
def proxy(options: Options, environment: Mapping[str, str]) -> Iterator[Listening]:
    """-> where the proxy accepts, for as long as the block runs. Raises Refused where it does not start."""
    if importlib.util.find_spec("mitmproxy") is None:
        raise Refused("mitmproxy is not installed", "", 'run: pipx install "headroom-wrap[all]"')
    with tempfile.TemporaryFile() as errors:
        # Not the user's folder: `python -m` imports from the current one first.
        child = subprocess.Popen(
            [sys.executable, "-m", "headroom_wrap.proxy"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env=dict(environment),
            start_new_session=True,
        )
        try:
            yield _ready(child, options, errors)
            if child.poll() is not None:
                said = _last_line(child, errors)
                sys.stderr.write(f"headroom: the proxy ended before the agent did: {said}; please report it\n")
        finally:
            _ended(child)


def _ready(child: subprocess.Popen[bytes], options: Options, errors: IO[bytes]) -> Listening:
    """-> what the proxy's ready line says. Raises Refused with the last line of its errors."""
    assert child.stdin is not None and child.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(line(options))
        child.stdin.flush()
    readable, _, _ = select.select([child.stdout], [], [], READY_SECONDS)
    said = child.stdout.readline() if readable else b""
    try:
        return Listening(**json.loads(said))
    except (ValueError, TypeError):
        why = _last_line(child, errors)
        raise Refused("the proxy did not start", why, "" if ";" in why else "mend that and run it again") from None


def _last_line(child: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    errors.seek(0)
    said = [text.strip() for text in errors.read().decode(errors="replace").splitlines() if text.strip()]
    return said[-1].removeprefix("headroom: ").removeprefix("the proxy did not start: ") if said else "it said nothing"


def _ended(child: subprocess.Popen[bytes]) -> None:
    """End the proxy: its stdin closes, it finishes what is under way; killed where it does not."""
    assert child.stdin is not None and child.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()


def attended(executable: str, start: Start, title: Title) -> int:
    """-> the exit code of a child that has our terminal; signals to us are passed on to it."""
    with passed_on() as child_is:
        child = subprocess.Popen(
            [executable, *start.arguments],
            env=dict(start.environment),
            preexec_fn=_dies_with_us(),  # noqa: PLW1509 - no thread of ours runs yet
        )
        child_is(child.pid)
        with shown(title):
            child.returncode = _waited(child.pid)
    return child.returncode


def _waited(pid: int) -> int:
    """-> the exit code of a child; where it stops (Ctrl-Z), we stop, and go on together."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def passed_on() -> Iterator[Callable[[int], None]]:
    """-> a function that is told the child's pid. Until then, and for the terminal's own signals (Ctrl-C, which the
    child gets from the terminal), nothing happens; SIGTERM and SIGHUP go to the child."""
    pids: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        if pids and number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[0], number)

    caught = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, forward) for number in caught}
    try:
        yield pids.append
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _dies_with_us() -> Callable[[], None] | None:
    """-> what makes a child get SIGTERM where we are killed outright; only Linux can."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def shown(title: Title) -> Iterator[None]:
    """Show what was saved as the terminal's title while the block runs, where there is a terminal.

    The title before is kept on the terminal's own stack (XTWINOPS 22 and 23), which xterm, iTerm2, kitty and tmux have.
    """
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    writer = threading.Thread(target=_titles, args=(title, over), daemon=True)
    _to_terminal("\x1b[22;2t")
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()
        _to_terminal("\x1b[23;2t")


def _titles(title: Title, over: threading.Event) -> None:
    """Write the title whenever it has changed: an agent's own title stands until there is something new to say."""
    last = ""
    while not over.wait(TITLE_SECONDS):
        text = title()
        if text and text != last:
            _to_terminal(f"\x1b]2;{text}\x07")
            last = text


def _to_terminal(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), text.encode())
