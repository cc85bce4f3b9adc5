"""Exchanges in, sums out: what was removed, what the provider reported, and what the whole bill would have been.

The arithmetic of a saving: a removed token would have been paid once at the price of the new part of the prompt it
first stood in (written to the cache, or plain input), and at the cache-read price in every later request that was
served from that cache. Never list price times every resend. Tokens are o200k: other models' own count more.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

from headroom_wrap import redemption
from headroom_wrap.prices import Price, Prices
from headroom_wrap.segment import Exchange, Outcome, Usage
from headroom_wrap.store.database import Database
from headroom_wrap.store.local import LocalStore
from headroom_wrap.store.retention import Removed

MIGRATIONS = (
    (
        "ledger 1: exchanges and outcomes",
        """
        CREATE TABLE exchanges (
            id INTEGER PRIMARY KEY, session TEXT NOT NULL, agent TEXT NOT NULL, wire TEXT NOT NULL,
            model TEXT NOT NULL, project TEXT NOT NULL, started REAL NOT NULL, ended REAL NOT NULL,
            status INTEGER NOT NULL, problem TEXT NOT NULL, ok INTEGER NOT NULL, body_before INTEGER NOT NULL,
            body_after INTEGER NOT NULL, segments INTEGER NOT NULL, chain BLOB NOT NULL, removed INTEGER NOT NULL,
            input INTEGER, output INTEGER, cache_read INTEGER, cache_write INTEGER, cache_write_1h INTEGER,
            saved_input REAL, saved_read REAL, saved_write REAL, saved_write_1h REAL
        );
        CREATE INDEX exchanges_by_time ON exchanges (started);
        CREATE INDEX exchanges_by_session ON exchanges (session, id);
        CREATE TABLE outcomes (
            exchange INTEGER NOT NULL REFERENCES exchanges (id), tool TEXT NOT NULL, compressor TEXT NOT NULL,
            omitted TEXT NOT NULL, ref TEXT NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL,
            why TEXT NOT NULL, changed INTEGER NOT NULL
        );
        CREATE INDEX outcomes_by_exchange ON outcomes (exchange);
        CREATE INDEX outcomes_by_ref ON outcomes (ref) WHERE ref != '';
        """,
    ),
    redemption.MIGRATION,
)
PARENTS = 64
"""How many of a session's last requests may hold the one that this request continues (subagents interleave)."""
RUNNING = 7 * 86400.0
"""A session that was idle for longer than so many seconds no longer counts as running."""
ALARM_TOKENS = 20_000
"""So many eligible tokens, and not one removed: then something is wrong (an encoding, a new wire shape)."""
ELIGIBLE = 200
"""Tokens from which on a segment counts as eligible."""
BLIND_BYTES = 200_000
"""A request of this size without a single tool result, three times, hints at a wire shape that we can't read."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over exchanges that were answered (status below 400), for one value of what they are grouped by.

    `before`, `after`: o200k tokens of tool results, each counted in the first request that carried it. `removed`: the
    tokens missing from all bodies sent, resends counted again. The next five: the provider's own counts, over the
    `reported` exchanges that had any. `saved_…`: removed tokens by what the provider would have billed them as. `bill`
    and `saved`: dollars, None where no model has a known price; `unpriced` exchanges are in neither.
    """

    name: str = ""
    exchanges: int = 0
    failed: int = 0
    reported: int = 0
    sessions: int = 0
    before: int = 0
    after: int = 0
    removed: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    saved_input: float = 0.0
    saved_read: float = 0.0
    saved_write: float = 0.0
    saved_write_1h: float = 0.0
    unpriced: int = 0
    bill: float | None = None
    saved: float | None = None

    @property
    def effect(self) -> float | None:
        """-> the saving as a share of the whole bill without us; negative when we cost more than we saved."""
        if self.bill is None or self.saved is None or self.bill + self.saved <= 0:
            return None
        return self.saved / (self.bill + self.saved)


@dataclass(frozen=True, slots=True)
class Part:
    """What one tool or compressor had a part in: segments, each counted once, and their tokens before and after."""

    name: str
    segments: int
    changed: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Passed:
    """Segments that were sent as they came, for one reason; each counted once."""

    why: str
    segments: int
    tokens: int


