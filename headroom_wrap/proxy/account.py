"""Exchanges in, ledger rows out: each exactly once, written by a thread so that no lock holds up a stream."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from headroom_wrap.ledger import Ledger
from headroom_wrap.proxy.frames import outcomes
from headroom_wrap.segment import Exchange, Usage

LOG = logging.getLogger("headroom.proxy")


@dataclass(slots=True)
class Account:
    """An exchange while it goes on."""

    session: str
    agent: str
    project: str
    wire: str
    write: Callable[[Account, int, Usage], None] = field(repr=False)
    model: str = ""
    outcomes: bytes = b""
    before: int = 0
    after: int = 0
    changed: bool = False
    problem: str = ""
    started: float = field(default_factory=time.time)
    ended: float = 0.0

    def add_problem(self, problem: str) -> None:
        """Keep a problem beside those that are already known."""
        if problem and problem not in self.problem:
            self.problem = f"{self.problem}; {problem}" if self.problem else problem

    def finish(self, status: int, usage: Usage) -> None:
        """Write it; a second call does nothing, because a client that hangs up at the last event ends it twice."""
        if not self.ended:
            self.ended = time.time()
            self.write(self, status, usage)

    def exchange(self, status: int, usage: Usage) -> Exchange:
        """-> the ledger's row."""
        return Exchange(
            session=self.session,
            agent=self.agent,
            wire=self.wire,
            model=self.model,
            started=self.started,
            ended=self.ended,
            status=status,
            usage=usage,
            outcomes=outcomes(self.outcomes),
            body_before=self.before,
            body_after=self.after,
            problem=self.problem,
            project=self.project,
        )


class Accounts:
    """Writes to the ledger in one thread of its own; `close` waits until all is written."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._ledger: Ledger | None = None
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._lost = 0

    def write(self, account: Account, status: int, usage: Usage) -> None:
        """Queue one row."""
        self._thread.submit(self._write, account, status, usage)

    def _write(self, account: Account, status: int, usage: Usage) -> None:
        try:
            self._ledger = self._ledger or Ledger(self._home)
            self._ledger.record(account.exchange(status, usage))
        except (OSError, sqlite3.Error) as error:
            self._lost += 1
            LOG.warning("the ledger can't be written (%s): %d exchanges are not shown", error, self._lost)

    def close(self) -> None:
        """Wait for the rows that are still queued."""
        self._thread.shutdown(wait=True)
