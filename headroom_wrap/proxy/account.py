"""Exchanges in, ledger rows out: each exactly once, written by a thread so that no lock holds up a stream."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headroom_wrap.ledger import Ledger, sweep
from headroom_wrap.proxy.frames import outcomes
from headroom_wrap.proxy.otel import Telemetry
from headroom_wrap.proxy.tap import Tap
from headroom_wrap.segment import Exchange, Usage
from headroom_wrap.store import Unavailable

LOG = logging.getLogger("headroom.proxy")


@dataclass(slots=True)
class Account:
    """An exchange while it goes on. `tap` knows the provider's counts once there is a response; a WebSocket sets
    `usage` itself. `changed`: the body that was sent isn't the one that came.
    """

    session: str
    agent: str
    project: str
    wire: str
    write: Callable[[Account], None] = field(repr=False)
    model: str = ""
    conversation: str = ""
    login: bool = False
    fixed: tuple[tuple[str, int], ...] = ()
    called: tuple[str, ...] = ()
    injected: int = 0
    outcomes: bytes = b""
    before: int = 0
    after: int = 0
    changed: bool = False
    problem: str = ""
    status: int = 0
    tap: Tap | None = None
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.time)
    ended: float = 0.0

    def note(self, head: Mapping[str, Any]) -> None:
        """Keep what a worker's reply says of the request."""
        self.model = head.get("model", "")
        self.conversation = head.get("conversation", "")
        self.called = tuple(head.get("called", ()))
        self.injected = head.get("injected", 0)
        self.fixed = tuple((name, tokens) for name, tokens in head.get("fixed", ()))
        self.before, self.after = head.get("before", self.before), head.get("after", self.after)
        self.add_problem(head.get("problem", ""))

    def add_problem(self, problem: str) -> None:
        """Keep a problem beside those that are already known."""
        if problem and problem not in self.problem:
            self.problem = f"{self.problem}; {problem}" if self.problem else problem

    def finish(self) -> None:
        """Write it; a second call does nothing, because a client that hangs up at the last event ends it twice."""
        if not self.ended:
            self.ended = time.time()
            if self.tap:
                self.usage = self.tap.finish()
                self.model = self.model or self.tap.model  # of a request that passed unread
            self.write(self)

    def exchange(self) -> Exchange:
        """-> the ledger's row."""
        return Exchange(
            session=self.session,
            agent=self.agent,
            wire=self.wire,
            model=self.model,
            started=self.started,
            ended=self.ended,
            status=self.status,
            usage=self.usage,
            outcomes=outcomes(self.outcomes),
            body_before=self.before,
            body_after=self.after,
            problem=self.problem,
            project=self.project,
            conversation=self.conversation,
            login=self.login,
            called=self.called,
            fixed=self.fixed,
            injected=self.injected,
        )


WAITING = 1000
"""Rows that are kept while the ledger can't be written; beyond them the oldest are lost."""


class Accounts:
    """Writes to the ledger in one thread of its own; what can't be written now is tried again with the next row.

    `close` waits until all is written. `telemetry` counts them too.
    """

    def __init__(self, home: Path, telemetry: Telemetry | None = None) -> None:
        self._home = home
        self._telemetry = telemetry
        self._ledger = Ledger(home)
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._waiting: deque[Exchange] = deque(maxlen=WAITING)

    def retain(self, keep_days: float, keep_bytes: int) -> None:
        """Queue the removal of originals that nobody has used for so long, or that are too many."""
        self._thread.submit(self._retain, keep_days, keep_bytes).add_done_callback(_said)

    def _retain(self, keep_days: float, keep_bytes: int) -> None:
        try:
            sweep(self._home, keep_days, keep_bytes)
        except Unavailable as error:
            LOG.warning("nothing was removed from the store: %s", error)

    def write(self, account: Account) -> None:
        """Queue one row."""
        self._thread.submit(self._write, account).add_done_callback(_said)

    def _write(self, account: Account) -> None:
        exchange = account.exchange()
        self._waiting.append(exchange)
        self._flush()
        if self._telemetry:
            self._telemetry.record(exchange)

    def _flush(self) -> None:
        while self._waiting:
            exchange = self._waiting.popleft()
            try:
                self._ledger.record(exchange)
            except Unavailable as error:
                self._waiting.appendleft(exchange)
                LOG.warning("the ledger can't be written (%s): %d exchanges are not shown", error, len(self._waiting))
                return

    def close(self) -> None:
        """Wait for the rows that are still queued."""
        self._thread.submit(self._flush).add_done_callback(_said)
        if self._telemetry:
            self._thread.submit(self._telemetry.close).add_done_callback(_said)
        self._thread.shutdown(wait=True)
        self._ledger.close()


def _said(done: Future[None]) -> None:
    """Say what no row and no sweep should ever do; an executor keeps it to itself."""
    if error := done.exception():
        LOG.warning("the ledger or the store is not as it should be: %s; please report it", type(error).__name__)
