"""Start the proxy, run the agent as a child, put everything back: an agent and the user's wish in, an exit code out.

The agent keeps the terminal: it stays in our process group, so Ctrl-C and job control reach it as without us.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from headroom_wrap import host, nested
from headroom_wrap.agents import CERTIFICATES, Agent, Start, Wish
from headroom_wrap.proxy.hosts import inference
from headroom_wrap.proxy.options import CARRIER, Options
from headroom_wrap.refused import Refused, reason
from headroom_wrap.running import ROOT, proxy

TITLE_SECONDS = 2.0
ENDING_SECONDS = 1.0
PASSED_ON = ("SIGTERM", "SIGHUP")

ASKS_NOBODY = (("--version",), ("--help",))
"""Arguments with which every agent only prints: no proxy, and Claude Code answers at once only where nothing else is
among them (0.3 instead of 2 s)."""

MARK = ".headroom-shims"
"""A file in every folder of shims (`shim.py`)."""

Title = Callable[[], str]
"""-> what the terminal's title is to say now; empty: leave it as it is."""


def run(agent: Agent, wish: Wish, options: Options, title: Title) -> int:
    """-> the agent's exit code, 128 + n where signal n ended it. Raises Refused before anything was started."""
    if wish.arguments in ASKS_NOBODY:
        return attended(found(agent, wish.environment), Start(wish.arguments, wish.environment))
    route = agent.route(wish)
    executable = found(agent, wish.environment)
    hosts = tuple(dict.fromkeys((*options.hosts, *route.hosts)))
    options = replace(options, agent=agent.name, upstream=route.upstream, hosts=hosts, carrier=options.session)
    options = chained(options, route.own)
    commands = private_commands(Path(options.home))
    with proxy(options, wish.environment) as running:
        start = route.start(replace(running.listening, hosts=inference(options.hosts)))
        added = {**start.environment, **on_path(commands, wish.environment), CARRIER: options.carrier}
        environment = {**wish.environment, **nested.marked(wish.environment, added)}
        code = attended(
            executable,
            Start(start.arguments, environment),
            shown(title, wish.environment.get("TERM", "")),
            running.watched(),
        )
        left = left_running(options.carrier)
        running.end(leave=bool(left))
    said_of(running.falls, left, agent)
    return code


def chained(options: Options, variables: Mapping[str, str]) -> Options:
    """-> the options with the proxy (where they have none yet) and the roots that the user's variables name."""
    given = {name.upper(): value for name, value in sorted(variables.items(), reverse=True) if value}
    no_proxy = tuple(name.strip() for name in given.get("NO_PROXY", "").split(",") if name.strip())
    roots = sorted({given[name] for name in CERTIFICATES if name in given})
    return replace(
        options,
        upstream_proxy=options.upstream_proxy or given.get("HTTPS_PROXY", ""),
        no_proxy=(*options.no_proxy, *no_proxy),
        extra_ca=(*options.extra_ca, *roots),
    )


def left_running(carrier: str) -> tuple[int, ...]:
    """-> what the agent has left running with our addresses; what is just ending with it is waited for.

    Looked at twice: a program that is just being started shows no environment for a moment.
    """
    until = time.monotonic() + ENDING_SECONDS
    left = host.carriers(CARRIER, carrier)
    while time.monotonic() < until:
        time.sleep(0.05)
        before, left = left, host.carriers(CARRIER, carrier)
        if not before and not left:
            break
    return left


def said_of(falls: Sequence[str], left: Sequence[int], agent: Agent) -> None:
    """Say on stderr what the user would not expect: a proxy that died, and one that stays."""
    if falls:
        times = "once" if len(falls) == 1 else f"{len(falls)} times"
        what = f"the proxy ended {times} before {agent.title} did and was started again: {falls[-1]}; please report it"
        sys.stderr.write(f"headroom: {what}\n")
    if left:
        pids = ", ".join(map(str, left[:5]))
        what = f"{agent.title} left programs running that use the proxy (pid {pids}); it stays until they end"
        sys.stderr.write(f"headroom: {what}\n")


