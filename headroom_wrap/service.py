"""The keep-alive service: a wish in; a `headroom proxy` in the background, how it is, or its end, out.

It is never started by itself: only by `headroom proxy --daemon`, or by a unit that the user has put in place. It is
known by its pid and when that process began, so that no other process is ever taken for it.
"""

from __future__ import annotations

import json
import os
import plistlib
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from headroom_wrap import host
from headroom_wrap.agents import Listening
from headroom_wrap.launch import private_commands
from headroom_wrap.refused import Refused
from headroom_wrap.running import READY_SECONDS

STATE, LOG = "service.json", "service.log"
LABEL = "headroom.proxy"
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs: its process, when that began (`host.born`, and as epoch seconds), where it listens."""

    pid: int
    born: str
    since: float
    base: int
    connect: int
    ca: str

    @property
    def listening(self) -> Listening:
        """-> where it accepts."""
        return Listening(self.base, self.connect, self.ca)

    @property
    def runs(self) -> bool:
        """Whether this very process runs."""
        return host.born(self.pid) == self.born != ""


def found(home: Path) -> Service | None:
    """-> the service that runs now."""
    service = recorded(home)
    return service if service and service.runs else None


def recorded(home: Path) -> Service | None:
    """-> the service of which there is a record, whether it runs or not."""
    try:
        return Service(**json.loads((home / STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def record(home: Path, listening: Listening) -> Iterator[None]:
    """Let others know that this process is the service, while the block runs."""
    service = Service(os.getpid(), host.born(os.getpid()), time.time(), listening.base, listening.connect, listening.ca)
    file = home / STATE
    draft = file.with_name(f".{STATE}.{os.getpid()}")
    draft.write_text(json.dumps(asdict(service)), encoding="utf-8")
    draft.replace(file)
    try:
        yield
    finally:
        if recorded(home) == service:
            file.unlink()


def start(home: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Service:
    """-> the service, accepting. Raises Refused where one runs already or this one does not start."""
    if service := found(home):
        mend = "headroom proxy --stop ends it"
        raise Refused("the service runs already", f"pid {service.pid}, port {service.base}", mend)
    command = [str(private_commands(home) / host.script("headroom", ())[0]), "proxy", "--service", *arguments]
    with open(home / LOG, "wb", opener=_private) as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env=dict(environment),
            **host.apart(),
        )
    _until(lambda: found(home) is not None or child.poll() is not None, READY_SECONDS)
    if service := found(home):
        child.returncode = 0  # it goes on without us: nobody waits for it
        return service
    child.kill()
    child.wait()
    said = (home / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise Refused("the service did not start", said[-1].removeprefix("headroom: ") if said else "it said nothing", "")


def stop(home: Path) -> Service | None:
    """-> the service that ran and has ended; None: there was none. Raises Refused where it doesn't end."""
    service = found(home)
    if service is None:
        (home / STATE).unlink(missing_ok=True)
        return None
    os.kill(service.pid, signal.SIGTERM)
    if not _until(lambda: not service.runs, STOP_SECONDS):
        raise Refused("the service does not end", f"pid {service.pid}", f"see {home / LOG}")
    (home / STATE).unlink(missing_ok=True)
    return service


def systemd(command: Sequence[str], home: Path) -> str:
    """-> a unit for systemd's user instance that runs `command`."""
    line = " ".join(shlex.quote(word).replace("%", "%%").replace("$", "$$") for word in command)
    return f"""\
# Put this into ~/.config/systemd/user/headroom.service, then: systemctl --user enable --now headroom
# To undo: systemctl --user disable --now headroom, and remove the file.
[Unit]
Description=Headroom proxy for coding agents

[Service]
Environment={shlex.quote(f"HEADROOM_HOME={home}").replace("%", "%%")}
ExecStart={line}
Restart=on-failure

[Install]
WantedBy=default.target
"""


def launchd(command: Sequence[str], home: Path) -> str:
    """-> a property list for launchd that runs `command`."""
    plist = {
        "Label": LABEL,
        "ProgramArguments": list(command),
        "EnvironmentVariables": {"HEADROOM_HOME": str(home)},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "StandardErrorPath": str(home / LOG),
    }
    place = f"~/Library/LaunchAgents/{LABEL}.plist"
    head, rest = plistlib.dumps(plist, sort_keys=False).decode().split("\n", 1)
    how = f"Put this into {place}, then: launchctl load -w {place} (to undo: unload -w, and remove the file)"
    return f"{head}\n<!-- {how} -->\n{rest}"


UNITS = {"systemd": systemd, "launchd": launchd}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
