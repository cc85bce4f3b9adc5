"""Numbers in; bars and sparklines of characters out, as wide as there is room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from headroom_wrap.dashboard.words import share, tokens
from headroom_wrap.ledger import Totals
from headroom_wrap.ledger.view import Context

DAYS = 14
"""Days that are shown, the latest."""
_LEVELS = "▁▂▃▄▅▆▇█"
_SPARE = 22
"""Columns that stand beside a bar or a sparkline."""


class Days:
    """For each day a bar of the tool results that came: what was removed of them, and what was sent."""

    def __init__(self, days: Sequence[Totals]) -> None:
        self._days = days[-DAYS:]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
        """-> the bars for this width."""
        most = max((day.before for day in self._days), default=0)
        room = max(8, min(options.max_width - _SPARE - 14, 40))
        grid = Table.grid(padding=(0, 1))
        for _ in range(2):
            grid.add_column(no_wrap=True)
        for _ in range(2):
            grid.add_column(no_wrap=True, justify="right")
        for day in self._days:
            whole = round(room * day.before / most) if most else 0
            gone = min(whole, max(0, round(room * (day.before - day.after) / most))) if most else 0
            bar = Text.assemble(("█" * gone, "green"), ("░" * (whole - gone), "dim"))
            removed = day.before - day.after
            grid.add_row(Text(day.name, style="dim"), bar, tokens(removed), share(removed, day.before))
        yield Text("tool results by day, what was removed of them", style="bold", no_wrap=True, overflow="ellipsis")
        yield grid


class Growth:
    """How a conversation's prompt grew, with us and as it would have grown without: two sparklines of one scale."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
        """-> the sparklines for this width."""
        context = self._context
        room = max(8, min(options.max_width - _SPARE, 60))
        most = max(context.without)
        grid = Table.grid(padding=(0, 1))
        for _ in range(2):
            grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, justify="right")
        for name, values, style in (("without", context.without, "dim"), ("sent", context.tokens, "green")):
            grid.add_row(name, Text(sparkline(values, room, most), style=style), tokens(values[-1]))
        yield Text(f"context of {context.session}", style="bold", no_wrap=True, overflow="ellipsis")
        yield grid


def sparkline(values: Sequence[float], room: int, most: float) -> str:
    """-> one character for each value, or for the largest of several where there are more values than room."""
    columns = min(room, len(values))
    peaks = [max(values[at * len(values) // columns : (at + 1) * len(values) // columns]) for at in range(columns)]
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[min(top, max(0, round(top * peak / most)))] if most > 0 else _LEVELS[0] for peak in peaks)