class Ledger:
    """What became of every request, in the store's SQLite file; several processes at once.

    Methods raise `store.Unavailable` where the file can't be read or written.
    """

    def __init__(self, home: Path) -> None:
        self._database = Database(home, MIGRATIONS)
        self._prices = Prices(home)

    def record(self, exchange: Exchange) -> None:
        """Add one exchange and the segments that no earlier request of its conversation carried."""
        self._database.write(lambda connection: _insert(connection, exchange))

    def totals(self, since: float = 0.0, *, by: str = "", session: str = "") -> tuple[Totals, ...]:
        """-> the sums since an epoch time, the largest saving first.

        `by`: "agent", "model", "session", "project", "wire", or "" for one row (none at all in an empty ledger).
        """
        group, window = _COLUMNS[by], {"since": since, "session": session}
        summed: dict[str, Totals] = {}
        tier = " + ".join(f"(prompt > {tokens})" for tokens in self._prices.tiers) or "0"
        for name, model, _, prompt, *counts in self._database.read(_TOTALS.format(by=group, tier=tier), window):
            one = _priced(Totals(name, *counts), self._prices.of(model, prompt))
            summed[name] = _added(summed[name], one) if name in summed else one
        for name, sessions in self._database.read(_SESSIONS.format(by=group), window):
            summed[name] = replace(summed[name], sessions=sessions)
        return tuple(sorted(summed.values(), key=lambda total: (-(total.saved or 0.0), -total.removed, total.name)))

    def parts(self, since: float = 0.0, *, by: str = "tool", session: str = "") -> tuple[Part, ...]:
        """-> what each "tool" or "compressor" contributed, the most tokens removed first."""
        rows = self._database.read(_PARTS.format(by=_COLUMNS[by]), {"since": since, "session": session})
        return tuple(Part(*row) for row in rows)

    def passed(self, since: float = 0.0, *, session: str = "") -> tuple[Passed, ...]:
        """-> why segments were sent as they came, the most tokens first."""
        return tuple(Passed(*row) for row in self._database.read(_PASSED, {"since": since, "session": session}))

    def alarms(self, since: float = 0.0, *, session: str = "") -> tuple[str, ...]:
        """-> what the user should know is wrong, one line each: errors, and traffic of which nothing was saved."""
        window = {"since": since, "session": session, "blind": BLIND_BYTES, "much": ALARM_TOKENS, "little": ELIGIBLE}
        lines = [f"{text} (requests: {count})" for text, count in self._database.read(_PROBLEMS, window)]
        lines += [f"{why} (segments: {count})" for why, count in self._database.read(_FAULTS, window)]
        for agent, tokens in self._database.read(_IDLE, window):
            lines.append(f"{agent}: nothing saved on {tokens:,} eligible tokens")
        for agent, count in self._database.read(_BLIND, window):
            lines.append(f"{agent}: no tool result found in any of {count} large requests; its format may be new")
        return tuple(lines)

    def refs(self, since: float = 0.0, *, session: str = "") -> frozenset[str]:
        """-> the references that one session sent, or all sessions that sent anything since an epoch time."""
        return frozenset(ref for (ref,) in self._database.read(_REFS, {"since": since, "session": session}))

    def misses(self, since: float = 0.0, *, session: str = "") -> tuple[redemption.Misses, ...]:
        """-> how often what was left out was asked for again, and what that cost; the most missed first."""
        return redemption.misses(self._database, self._prices, {"since": since, "session": session})

    def lossless(self) -> frozenset[tuple[str, str]]:
        """-> the (compressor, tool) whose misses cost more than they save: nothing is left out in a run begun now."""
        return redemption.lossless(self._database)

    def latest(self) -> str:
        """-> the session that sent the latest request, or ""."""
        rows = self._database.read("SELECT session FROM exchanges ORDER BY id DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def purge(self, *, session: str = "", before: float = 0.0, everything: bool = False) -> int:
        """-> how many exchanges were removed: those of a session, those started before an epoch time, or all."""

        def delete(connection: sqlite3.Connection) -> int:
            chosen = "FROM exchanges WHERE session = ? AND ? != '' OR started < ? OR ?"
            values = (session, session, before, everything)
            connection.execute(f"DELETE FROM outcomes WHERE exchange IN (SELECT id {chosen})", values)
            return connection.execute(f"DELETE {chosen}", values).rowcount

        removed = self._database.write(delete)
        self._database.compact()
        return removed

    def close(self) -> None:
        """Give the file back; the next use opens it again."""
        self._database.close()


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


class _Saved(NamedTuple):
    """Removed tokens by what the provider would have billed them as; None: it reported nothing."""

    input: float | None = None
    read: float | None = None
    write: float | None = None
    write_1h: float | None = None


def _insert(connection: sqlite3.Connection, exchange: Exchange) -> None:
    chains = _chains(exchange.outcomes)
    known, prompt = _parent(connection, exchange.session, chains)
    ok = 0 < exchange.status < 400
    removed = sum(_removed(outcome) for outcome in exchange.outcomes)
    usage = exchange.usage
    saved = _saved(exchange, known, prompt) if ok else _Saved()
    texts = (exchange.session, exchange.agent, exchange.wire, exchange.model, exchange.project)
    values = (
        *map(_plain, texts), exchange.started, exchange.ended, exchange.status, _plain(exchange.problem), ok,
        exchange.body_before, exchange.body_after, len(exchange.outcomes), chains[-1], removed,
        usage.input, usage.output, usage.cache_read, usage.cache_write, usage.cache_write_1h, *saved,
    )  # fmt: skip
    marks = ", ".join("?" * len(values))
    number = connection.execute(f"INSERT INTO exchanges VALUES (NULL, {marks})", values).lastrowid
    rows = [
        (
            number, *map(_plain, (o.tool, o.compressor, o.omitted, o.ref)), o.before, o.before - _removed(o),
            _plain(o.why), o.text is not None, o.missed,
        )
        for o in exchange.outcomes[known:]
    ]  # fmt: skip
    connection.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _saved(exchange: Exchange, known: int, prompt: int) -> _Saved:
    """-> an exchange's removed tokens, by price: what stood in the conversation's cache, and the new part.

    `known` segments stood in the request before, whose whole prompt had `prompt` tokens: as much of them as the
    provider read from its cache now would have been read too. In a conversation first seen here (a fork, a resumed
    session), the replayed segments were cached as far as the whole prompt was.
    """
    usage = exchange.usage
    if usage == Usage(output=usage.output):
        return _Saved()
    plain, read, write, write_1h = (
        count or 0 for count in (usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h)
    )
    if known:
        old = sum(_removed(outcome) for outcome in exchange.outcomes[:known])
    else:
        old = sum(_removed(outcome) for outcome in exchange.outcomes if outcome.replayed)
        prompt = plain + read + write + write_1h
    warm = old * min(1.0, read / prompt) if prompt else 0.0
    new = sum(_removed(outcome) for outcome in exchange.outcomes) - warm
    uncached = plain + write + write_1h
    if not uncached:
        return _Saved(new, warm, 0.0, 0.0)
    return _Saved(new * plain / uncached, warm, new * write / uncached, new * write_1h / uncached)


def _removed(outcome: Outcome) -> int:
    return 0 if outcome.text is None else outcome.before - outcome.after


def _chains(outcomes: Sequence[Outcome]) -> list[bytes]:
    """-> for every n, the fingerprint of the first n outcomes: a request continues the one whose last it contains."""
    running = hashlib.sha256()
    chains = [running.digest()[:12]]
    for o in outcomes:
        running.update(f"{o.tool}\0{o.ref}\0{o.before}\0{o.after}\0{o.why}\1".encode("utf-8", "surrogatepass"))
        chains.append(running.digest()[:12])
    return chains


def _parent(connection: sqlite3.Connection, session: str, chains: Sequence[bytes]) -> tuple[int, int]:
    """-> how many leading segments the request before had, and the tokens of its whole prompt (0, 0: none found)."""
    rows = connection.execute(_PARENT, (_plain(session), PARENTS)).fetchall()
    fitting = [
        (segments, prompt) for segments, chain, prompt in rows if segments < len(chains) and chains[segments] == chain
    ]
    return max(fitting, key=lambda found: found[0], default=(0, 0))


def _plain(text: str) -> str:
    """-> a text that SQLite takes: lone surrogates, which JSON allows in a tool's name, become question marks."""
    return text.encode("utf-8", "replace").decode()


def _priced(sums: Totals, price: Price | None) -> Totals:
    """-> the sums of one model, in dollars too where its price is known and the provider reported anything."""
    if price is None:
        return replace(sums, unpriced=sums.reported)
    if not sums.reported:
        return sums
    bill = price.dollars(sums.input, sums.cache_read, sums.cache_write, sums.cache_write_1h, sums.output)
    saved = price.dollars(sums.saved_input, sums.saved_read, sums.saved_write, sums.saved_write_1h)
    return replace(sums, bill=bill, saved=saved)


def _added(one: Totals, other: Totals) -> Totals:
    """-> two models' sums of one group; money is unknown only where both are."""
    counts = {name: getattr(one, name) + getattr(other, name) for name in _COUNTS}
    return replace(one, **counts, bill=_sum(one.bill, other.bill), saved=_sum(one.saved, other.saved))


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other


_COUNTS = tuple(field.name for field in fields(Totals) if field.name not in ("name", "bill", "saved"))
_COLUMNS = {name: name for name in ("agent", "model", "session", "project", "wire", "tool", "compressor")} | {"": "''"}
_WINDOW = "started >= :since AND (:session = '' OR session = :session)"
_PROMPT = "coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0)"
_PARENT = f"""
    SELECT segments, chain, {_PROMPT}
    FROM exchanges WHERE session = ? AND ok ORDER BY id DESC LIMIT ?
"""
_TOTALS = f"""
    WITH chosen AS (
        SELECT *, ok AND coalesce(input, cache_read, cache_write, cache_write_1h) IS NOT NULL AS reported,
            {_PROMPT} AS prompt
        FROM exchanges WHERE {_WINDOW}
    ), fresh AS (
        SELECT exchange, sum(before) AS before, sum(after) AS after
        FROM outcomes WHERE exchange IN (SELECT id FROM chosen) GROUP BY exchange
    )
    SELECT {{by}}, model, {{tier}}, max(prompt), sum(ok), sum(NOT ok), sum(reported), 0,
        coalesce(sum(before) FILTER (WHERE ok), 0), coalesce(sum(after) FILTER (WHERE ok), 0),
        coalesce(sum(removed) FILTER (WHERE ok), 0),
        {
    ", ".join(
        f"coalesce(sum({name}) FILTER (WHERE reported), 0)"
        for name in (
            "input",
            "output",
            "cache_read",
            "cache_write",
            "cache_write_1h",
            "saved_input",
            "saved_read",
            "saved_write",
            "saved_write_1h",
        )
    )
}
    FROM chosen LEFT JOIN fresh ON fresh.exchange = chosen.id GROUP BY 1, 2, 3
"""
_SESSIONS = f"SELECT {{by}}, count(DISTINCT session) FROM exchanges WHERE {_WINDOW} GROUP BY 1"
_SENT = f"FROM outcomes JOIN exchanges ON exchange = id WHERE ok AND {_WINDOW}"
_PARTS = f"""
    SELECT {{by}}, count(*), sum(changed), sum(before), sum(after) {_SENT} AND {{by}} != ''
    GROUP BY 1 ORDER BY sum(after) - sum(before), 1
"""
_PASSED = f"SELECT why, count(*), sum(before) {_SENT} AND NOT changed GROUP BY 1 ORDER BY 3 DESC, 1"
_PROBLEMS = f"SELECT problem, count(*) FROM exchanges WHERE problem != '' AND {_WINDOW} GROUP BY 1 ORDER BY 2 DESC, 1"
_FAULTS = f"""
    SELECT why, count(*) {_SENT} AND NOT changed AND (why GLOB '[A-Z]* in *' OR why GLOB 'raised *'
        OR why GLOB 'stopped*' OR why GLOB 'store unavailable*') GROUP BY 1 ORDER BY 2 DESC, 1
"""
_IDLE = f"""
    SELECT agent, sum(before) AS tokens {_SENT}
        AND (changed OR before >= :little AND why NOT IN ('small', 'error result'))
    GROUP BY 1 HAVING tokens >= :much AND sum(changed) = 0 ORDER BY 1
"""
_BLIND = f"""
    SELECT agent, count(*) FROM exchanges WHERE ok AND body_before >= :blind AND {_WINDOW}
    GROUP BY 1 HAVING count(*) >= 3 AND sum(segments) = 0 ORDER BY 1
"""
_REFS = f"""
    SELECT DISTINCT ref FROM outcomes JOIN exchanges ON exchange = id WHERE ref != '' AND session IN (
        SELECT session FROM exchanges WHERE {_WINDOW})
"""
