"""A session in, what it saved out: a few lines when the agent exits, one line while it runs."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from headroom_wrap.dashboard.stats import alarms, headline
from headroom_wrap.dashboard.view import View, read
from headroom_wrap.dashboard.words import Readable, one_line, share, tokens
from headroom_wrap.ledger import Ledger
from headroom_wrap.prices import BadPrices
from headroom_wrap.store import Unavailable


def summary(home: Path, session: str) -> Readable:
    """-> what one session saved, what passed through and what went wrong; never raises for a ledger it can't read."""
    try:
        return Readable(Group(brief(read(home, time.time(), session)), *_learnt(home, session)))
    except (Unavailable, BadPrices) as error:
        return Readable(Text(f"headroom: {one_line(str(error))}", style="red"))


def _learnt(home: Path, session: str) -> list[RenderableType]:
    """-> what this session left out and new runs will not: its misses cost more than it saves."""
    ledger = Ledger(home)
    off = [f"{row.compressor} of {row.tool}" for row in ledger.misses(session=session) if row.lossless]
    ledger.close()
    said = f"from now on nothing is left out by {', '.join(off)}: misses cost more than it saves (stats --misses)"
    return [Text(one_line(said), "yellow")] if off else []


def live_line(home: Path, session: str) -> str:
    """-> one short line for a terminal's title or status; "" before the first answer or without a ledger."""
    try:
        view = read(home, time.time(), session)
    except (Unavailable, BadPrices):
        return ""
    sums = view.ever
    if not sums.exchanges:
        return ""
    removed = f"{tokens(sums.before - sums.after)} of {tokens(sums.before)} tokens removed"
    bill = f"{share(sums.effect)} of the bill saved · " if sums.effect is not None else ""
    alarm = f" · ! {view.alarms[0]}" if view.alarms else ""
    return one_line(f"headroom {bill}{removed} · {sums.exchanges} requests{alarm}")


def brief(view: View) -> Readable:
    """-> a view of one session in a few lines."""
    sums = view.ever
    if view.empty:
        return Readable(Text("headroom: no request of this session passed through the proxy."))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_row("headroom", headline(sums))
    removed = sums.before - sums.after
    of = f"{tokens(removed)} of {tokens(sums.before)} tokens of tool results ({share(removed, sums.before)})"
    table.add_row("removed", f"{of}, measured")
    table.add_row("provider", _provider(view))
    if view.passed:
        reasons = ", ".join(f"{tokens(passed.tokens)} {passed.why or 'unknown'}" for passed in view.passed[:4])
        table.add_row("passed", one_line(reasons))
    parts: list[RenderableType] = [*alarms(view.alarms), table]
    return Readable(Group(*parts))


def _provider(view: View) -> str:
    sums = view.ever
    if not sums.reported:
        return f"reported nothing in {sums.exchanges:,} requests ({sums.failed:,} not answered)"
    written = tokens(sums.cache_write + sums.cache_write_1h)
    counts = f"{tokens(sums.cache_read)} read, {written} written, {tokens(sums.input)} plain, {tokens(sums.output)} out"
    return f"{counts}, reported in {sums.reported:,} of {sums.exchanges + sums.failed:,} requests"
