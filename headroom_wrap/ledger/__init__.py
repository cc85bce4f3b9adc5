"""Exchanges in, sums out: what was removed, what the provider reported, and what the whole bill would have been.

The arithmetic of a saving: a removed token would have been paid once at the price of the new part of the prompt it
first stood in (written to the cache, or plain input), and at the cache-read price in every later request that was
served from that cache. Never list price times every resend. Tokens are counted as o200k; for dollars each model
family's own count is measured (`calibration`).
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from headroom_wrap import redemption
from headroom_wrap.ledger import alarms, fixed, holdout, recording, sessions, sums
from headroom_wrap.ledger.calibration import LATEST, Calibration, calibrations, family
from headroom_wrap.ledger.fixed import Fixed
from headroom_wrap.ledger.holdout import Holdout
from headroom_wrap.ledger.sessions import Listed, Sent, Turn
from headroom_wrap.ledger.sums import Part, Passed, Totals
from headroom_wrap.ledger.tables import IN_WINDOW, MIGRATIONS, Window
from headroom_wrap.prices import Prices
from headroom_wrap.segment import Exchange
from headroom_wrap.store.database import Database
from headroom_wrap.store.local import LocalStore
from headroom_wrap.store.retention import Removed

__all__ = [
    "Calibration",
    "Fixed",
    "Holdout",
    "Ledger",
    "Listed",
    "Part",
    "Passed",
    "Sent",
    "Totals",
    "Turn",
    "Window",
    "sweep",
]

RUNNING = 7 * 86400.0
"""A session that was idle for longer than so many seconds no longer counts as running."""


class Ledger:
    """What became of every request, in the store's SQLite file; several processes at once.

    `since` is an epoch time; `session` and `project` choose only theirs. Methods raise `store.Unavailable` where the
    file can't be read or written, and those with dollars in them `prices.BadPrices`. `o200k`: reported tokens are taken
    as o200k too, for a replay, whose exchanges were not sent as they stand here and show nothing of a tokenizer.
    """

    def __init__(self, home: Path, *, o200k: bool = False) -> None:
        self._database = Database(home, MIGRATIONS)
        self._prices = Prices(home)
        self._o200k = o200k

    def record(self, exchange: Exchange) -> None:
        """Add one exchange and the segments that no earlier request of its conversation carried."""
        self._database.write(lambda connection: recording.record(connection, exchange))

    def totals(self, since: float = 0.0, *, by: str = "", session: str = "", project: str = "") -> tuple[Totals, ...]:
        """-> the sums since an epoch time, the largest saving first.

        `by`: "agent", "model", "session", "project", "wire", "day" (as 2026-11-22), or "" for one row (none at all in
        an empty ledger).
        """
        window = Window(since, session, project)
        return sums.totals(self._database, self._prices, self._calibrated(window), window, by)

    def calibrations(self, since: float = 0.0, *, session: str = "", project: str = "") -> tuple[Calibration, ...]:
        """-> how the models of these exchanges count, one row for each family that shares a tokenizer."""
        return tuple(dict(sorted(self._calibrated(Window(since, session, project)).items())).values())

    def parts(self, since: float = 0.0, *, by: str = "tool", session: str = "", project: str = "") -> tuple[Part, ...]:
        """-> what each "tool" or "compressor" contributed, the most tokens removed first."""
        return sums.parts(self._database, Window(since, session, project), by)

    def passed(self, since: float = 0.0, *, session: str = "", project: str = "") -> tuple[Passed, ...]:
        """-> why segments were sent as they came, the most tokens first."""
        return sums.passed(self._database, Window(since, session, project))

    def alarms(self, since: float = 0.0, *, session: str = "", project: str = "") -> tuple[str, ...]:
        """-> what the user should know is wrong, one line each: errors, and traffic of which nothing was saved."""
        return alarms.alarms(self._database, Window(since, session, project))

    def refs(self, since: float = 0.0, *, session: str = "") -> frozenset[str]:
        """-> the references that one session sent, or all sessions that sent anything since an epoch time."""
        return frozenset(ref for (ref,) in self._database.read(_REFS, Window(since, session)._asdict()))

    def refs_besides(self, session: str) -> frozenset[str]:
        """-> the references that any other session sent."""
        return frozenset(ref for (ref,) in self._database.read(_REFS_BESIDES, (session,)))

    def misses(self, since: float = 0.0, *, session: str = "", project: str = "") -> tuple[redemption.Misses, ...]:
        """-> how often what was left out was asked for again, and what that cost; the most missed first."""
        return redemption.misses(self._database, self._prices, Window(since, session, project)._asdict())

    def lossless(self) -> frozenset[tuple[str, str]]:
        """-> the (compressor, tool) whose misses cost more than they save: nothing is left out in a run begun now."""
        return redemption.lossless(self._database)

    def holdout(self, since: float = 0.0, *, session: str = "", project: str = "") -> Holdout:
        """-> how the bills of conversations differ from those that were left untouched."""
        return holdout.holdout(self._database, self._prices, Window(since, session, project))

    def fixed(self, since: float = 0.0, *, session: str = "", project: str = "") -> tuple[Fixed, ...]:
        """-> what system prompts and tool definitions are of the bill, by agent and tool."""
        window = Window(since, session, project)
        bills = {row.name: row.bill for row in self.totals(since, by="agent", session=session, project=project)}
        return fixed.fixed(self._database, self._prices, self._calibrated(window), window, bills)

    def turns(self, session: str) -> tuple[Turn, ...]:
        """-> the requests of a session and the segments that were new in each; none for an unknown session."""
        return sessions.turns(self._database, session)

    def listed(self, since: float = 0.0, *, project: str = "") -> tuple[Listed, ...]:
        """-> the sessions that sent anything since an epoch time, the latest first."""
        sums = {row.name: row for row in self.totals(since, by="session", project=project)}
        return sessions.listed(self._database, Window(since, "", project), sums)

    def sessions(self, start: str, most: int) -> tuple[str, ...]:
        """-> sessions whose name begins like this: one of that very name first, then the latest."""
        return sessions.known(self._database, start, most)

    def latest(self, project: str = "") -> str:
        """-> the session whose request was answered last, or ""."""
        query = "SELECT session FROM exchanges WHERE ok AND ? IN ('', project) ORDER BY id DESC LIMIT 1"
        rows = self._database.read(query, (project,))
        return str(rows[0][0]) if rows else ""

    def purge(self, *, session: str = "", before: float = 0.0, everything: bool = False) -> int:
        """-> how many exchanges were removed: those of a session, those started before an epoch time, or all."""

        def delete(connection: sqlite3.Connection) -> int:
            chosen = "FROM exchanges WHERE session = ? AND ? != '' OR started < ? OR ?"
            values = (session, session, before, everything)
            for table in ("outcomes", "calls"):
                connection.execute(f"DELETE FROM {table} WHERE exchange IN (SELECT id {chosen})", values)
            removed = connection.execute(f"DELETE {chosen}", values).rowcount
            unused = "NOT IN (SELECT fixed FROM exchanges WHERE fixed IS NOT NULL)"
            connection.execute(f"DELETE FROM fixed_parts WHERE fixed {unused}")
            connection.execute(f"DELETE FROM fixed WHERE id {unused}")
            return removed

        removed = self._database.write(delete)
        self._database.compact()
        return removed

    def close(self) -> None:
        """Give the file back; the next use opens it again."""
        self._database.close()

    def _calibrated(self, window: Window) -> dict[str, Calibration]:
        """-> by family, those of all models in a window, from the samples of all time."""
        models = [str(model) for (model,) in self._database.read(_MODELS, window._asdict())]
        if self._o200k:
            return {family(model): Calibration(family(model), 1.0, 1.0, 1.0) for model in models}
        return calibrations(models, self._database.read(_RATIOS, (LATEST,)))


def sweep(home: Path, keep_days: float, keep_bytes: int) -> Removed:
    """-> what expired of the store; nothing that a session of the last 7 days sent, so nothing of one that runs.

    Raises store.Unavailable.
    """
    ledger, store = Ledger(home), LocalStore(home)
    try:
        return store.sweep(keep_days, keep_bytes, ledger.refs(time.time() - RUNNING))
    finally:
        ledger.close()
        store.close()


_MODELS = f"SELECT DISTINCT model FROM exchanges WHERE {IN_WINDOW}"
_RATIOS = "SELECT model, ratio FROM exchanges WHERE ratio IS NOT NULL ORDER BY id DESC LIMIT ?"
_REFS = f"""
    SELECT DISTINCT ref FROM outcomes JOIN exchanges ON exchange = id WHERE ref != '' AND session IN (
        SELECT session FROM exchanges WHERE {IN_WINDOW})
"""
_REFS_BESIDES = "SELECT DISTINCT ref FROM outcomes JOIN exchanges ON exchange = id WHERE ref != '' AND session != ?"
