"""A title and column names in, an empty table in the dashboard's style out."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text


def table(name: str, *figures: str, last: str | None = None) -> Table:
    """-> an empty table: names in what the figures leave of the width, the figures whole, a last column of words."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False, show_edge=False, header_style="bold")
    made.add_column(name, overflow="ellipsis", min_width=8)
    for figure in figures:
        made.add_column(figure, justify="right", no_wrap=True)
    if last is not None:
        made.add_column(last, no_wrap=True)
    return made


def rest_shown(made: Table, rows: int, shown: int) -> Table:
    """-> the table, with a line that says how many rows it does not show."""
    if rows > shown:
        made.add_row(Text(f"and {rows - shown} more", style="dim"), *[""] * (len(made.columns) - 1))
    return made
