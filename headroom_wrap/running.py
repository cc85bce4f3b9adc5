"""The proxy as a child of ours: options in; where it accepts, and that it goes on accepting there, out.

It is in a session of its own and ends when its stdin closes, which the kernel sees to even where we are killed. Where
it dies before that, it is started again on the same ports, so that the agent's next try gets through: every agent
tries again after a connection that broke.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

from headroom_wrap import host
from headroom_wrap.agents import Listening
from headroom_wrap.proxy.options import IDLE, Options, line
from headroom_wrap.refused import Refused

READY_SECONDS = 30.0
GRACE_SECONDS = 5.0
ROOT = Path(__file__).resolve().parent.parent

AT_ONCE = 10.0
"""Seconds: a proxy that dies sooner after its start than this will hardly do better the next time."""
TRIES = 3


@contextlib.contextmanager
def proxy(options: Options, environment: Mapping[str, str]) -> Iterator[Running]:
    """-> the proxy, for as long as the block runs. Raises Refused where it does not start."""
    if importlib.util.find_spec("mitmproxy") is None:
        raise Refused("mitmproxy is not installed", "", 'run: pipx install "headroom-wrap[all]"')
    running = Running(options, environment)
    try:
        yield running
    finally:
        running.end()


class Running:
    """A proxy that accepts at `listening`. `falls`: the last words of each one that died; `given_up`: it died again and
    again. Raises Refused where it does not start."""

    def __init__(self, options: Options, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._ending = False
        self.given_up = False
        self.falls: list[str] = []
        self._child, self._errors, self.listening = self._started(options)
        self._options = replace(options, base_port=self.listening.base, connect_port=self.listening.connect)

    @contextlib.contextmanager
    def watched(self, over: threading.Event | None = None) -> Iterator[None]:
        """Start it again where it dies while the block runs; `over` is set where it has ended for good."""
        watcher = threading.Thread(target=self._watch, args=(over or threading.Event(),), daemon=True)
        watcher.start()
        yield

    def end(self, leave: bool = False) -> None:
        """End it: its stdin closes, it finishes what is under way; killed where it does not. `leave`: it may go on as
        long as it sees a reason to (`proxy/liveness.py`). A second call does nothing."""
        with self._lock:
            if self._ending:
                return
            self._ending = True
        child = self._child
        assert child.stdin is not None and child.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        if not leave:
            try:
                child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        child.stdout.close()
        self._errors.close()

    def _watch(self, over: threading.Event) -> None:
        while True:
            began = time.monotonic()
            code = self._child.wait()
            with self._lock:
                if self._ending:
                    return
                if code == IDLE:
                    break
                self.falls.append(_last_line(self._child, self._errors))
                self.given_up = not self._again(time.monotonic() - began)
                if self.given_up:
                    break
        over.set()

    def _again(self, lived: float) -> bool:
        """-> whether it accepts again on its ports."""
        if lived < AT_ONCE and len(self.falls) >= TRIES:
            return False
        for _ in range(TRIES):
            try:
                self._child, self._errors, _ = self._started(self._options)
            except (Refused, OSError) as problem:
                self.falls.append(str(problem))
            else:
                return True
        return False

    def _started(self, options: Options) -> tuple[subprocess.Popen[bytes], IO[bytes], Listening]:
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        # Not the user's folder: `python -m` imports from the current one first.
        child = subprocess.Popen(
            [sys.executable, "-m", "headroom_wrap.proxy"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env=self._environment,
            **host.apart(),
        )
        try:
            return child, errors, _ready(child, options, errors)
        except Refused:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout, errors):
                assert stream is not None
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
            raise


def _ready(child: subprocess.Popen[bytes], options: Options, errors: IO[bytes]) -> Listening:
    """-> what the proxy's ready line says. Raises Refused with the last line of its errors."""
    assert child.stdin is not None and child.stdout is not None
    late = threading.Timer(READY_SECONDS, child.kill)  # Windows can't select on a pipe
    late.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(line(options))
            child.stdin.flush()
        return Listening(**json.loads(child.stdout.readline()))
    except (ValueError, TypeError):
        why = _last_line(child, errors)
        raise Refused("the proxy did not start", why, "" if ";" in why else "mend that and run it again") from None
    finally:
        late.cancel()


def _last_line(child: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    errors.seek(0)
    said = [text.strip() for text in errors.read().decode(errors="replace").splitlines() if text.strip()]
    if said:
        return said[-1].removeprefix("headroom: ").removeprefix("the proxy did not start: ")
    return "it said nothing" if (child.returncode or 0) >= 0 else f"signal {-child.returncode} ended it"