def found(agent: Agent, environment: Mapping[str, str]) -> str:
    """-> the path of the agent's command, shims passed over. Raises Refused with the line that installs it."""
    folders = (each for each in environment.get("PATH", os.defpath).split(os.pathsep) if not Path(each, MARK).exists())
    path = shutil.which(agent.executable, path=os.pathsep.join(folders))
    if path is None:
        mend = f"run: {agent.install}" if agent.install else "install it, or give its path"
        raise Refused(f"{agent.title} is not installed", f"no {agent.executable!r} on PATH", mend)
    return path


def private_commands(home: Path) -> Path:
    """-> a folder with a `headroom` that runs this very interpreter, for the agent's PATH: the model calls
    `headroom get` also where headroom runs from a virtual environment that the agent knows nothing of.
    """
    name, script = host.script("headroom", ours())
    folder = home / "bin"
    where = shlex.quote(str(folder))
    try:
        for each in (home, folder):  # the mode is for the last folder only
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        _written(folder / name, script, 0o700)
        _written(folder / "bash_env", BASH_ENV.format(where=where), 0o600)
    except OSError as problem:
        raise Refused(
            f"{folder} can't be written", str(problem.strerror), "mend its permissions or set HEADROOM_HOME"
        ) from None
    return folder


def ours() -> tuple[str, ...]:
    """-> the command that runs this very headroom with this very interpreter.

    The current folder is taken off Python's path: it is the user's project, whose json.py must not be imported.
    """
    source = f"import sys; sys.path[0] = {str(ROOT)!r}; from headroom_wrap.cli import main; main()"
    return sys.executable, "-c", source


BASH_ENV = """\
case ":$PATH:" in *:{where}:*) ;; *) PATH={where}:$PATH ;; esac
if [ -n "${{HEADROOM_BASH_ENV-}}" ]; then . "$HEADROOM_BASH_ENV"; fi
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


def attended(executable: str, start: Start, *beside: contextlib.AbstractContextManager[None]) -> int:
    """-> the exit code of a child that has our terminal; signals to us are passed on to it, `beside` goes on meanwhile.

    What runs beside begins after the child, which must not be forked from a program with threads. Raises Refused where
    the system can't run the child.
    """
    with passed_on() as child_is, contextlib.ExitStack() as meanwhile:
        child = _begun(executable, start)
        child_is(child.pid)
        for each in beside:
            meanwhile.enter_context(each)
        return host.waited(child)


def _begun(executable: str, start: Start) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [executable, *start.arguments],
            env=dict(start.environment),
            preexec_fn=host.dying_with_us(signal.SIGTERM),  # noqa: PLW1509 - no thread of ours runs yet
        )
    except OSError as problem:
        mend = "a script's first line has to say what runs it, such as #!/bin/sh"
        raise Refused(
            f"{executable} can't be run", reason(problem), mend if problem.errno == errno.ENOEXEC else ""
        ) from None


@contextlib.contextmanager
def passed_on() -> Iterator[Callable[[int], None]]:
    """-> a function that is told the child's pid. SIGTERM and SIGHUP go to the child. The terminal's own signals reach
    it as they reach us and are its to answer: nothing happens here at Ctrl-C, and at Ctrl-Z we stop only where it does,
    otherwise `fg` would find us about to stop a second time. What `nohup` has switched off stays off for both."""
    pids: list[int] = []
    early: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        if number not in host.signals(*PASSED_ON):
            return
        if not pids:
            early.append(number)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pids[0], number)

    def child_is(pid: int) -> None:
        pids.append(pid)
        for number in early:
            forward(number, None)

    caught = host.heeded("SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN", *PASSED_ON)
    before = {number: signal.signal(number, forward) for number in caught}
    try:
        yield child_is
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextlib.contextmanager
def shown(title: Title, term: str) -> Iterator[None]:
    """Show what was saved as the terminal's title while the block runs, where there is a terminal.

    The title before is kept on the terminal's own stack (XTWINOPS 22 and 23), which xterm, iTerm2, kitty and tmux have.
    A dumb terminal (a shell in Emacs) would print the sequences.
    """
    if not sys.stderr.isatty() or term in ("", "dumb"):
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
