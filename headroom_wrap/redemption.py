"""Ledger rows in; out: how often what was left out was asked for again, by compressor and tool, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from headroom_wrap.prices import Prices
from headroom_wrap.store.database import Database

MIGRATION = (
    "ledger 2: misses",
    """
    ALTER TABLE outcomes ADD COLUMN missed TEXT NOT NULL DEFAULT '';
    CREATE INDEX outcomes_by_miss ON outcomes (missed) WHERE missed != '';
    """,
)


@dataclass(frozen=True, slots=True)
class Misses:
    """Results of one tool that one compressor left something out of, and how often that was asked for again.

    `results`: how many such results were sent; `missed`: how many of them were asked for again at least once. `gets`,
    `reads`, `edits`: how often, by kind. `removed`: o200k tokens left out of them at first; `returned`: tokens of the
    results that brought it back. `cost`: dollars of the requests that were made for it, None where no price is known:
    of each request that carried such a result the part of its bill that falls to it, among all results new in it.
    """

    compressor: str
    tool: str
    results: int
    missed: int
    gets: int
    reads: int
    edits: int
    removed: int
    returned: int
    cost: float | None = None

    @property
    def rate(self) -> float:
        """-> the share of results of which something was asked for again."""
        return self.missed / self.results if self.results else 0.0


def misses(database: Database, prices: Prices, window: dict[str, Any]) -> tuple[Misses, ...]:
    """-> one row for each compressor and tool that left anything out, the most missed first."""
    costs: dict[tuple[str, str], float | None] = {}
    for compressor, tool, model, prompt, share, *counts in database.read(_COSTS, window):
        price = prices.of(model, prompt)
        dollars = None if price is None else price.dollars(*counts) / share
        before = costs.get((compressor, tool), 0.0)
        costs[compressor, tool] = None if dollars is None or before is None else before + dollars
    rows = database.read(_MISSES, window)
    return tuple(replace(Misses(*row), cost=costs.get((row[0], row[1]), 0.0)) for row in rows)


_WINDOW = "started >= :since AND (:session = '' OR session = :session) AND (:project = '' OR project = :project)"
_SENT = f"""
    sent AS (
        SELECT compressor, tool, ref, before - after AS removed, outcomes.rowid AS id, session
        FROM outcomes JOIN exchanges ON exchange = exchanges.id
        WHERE ok AND changed AND omitted != '' AND {_WINDOW}
    ), again AS (
        SELECT substr(missed, 1, instr(missed, ' ') - 1) AS kind, substr(missed, instr(missed, ' ') + 1) AS ref,
            after AS tokens, exchange, session
        FROM outcomes JOIN exchanges ON exchange = exchanges.id WHERE ok AND missed != '' AND {_WINDOW}
    ), pairs AS (
        SELECT again.*, (SELECT max(id) FROM sent WHERE sent.ref = again.ref AND sent.session = again.session) AS id
        FROM again
    )
"""
_MISSES = f"""
    WITH {_SENT}, each AS (
        SELECT id, sum(kind = 'get') AS gets, sum(kind = 'read') AS reads, sum(kind = 'edit') AS edits,
            sum(tokens) FILTER (WHERE kind != 'edit') AS tokens
        FROM pairs GROUP BY id
    )
    SELECT compressor, tool, count(*), count(each.id), coalesce(sum(gets), 0), coalesce(sum(reads), 0),
        coalesce(sum(edits), 0), sum(removed), coalesce(sum(tokens), 0)
    FROM sent LEFT JOIN each USING (id) GROUP BY 1, 2 ORDER BY count(each.id) DESC, sum(removed) DESC, 1, 2
"""
_COSTS = f"""
    WITH {_SENT}
    SELECT compressor, tool, model,
        coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0),
        (SELECT count(*) FROM outcomes WHERE outcomes.exchange = pairs.exchange),
        coalesce(input, 0), coalesce(cache_read, 0), coalesce(cache_write, 0), coalesce(cache_write_1h, 0),
        coalesce(output, 0)
    FROM pairs JOIN sent USING (id) JOIN exchanges ON exchanges.id = pairs.exchange
    WHERE kind != 'edit' AND coalesce(input, cache_read, cache_write, cache_write_1h) IS NOT NULL
"""
