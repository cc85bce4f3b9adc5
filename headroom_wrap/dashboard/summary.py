"""A session in, what it saved out: a few lines when the agent exits, one line while it runs."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from headroom_wrap.counted import counted
from headroom_wrap.dashboard.stats import alarms, headline, stretch
from headroom_wrap.dashboard.words import Readable, one_line, share, tokens
from headroom_wrap.ledger.view import View, read, sums
from headroom_wrap.prices import BadPrices
from headroom_wrap.store import Unavailable


def summary(home: Path, session: str) -> Readable:
    """-> what one session saved, what passed through and what went wrong; never raises for a ledger it can't read."""
    try:
        return brief(read(home, time.time(), session))
    except (Unavailable, BadPrices) as error:
        return Readable(Text(f"headroom: {one_line(str(error))}", style="red"))


def _learnt(view: View) -> list[RenderableType]:
    """-> what this session left out and new runs will not: its misses cost more than it saves."""
    off = [f"{row.compressor} of {row.tool}" for row in view.misses if row.lossless]
    said = f"from now on nothing is left out by {', '.join(off)}: misses cost more than it saves (stats --misses)"
    return [Text(one_line(said), "yellow")] if off else []


def live_line(home: Path, session: str) -> str:
    """-> one short line for a terminal's title or status; "" before the first answer or without a ledger."""
    try:
        ever, wrong = sums(home, session, time.time())
    except (Unavailable, BadPrices):
        return ""
    if not ever.exchanges:
        return ""
    removed = f"{tokens(ever.before - ever.after)} of {tokens(ever.before)} tokens removed"
    bill = f"{share(ever.effect)} of the bill saved · " if ever.effect is not None else ""
    if ever.logins and ever.stretch is not None:
        bill = f"limits last {stretch(ever)} as long · "
    alarm = f" · ! {wrong[0]}" if wrong else ""
    return one_line(f"headroom {bill}{removed} · {counted(ever.exchanges, 'request')}{alarm}")


def brief(view: View, more: bool = True) -> Readable:
    """-> a view of one session in a few lines, the last one saying where there is `more`."""
    ever = view.ever
    if view.empty:
        return Readable(Text("headroom: no request of this session passed through the proxy."))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_row("headroom", headline(ever))
    removed = ever.before - ever.after
    of = f"{tokens(removed)} of {tokens(ever.before)} tokens of tool results ({share(removed, ever.before)})"
    table.add_row("removed", f"{of}, counted")
    table.add_row("provider", _provider(view))
    if view.passed:
        reasons = ", ".join(f"{tokens(passed.tokens)} {passed.why or 'unknown'}" for passed in view.passed[:4])
        table.add_row("passed", one_line(reasons))
    if more and view.window.session:
        table.add_row("more", f"headroom stats --session {one_line(view.window.session)}")
    parts: list[RenderableType] = [*alarms(view.alarms), table, *_learnt(view)]
    return Readable(Group(*parts))


def _provider(view: View) -> str:
    ever = view.ever
    if not ever.reported:
        return f"reported nothing in {counted(ever.exchanges, 'request')} ({ever.failed:,} not answered)"
    written = tokens(ever.cache_write + ever.cache_write_1h)
    counts = f"{tokens(ever.cache_read)} read, {written} written, {tokens(ever.input)} plain, {tokens(ever.output)} out"
    return f"{counts}, reported in {ever.reported:,} of {counted(ever.exchanges + ever.failed, 'request')}"
