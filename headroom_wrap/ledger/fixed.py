"""Requests in; out: what the system prompt and each tool's definition are of their bill, and how often it was called.

Both stand in front of every prompt, so a warm cache serves them first: `min(cache read, their tokens)` at the price of
a read, the rest at what the new part of the prompt was billed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headroom_wrap.ledger.calibration import Calibration, family
from headroom_wrap.ledger.tables import IN_WINDOW, PROMPT, REPORTED, Window
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
    database: Database, prices: Prices, calibrated: Mapping[str, Calibration], window: Window
) -> tuple[Fixed, ...]:
    """-> one row for each agent and part, the dearest first."""
    values = window._asdict()
    parts: dict[int, list[tuple[str, int]]] = {}
    for number, name, tokens in database.read(_PARTS, values):
        parts.setdefault(number, []).append((name, tokens))
    rows: dict[tuple[str, str], Fixed] = {}
    for agent, model, number, requests in database.read(_SETS, values):
        whole = sum(tokens for _, tokens in parts[number])
        factor = calibrated[family(model)].factor
        cost = _cost(database, prices, {**values, "agent": agent, "model": model, "fixed": number}, whole * factor)
        for name, tokens in parts[number]:
            share = None if cost is None else cost * tokens / whole
            _add(rows, Fixed(agent, name, tokens, requests, cost=share))
    calls = {(agent, tool): number for agent, tool, number in database.read(_CALLS, values)}
    bills = _bills(database, prices, values)
    done = [_finished(row, calls.get((row.agent, row.name), 0), bills.get(row.agent, 0.0)) for row in rows.values()]
    return tuple(sorted(done, key=lambda row: (row.agent, -(row.cost or 0.0), -row.tokens, row.name)))


def _cost(database: Database, prices: Prices, chosen: dict[str, object], tokens: float) -> float | None:
    """-> dollars for so many tokens in front of each chosen request; None: unknown price."""
    dollars = 0.0
    for prompt, read, plain, write, write_1h in database.read(_READS, chosen):
        price = prices.of(str(chosen["model"]), prompt)
        if price is None:
            return None
        warm, uncached = min(read, tokens), plain + write + write_1h
        cold = min(tokens - warm, uncached) / uncached if uncached else 0.0
        dollars += price.dollars(plain * cold, warm, write * cold, write_1h * cold)
    return dollars


def _bills(database: Database, prices: Prices, values: Mapping[str, object]) -> dict[str, float]:
    bills: dict[str, float] = {}
    for agent, model, prompt, *counts in database.read(_BILLS, values):
        price = prices.of(model, prompt)
        bills[agent] = bills.get(agent, 0.0) + (price.dollars(*counts) if price else 0.0)
    return bills


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
    SELECT {PROMPT}, coalesce(cache_read, 0), coalesce(input, 0), coalesce(cache_write, 0), coalesce(cache_write_1h, 0)
    {_CHOSEN} AND agent = :agent AND model = :model AND fixed = :fixed
"""
_CALLS = f"""
    SELECT agent, tool, sum(number) FROM calls JOIN exchanges ON exchange = id
    WHERE ok AND {IN_WINDOW} GROUP BY 1, 2
"""
_BILLS = f"""
    SELECT agent, model, {PROMPT}, coalesce(input, 0), coalesce(cache_read, 0), coalesce(cache_write, 0),
        coalesce(cache_write_1h, 0), coalesce(output, 0) {_CHOSEN}
"""
