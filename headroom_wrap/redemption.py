"""Ledger rows in; out: how often what was left out was asked for again, by compressor and tool, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from headroom_wrap import priors
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

    A form in which nothing is missing counts too where its original was fetched all the same.

    `results`: how many such results were sent; `missed`: how many of them were asked for again at least once. `gets`,
    `reads`, `edits`: how often, by kind. `removed`: o200k tokens left out of them at first; `returned`: tokens of the
    results that brought it back. `cost`: dollars of the requests that were made for it, None where no price is known:
    of each request that carried such a result the part of its bill that falls to it, among all results new in it.
    `lossless`: in new runs this compressor leaves out nothing more of this tool (`priors`).
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
    lossless: bool = False

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
    learnt = lossless(database)
    rows = [Misses(*row) for row in database.read(_MISSES, window)]
    return tuple(
        replace(row, cost=costs.get((row.compressor, row.tool), 0.0), lossless=_any(row, learnt)) for row in rows
    )


def lossless(database: Database) -> frozenset[tuple[str, str]]:
    """-> the (compressor, tool) that leave out nothing in a run that begins now."""
    window = {"recent": priors.RECENT, "read": READ, "write": WRITE, "output": OUTPUT}
    return priors.lossless(priors.Evidence(*row) for row in database.read(_EVIDENCE, window))


def _any(row: Misses, learnt: frozenset[tuple[str, str]]) -> bool:
    return any((name, row.tool) in learnt for name in priors.omitting(row.compressor))


READ, WRITE, OUTPUT = 0.1, 1.25, 5.0
"""Prices in tokens of plain input (Anthropic's), to weigh a saving against a miss where no price is known too."""


_WINDOW = "started >= :since AND (:session = '' OR session = :session) AND (:project = '' OR project = :project)"
_HOLDER = """(
            SELECT max(outcomes.rowid) FROM outcomes JOIN exchanges ON exchange = exchanges.id
            WHERE ref = again.ref AND ref != '' AND +session = again.session AND ok AND changed
                AND outcomes.rowid < again.row AND (omitted != '' OR again.fetched)
        )"""
"""The result that a miss is of: the last of that reference before it in its session, by the index of references. An
answer that was asked for again has the same reference as the first, and is a miss of that one."""
_SENT = f"""
    sent AS (
        SELECT compressor, tool, ref, before - after AS removed, outcomes.rowid AS id, session
        FROM outcomes JOIN exchanges ON exchange = exchanges.id
        WHERE ok AND changed AND {_WINDOW} AND (omitted != '' OR ref IN (SELECT substr(missed, 5) FROM outcomes
            WHERE missed != '' AND missed GLOB 'get *'))
    ), again AS (
        SELECT substr(missed, 1, instr(missed, ' ') - 1) AS kind, substr(missed, instr(missed, ' ') + 1) AS ref,
            after AS tokens, exchange, session, outcomes.rowid AS row, missed GLOB 'get *' AS fetched
        FROM outcomes JOIN exchanges ON exchange = exchanges.id WHERE ok AND missed != '' AND {_WINDOW}
    ), pairs AS (
        SELECT again.*, {_HOLDER} AS id
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
_EVIDENCE = f"""
    WITH latest AS (
        SELECT session, row_number() OVER (ORDER BY max(id) DESC) - 1 AS age FROM exchanges GROUP BY session
        ORDER BY age LIMIT :recent
    ), asked AS (
        SELECT id, session, age, count(*) OVER (PARTITION BY session ORDER BY id DESC) - 1 AS later,
            max(body_after / 4,
                coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0)
            ) AS prompt,
            coalesce(output, 0) AS output
        FROM exchanges JOIN latest USING (session) WHERE ok
    ), sent AS (
        SELECT compressor, tool, ref, session, age, outcomes.rowid AS id,
            (before - after) * (:write + :read * later) AS worth
        FROM outcomes JOIN asked ON exchange = asked.id
        WHERE changed AND (omitted != '' OR ref IN (
            SELECT substr(missed, 5) FROM outcomes WHERE missed != '' AND missed GLOB 'get *'))
    ), again AS (
        SELECT session, age, outcomes.rowid AS row, missed GLOB 'get *' AS fetched,
            substr(missed, instr(missed, ' ') + 1) AS ref, after * (:write + :read * later)
            + (prompt * :read + output * :output)
                / (SELECT count(*) FROM outcomes AS all_new WHERE all_new.exchange = asked.id) AS cost
        FROM outcomes JOIN asked ON exchange = asked.id WHERE missed != '' AND missed NOT GLOB 'edit *'
    ), missed AS (
        SELECT {_HOLDER} AS id, age, cost FROM again
    )
    SELECT compressor, tool, age, sum(results), sum(misses), sum(worth), sum(cost) FROM (
        SELECT compressor, tool, age, 1 AS results, 0 AS misses, worth, 0.0 AS cost FROM sent UNION ALL
        SELECT compressor, tool, age, 0, 1, 0.0, cost FROM missed JOIN outcomes ON outcomes.rowid = missed.id
    ) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
