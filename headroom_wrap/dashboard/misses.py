"""Rows of misses and the sums they belong to in; rates, costs and what is saved once they are paid out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from headroom_wrap.dashboard.tables import Figures
from headroom_wrap.dashboard.words import UNKNOWN, Readable, money, one_line, share, tokens
from headroom_wrap.ledger import Totals
from headroom_wrap.redemption import Misses

HEADS = ("results", "missed", "rate", "get", "read", "edit", "removed", "back", "cost")
WIDE = 100
"""Columns from which on the kinds and sizes of misses are shown too."""


def misses(rows: Sequence[Misses], sums: Totals) -> Readable:
    """-> how often what was left out was asked for again. `sums`: the totals of the same time and session."""
    if not rows:
        return Readable(Text("Nothing was left out of any result yet, so nothing could be missed."))
    table = Figures("left out by, of", HEADS, shed=("get", "read", "edit", "removed", "back"), narrow=WIDE)
    for row in rows:
        counts = (f"{number:,}" for number in (row.results, row.missed))
        kinds = (f"{number:,}" for number in (row.gets, row.reads, row.edits))
        sizes = (tokens(row.removed), tokens(row.returned), money(row.cost))
        table.add(one_line(f"{row.compressor}, {row.tool}"), *counts, share(row.rate), *kinds, *sizes)
    return Readable(Group(net(rows, sums), Text(), table, *_off(rows), Text(), Text(_NOTES, style="dim")))


def _off(rows: Sequence[Misses]) -> list[Text]:
    """-> what the misses have switched off."""
    return [
        Text(
            f"{row.compressor}, {row.tool}: leaves out nothing in new runs, its misses cost more than it saves.", "red"
        )
        for row in rows
        if row.lossless
    ]


def net(rows: Sequence[Misses], sums: Totals) -> Text:
    """-> the saving with what the misses cost: negative where they cost more."""
    costs = [row.cost for row in rows]
    if sums.saved is None or sums.bill is None or any(cost is None for cost in costs):
        return Text(f"net saving {UNKNOWN}: a model without a known price, or no counts from the provider")
    cost = sum(cost for cost in costs if cost is not None)
    kept = sums.saved - cost
    said = f"{money(sums.saved)} saved, {money(cost)} spent on misses: {money(kept)} net"
    whole = sums.bill + kept
    effect = f", {share(kept / whole)} of the whole bill without headroom" if whole > 0 else ""
    return Text(f"{said}{effect}", style="bold green" if kept >= 0 else "bold red")


_NOTES = (
    "missed: results of which something was wanted again: by headroom get or the MCP tool, by reading a folded range "
    "again, or by an edit of text that was folded. removed, back: o200k tokens left out at first, and of the results "
    "that brought it back. cost: the part of the bill of each request made for it; an edit makes none. A compressor "
    "whose misses cost more than it saves leaves out nothing more of that tool, and is tried again some sessions later."
)
