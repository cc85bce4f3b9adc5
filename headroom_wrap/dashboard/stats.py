"""The rows of a `View` in, the dashboard out: the headline, three kinds of figures side by side, what was not saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from headroom_wrap.dashboard.view import View
from headroom_wrap.dashboard.words import UNKNOWN, Readable, money, one_line, share, tokens
from headroom_wrap.ledger import Part, Totals

ROWS = 8
"""Rows that a table shows at most; the rest is one line with their sum or number."""

_FIGURES: tuple[tuple[str, str, Callable[[Totals], str]], ...] = (
    ("whole bill saved", "estimated", lambda sums: share(sums.effect)),
    ("  in money", "estimated", lambda sums: money(sums.saved)),
    ("  bill as it is", "estimated", lambda sums: money(sums.bill)),
    ("results removed", "measured", lambda sums: _known(sums, sums.before - sums.after)),
    ("  share of them", "measured", lambda sums: share(sums.before - sums.after, sums.before)),
    ("  with every resend", "measured", lambda sums: _known(sums, sums.removed)),
    ("prompt tokens", "reported", lambda sums: _reported(sums, _prompt(sums))),
    ("  read from cache", "reported", lambda sums: _reported(sums, sums.cache_read)),
    ("  written to cache", "reported", lambda sums: _reported(sums, sums.cache_write + sums.cache_write_1h)),
    ("output tokens", "reported", lambda sums: _reported(sums, sums.output)),
    ("requests answered", "counted", lambda sums: f"{sums.exchanges:,}"),
    ("  not answered", "counted", lambda sums: f"{sums.failed:,}"),
)


def dashboard(view: View) -> Readable:
    """-> the whole dashboard, for any width from 60 columns on."""
    if view.empty:
        return Readable(Text("Nothing recorded yet. Run `headroom wrap claude`, or see it work with `headroom demo`."))
    parts: list[RenderableType] = [*alarms(view.alarms), headline(view.ever), Text(), _figures(view)]
    parts += [Text(), _groups("agent", view.agents), Text(), _groups("model", view.models)]
    for title, rows in (("compressor", view.compressors), ("tool", view.tools)):
        if rows:
            parts += [Text(), _parts(title, rows)]
    parts += [Text(), _passed(view), Text(), _notes(view)]
    return Readable(Group(*parts))


def alarms(lines: Iterable[str]) -> list[RenderableType]:
    """-> what is wrong, in red."""
    return [Text(f"! {one_line(line)}", style="bold red") for line in lines]


def headline(sums: Totals) -> Text:
    """-> the effect on the whole bill in one line, or what is known where that is not."""
    if sums.effect is None or sums.saved is None or sums.bill is None:
        removed = f"{tokens(sums.before - sums.after)} of {tokens(sums.before)} tokens of tool results removed"
        return Text.assemble((removed, "bold"), f" · effect on the bill {UNKNOWN}")
    word = "saved" if sums.effect >= 0 else "added"
    style = "bold green" if sums.effect > 0 else "bold red" if sums.effect < 0 else "bold"
    of = f" · {money(abs(sums.saved))} of {money(sums.bill + sums.saved)}"
    return Text.assemble((f"{share(abs(sums.effect))} of the whole bill {word}", style), of, " · estimated")


def _figures(view: View) -> Table:
    table = _table("", "today", "7 days", "all", last="")
    for label, kind, figure in _FIGURES:
        style = "bold" if label == _FIGURES[0][0] else ""
        cells = [figure(sums) for sums in (view.today, view.week, view.ever)]
        table.add_row(label, *cells, Text(kind, style="dim"), style=style)
    return table


def _groups(title: str, rows: tuple[Totals, ...]) -> Table:
    table = _table(title, "requests", "removed", "share", "bill")
    for sums in rows[:ROWS]:
        removed = sums.before - sums.after
        cells = (f"{sums.exchanges:,}", tokens(removed), share(removed, sums.before), share(sums.effect))
        table.add_row(one_line(sums.name) or UNKNOWN, *cells)
    return _with_rest(table, len(rows))


def _parts(title: str, rows: tuple[Part, ...]) -> Table:
    table = _table(title, "results", "changed", "removed", "share")
    for part in rows[:ROWS]:
        removed = part.before - part.after
        cells = (f"{part.segments:,}", f"{part.changed:,}", tokens(removed), share(removed, part.before))
        table.add_row(one_line(part.name), *cells)
    return _with_rest(table, len(rows))


def _passed(view: View) -> Table:
    table = _table("not saved, and why", "results", "tokens", "share")
    for passed in view.passed[:ROWS]:
        cells = (f"{passed.segments:,}", tokens(passed.tokens), share(passed.tokens, view.ever.before))
        table.add_row(one_line(passed.why) or "no reason recorded", *cells)
    if not view.passed:
        table.add_row("every tool result was changed" if view.ever.before else "no tool result seen", *[""] * 3)
    return _with_rest(table, len(view.passed))


def _with_rest(table: Table, rows: int) -> Table:
    if rows > ROWS:
        table.add_row(Text(f"and {rows - ROWS} more", style="dim"), *[""] * (len(table.columns) - 1))
    return table


def _table(name: str, *figures: str, last: str | None = None) -> Table:
    """-> an empty table: names in what the figures leave of the width, the figures whole, a last column of words."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False, show_edge=False, header_style="bold")
    table.add_column(name, overflow="ellipsis", min_width=18)
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    if last is not None:
        table.add_column(last, no_wrap=True)
    return table


def _notes(view: View) -> Text:
    """-> how to read the figures, and what they leave out."""
    ever = view.ever
    notes = [
        "estimated: the same requests at list prices with the provider's cache, a removed token once at the price of "
        f"new prompt and then at the cache-read price; prices of {view.priced}; on a subscription, limits stretched.",
        "measured: o200k tokens of tool results, each counted once; shares are of them. reported: the provider's own "
        f"counts. The three are never added. bill: the share of it that was saved. {UNKNOWN}: unknown.",
    ]
    if ever.reported < ever.exchanges:
        notes.append(f"{ever.exchanges - ever.reported:,} of {ever.exchanges:,} answered requests came without counts.")
    if ever.unpriced:
        notes.append(f"{ever.unpriced:,} requests went to models without a known price: in no bill, in no saving.")
    return Text("\n".join(notes), style="dim")


def _prompt(sums: Totals) -> int:
    return sums.input + sums.cache_read + sums.cache_write + sums.cache_write_1h


def _reported(sums: Totals, count: float) -> str:
    return tokens(count if sums.reported else None)


def _known(sums: Totals, count: float) -> str:
    return tokens(count if sums.exchanges else None)
