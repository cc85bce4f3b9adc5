"""Nothing in; the ledger's tables and the pieces of SQL that all its queries share out."""

from __future__ import annotations

from typing import NamedTuple

from headroom_wrap import redemption
from headroom_wrap.prices import Prices

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
    (
        "ledger 3: conversations, own costs and the fixed part",
        """
        ALTER TABLE exchanges ADD COLUMN conversation TEXT NOT NULL DEFAULT '';
        ALTER TABLE exchanges ADD COLUMN login INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE exchanges ADD COLUMN held INTEGER;
        ALTER TABLE exchanges ADD COLUMN arrived BLOB NOT NULL DEFAULT x'';
        ALTER TABLE exchanges ADD COLUMN injected INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE exchanges ADD COLUMN broke INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE exchanges ADD COLUMN again REAL NOT NULL DEFAULT 0;
        ALTER TABLE exchanges ADD COLUMN ratio REAL;
        ALTER TABLE exchanges ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE exchanges ADD COLUMN fixed INTEGER REFERENCES fixed (id);
        ALTER TABLE outcomes ADD COLUMN marks INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE outcomes ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX exchanges_by_conversation ON exchanges (conversation, id);
        CREATE INDEX exchanges_by_ratio ON exchanges (id) WHERE ratio IS NOT NULL;
        CREATE TABLE fixed (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, tokens INTEGER NOT NULL);
        CREATE TABLE fixed_parts (fixed INTEGER NOT NULL REFERENCES fixed (id), name TEXT NOT NULL,
            tokens INTEGER NOT NULL);
        CREATE INDEX fixed_parts_by_set ON fixed_parts (fixed);
        CREATE TABLE calls (exchange INTEGER NOT NULL REFERENCES exchanges (id), tool TEXT NOT NULL,
            number INTEGER NOT NULL);
        CREATE INDEX calls_by_exchange ON calls (exchange);
        """,
    ),
)
"""By name, in order. What the columns of the third mean stands in `recording`."""


class Window(NamedTuple):
    """Which exchanges a query is about: those from an epoch time on, of one session and one project; "": of all."""

    since: float = 0.0
    session: str = ""
    project: str = ""


def tier(prices: Prices) -> str:
    """-> SQL for how many price steps a row's `prompt` is above: rows with the same model and tier share a price."""
    return " + ".join(f"(prompt > {tokens})" for tokens in prices.tiers) or "0"


IN_WINDOW = "started >= :since AND (:session = '' OR session = :session) AND (:project = '' OR project = :project)"
PROMPT = "coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0)"
REPORTED = "coalesce(input, cache_read, cache_write, cache_write_1h) IS NOT NULL"
SENT = f"FROM outcomes JOIN exchanges ON exchange = id WHERE ok AND {IN_WINDOW}"
