"""Names and figures in; tables that fit any width out: names are cut where it is narrow, the least columns left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from headroom_wrap.dashboard.words import PIPED

ROWS = 8
"""Rows that a table shows at most; the rest is one line with their number."""
WIDE = 120
"""Columns from which on two tables stand side by side."""
NARROW = 52
"""Columns below which some of the figures are left out, where a table says nothing else."""

BORDER = 3
"""Columns that the box takes beside each column of figures."""
LEAST = 8
"""Columns that a name gets however narrow it is."""


@dataclass(slots=True)
class Figures:
    """A table of a name and figures. `shed`: the columns that are left out on screens of less than `narrow` columns.

    `last`: the last column holds words and stands at the left. `whole`: names go on in the next line and are not cut.
    """

    name: str
    heads: tuple[str, ...]
    shed: tuple[str, ...] = ()
    last: bool = False
    narrow: int = NARROW
    whole: bool = False
    rows: list[tuple[str | Text, tuple[str | Text, ...], str]] = field(default_factory=list)

    def add(self, name: str | Text, *cells: str | Text, style: str = "") -> None:
        """Add a row; missing cells are empty."""
        self.rows.append((name, (*cells, *[""] * (len(self.heads) - len(cells))), style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
        """-> the table for this width."""
        narrow = options.max_width < self.narrow
        kept = [at for at, head in enumerate(self.heads) if not (narrow and head in self.shed)]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False, show_edge=False, header_style="bold")
        widths = {at: max(len(self.heads[at]), *(len(cells[at]) for _, cells, _ in self.rows), 0) for at in kept}
        room = options.max_width - sum(widths.values()) - BORDER * len(kept)
        table.add_column(self.name, overflow="ellipsis", no_wrap=not self.whole, max_width=max(room, LEAST))
        for at in kept:
            words = self.last and at == len(self.heads) - 1
            table.add_column(self.heads[at], justify="left" if words else "right", no_wrap=True, min_width=widths[at])
        for name, cells, style in self.rows:
            table.add_row(name, *(cells[at] for at in kept), style=style)
        yield table


def limited(figures: Figures, rows: int) -> Figures:
    """-> the table with a line that says how many of all its rows it does not show."""
    if rows > len(figures.rows):
        figures.add(Text(f"and {rows - len(figures.rows)} more", style="dim"))
    return figures


class Beside:
    """Two columns where there is room for both, otherwise one below the other; a blank line between all parts."""

    def __init__(self, left: Sequence[RenderableType], right: Sequence[RenderableType]) -> None:
        self._left, self._right = left, right

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
        """-> the parts for this width."""
        if not WIDE <= options.max_width < PIPED:
            yield spaced([*self._left, *self._right])
            return
        grid = Table.grid(padding=(0, 4, 0, 0), expand=False)
        half = (options.max_width - 8) // 2
        grid.add_column(width=half)
        grid.add_column(width=half)
        grid.add_row(spaced(self._left), spaced(self._right))
        yield grid


def spaced(parts: Sequence[RenderableType]) -> Group:
    """-> parts below each other with a blank line between them."""
    return Group(*(piece for part in parts for piece in (part, Text())))
