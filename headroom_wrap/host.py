"""The operating system in one place: in, what a caller needs of it; out, how Linux, macOS or Windows does it.

Nothing else in the package asks which system this is. `platform` is `sys.platform` and a parameter for the tests.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_NEW_GROUP_NO_WINDOW = 0x00000200 | 0x08000000
_PS_SECONDS = 10.0


def signals(*names: str) -> tuple[signal.Signals, ...]:
    """-> those of the named signals that this system has (Windows has neither SIGHUP nor SIGQUIT)."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


def heeded(*names: str) -> tuple[signal.Signals, ...]:
    """-> those of the named signals that whoever started us has not switched off (`nohup`, `&` in a script).

    A child inherits what is switched off; what we catch ourselves would be on again in it.
    """
    return tuple(number for number in signals(*names) if signal.getsignal(number) != signal.SIG_IGN)


def apart(platform: str = sys.platform) -> dict[str, Any]:
    """-> the arguments of Popen for a child that the terminal's Ctrl-C does not reach."""
    if platform == "win32":
        return {"creationflags": _NEW_GROUP_NO_WINDOW}
    return {"start_new_session": True}


def dying_with_us(number: int, platform: str = sys.platform) -> Callable[[], None] | None:
    """-> what makes a child, run in it before its exec, get this signal where we are killed outright; only Linux can.

    The kernel means the thread that started it: start such a child from the main thread.
    """
    if not platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, number)


def waited(child: subprocess.Popen[bytes], platform: str = sys.platform) -> int:
    """-> the exit code of a child, 128 + n where signal n ended it; where it stops (Ctrl-Z), we stop, and go on with
    it."""
    if platform == "win32":
        return child.wait()
    while True:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            child.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            return child.returncode
        _stop(os.WSTOPSIG(status))
        os.kill(child.pid, signal.SIGCONT)


def _stop(number: int) -> None:
    """Stop this process by the signal that stopped the child, so that a shell says of the job what it would without
    us; -> when it goes on."""
    if number == signal.SIGSTOP:  # can't be caught
        os.kill(os.getpid(), number)
        return
    caught = signal.signal(number, signal.SIG_DFL)
    try:
        os.kill(os.getpid(), number)
    finally:
        signal.signal(number, caught)


def born(pid: int, platform: str = sys.platform, proc: Path = Path("/proc")) -> str:
    """-> when a process was started, in the system's own words; "" where there is none. With the pid it names a
    process for good: pids alone come again."""
    if platform.startswith("linux"):
        try:
            fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    if platform == "win32":
        listed = _said("tasklist", "/FI", f"PID eq {pid}", "/NH", "/FO", "CSV")
        return listed if f'"{pid}"' in listed else ""
    return _said("ps", "-o", "lstart=", "-p", str(pid))


def carriers(variable: str, value: str, platform: str = sys.platform, proc: Path = Path("/proc")) -> tuple[int, ...]:
    """-> the user's processes that were started with `variable=value` in their environment, ourselves not counted.

    Empty on Windows, which shows no process's environment to others.
    """
    if platform == "win32":
        return ()
    wanted = f"{variable}={value}"
    found = _in_proc(wanted, proc) if platform.startswith("linux") else _in_ps(wanted)
    return tuple(pid for pid in found if pid != os.getpid())


def _in_proc(wanted: str, proc: Path) -> Iterator[int]:
    for folder in proc.glob("[0-9]*"):
        try:
            if wanted.encode() in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
        except OSError:  # another user's, or it has just ended
            continue


def _in_ps(wanted: str) -> Iterator[int]:
    for line in _said("ps", "-xEww", "-o", "pid=,command=").splitlines():
        pid, _, command = line.strip().partition(" ")
        if wanted in command.split():
            yield int(pid)


def _said(*command: str) -> str:
    """-> what a command prints; "" where it fails."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_PS_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""


def script(name: str, command: tuple[str, ...], platform: str = sys.platform) -> tuple[str, str]:
    """-> the file name and the text of a script that runs `command` with the arguments that it is given."""
    if platform == "win32":
        quoted = subprocess.list2cmdline(command).replace("%", "%%")
        return f"{name}.cmd", f"@{quoted} %*\r\n"
    return name, f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
