"""Requests in; out: what the system prompt and each tool's definition are of their bill, and how often it was called.

Both stand in front of every prompt, so a warm cache serves them first: `min(cache read, their tokens)` at the price of
a read, the rest at what the new part of the prompt was billed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headroom_wrap.ledger import calibration
from headroom_wrap.ledger.calibration import Calibration
from headroom_wrap.ledger.tables import IN_WINDOW, PROMPT, REPORTED, Window, tier
from headroom_wrap.prices import Prices
from headroom_wrap.store.database import Database


@dataclass(frozen=True, slots=True)
class Fixed:
    """One agent's system prompt (`name` is "") or the definition of one of its tools.

    `tokens`: of its longest form, o200k. `requests`: how many carried it; `calls`: how often the tool was called.
    `cost`: dollars, None where no price is known; `share`: of the bill of all the agent's requests.
    """

    agent: str
    name: str
    tokens: int
    requests: int
    calls: int = 0
    cost: float | None = None
    share: float | None = None

    @property
    def server(self) -> str:
        """-> the MCP server that a tool is of, "" for the agent's own."""
        parts = self.name.split("__", 2)
        return parts[1] if len(parts) == 3 and parts[0] == "mcp" else ""


def fixed(
    database: Database,
    prices: Prices,
    calibrated: Mapping[str, Calibration],
    window: Window,
    bills: Mapping[str, float | None],
) -> tuple[Fixed, ...]:
    """-> one row for each agent and part, the dearest first; `bills`: dollars of all requests of an agent."""
    values = window._asdict()
    sets = database.read(_SETS, values)
    parts: dict[int, list[tuple[str, int]]] = {number: [] for _, _, number, _ in sets}
    for number, name, tokens in database.read(_PARTS, values):
        parts.setdefault(number, []).append((name, tokens))
    rows: dict[tuple[str, str], Fixed] = {}
    for agent, model, number, requests in sets:
        whole = sum(tokens for _, tokens in parts[number])
        factor = calibration.of(model, calibrated).factor
        cost = _cost(database, prices, {**values, "agent": agent, "model": model, "fixed": number}, whole * factor)
        for name, tokens in parts[number]:
            share = None if cost is None else cost * tokens / whole
            _add(rows, Fixed(agent, name, tokens, requests, cost=share))
    calls = {(agent, tool): number for agent, tool, number in database.read(_CALLS, values)}
    done = [_finished(row, calls.get((row.agent, row.name), 0), bills.get(row.agent) or 0.0) for row in rows.values()]
    return tuple(sorted(done, key=lambda row: (row.agent, -(row.cost or 0.0), -row.tokens, row.name)))


def _cost(database: Database, prices: Prices, chosen: dict[str, object], tokens: float) -> float | None:
    """-> dollars for so many tokens in front of each chosen request; None: unknown price."""
    dollars = 0.0
    for _, prompt, *counts in database.read(_READS.format(tier=tier(prices)), {**chosen, "tokens": tokens}):
        price = prices.of(str(chosen["model"]), prompt)
        if price is None:
            return None
        dollars += price.dollars(*counts)
    return dollars


def _add(rows: dict[tuple[str, str], Fixed], new: Fixed) -> None:
    old = rows.setdefault((new.agent, new.name), Fixed(new.agent, new.name, 0, 0))
    cost = new.cost if old.cost is None else old.cost if new.cost is None else old.cost + new.cost
    rows[new.agent, new.name] = replace(
        old, tokens=max(old.tokens, new.tokens), requests=old.requests + new.requests, cost=cost
    )


def _finished(row: Fixed, calls: int, bill: float) -> Fixed:
    return replace(row, calls=calls, share=None if row.cost is None or bill <= 0 else row.cost / bill)


_CHOSEN = f"FROM exchanges WHERE ok AND {REPORTED} AND {IN_WINDOW}"
_PARTS = f"SELECT fixed, name, tokens FROM fixed_parts WHERE fixed IN (SELECT fixed {_CHOSEN})"
_SETS = f"SELECT agent, model, fixed, count(*) {_CHOSEN} AND fixed IS NOT NULL GROUP BY 1, 2, 3"
_READS = f"""
    WITH chosen AS (
        SELECT {PROMPT} AS prompt, coalesce(input, 0) AS plain, coalesce(cache_write, 0) AS write,
            coalesce(cache_write_1h, 0) AS hour, min(coalesce(cache_read, 0), :tokens) AS warm
        {_CHOSEN} AND agent = :agent AND model = :model AND fixed = :fixed
    ), shared AS (
        SELECT *, coalesce(min(:tokens - warm, plain + write + hour) * 1.0 / nullif(plain + write + hour, 0), 0) AS cold
        FROM chosen
    )
    SELECT {{tier}}, max(prompt), sum(plain * cold), sum(warm), sum(write * cold), sum(hour * cold)
    FROM shared GROUP BY 1
"""
_CALLS = f"""
    SELECT agent, tool, sum(number) FROM calls JOIN exchanges ON exchange = id
    WHERE ok AND {IN_WINDOW} GROUP BY 1, 2
"""
