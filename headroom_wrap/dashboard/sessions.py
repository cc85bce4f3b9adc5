"""The sessions of the ledger in; a line for each out, the latest first, with its whole id wherever that fits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from headroom_wrap.dashboard.words import UNKNOWN, Readable, one_line, share, tokens
from headroom_wrap.ledger import Listed

SHED = ("started", "project", "removed", "requests", "agent")
"""Columns that go where it is narrow, the first first."""
PROJECT = 8
"""Columns that a project's name gets at least, if it has so many."""
BETWEEN = 2
FIGURES = ("requests", "removed", "saved")


def dashboard(rows: Sequence[Listed]) -> Readable:
    """-> the list, and what can be done with an id."""
    if not rows:
        return Readable(Text("No session is in the ledger, or none of what was asked for."))
    note = "With the beginning of an id: headroom stats --session ID, headroom diff ID, headroom purge --session ID."
    return Readable(Group(_List(rows), Text(), Text(note, style="dim")))


class _List:
    def __init__(self, rows: Sequence[Listed]) -> None:
        self._cells = [_cells(row) for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
        """-> the table for this width: columns go, then what is left for a project's name is what it gets."""
        widths = {head: max(len(head), *(len(row[head]) for row in self._cells)) for head in self._cells[0]}
        least = {**widths, "project": min(widths["project"], PROJECT)}
        for head in SHED:
            if _whole(least) > options.max_width:
                del least[head]
        table = Table(box=None, pad_edge=False, padding=(0, BETWEEN, 0, 0), header_style="bold")
        for head, width in least.items():
            room = options.max_width - _whole(least) + width if head == "project" else width
            justify: Literal["left", "right"] = "right" if head in FIGURES else "left"
            table.add_column(head, no_wrap=True, justify=justify, max_width=min(room, widths[head]), min_width=width)
        for row in self._cells:
            table.add_row(*(row[head] for head in least))
        yield table


def _whole(widths: Mapping[str, int]) -> int:
    """-> the width of a table of such columns."""
    return sum(width + BETWEEN for width in widths.values()) - BETWEEN


def _cells(row: Listed) -> dict[str, str]:
    return {
        "session": one_line(row.session),
        "agent": one_line(row.agent) or UNKNOWN,
        "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(row.started)),
        "project": one_line(row.project) or UNKNOWN,
        "requests": f"{row.requests:,}",
        "removed": tokens(row.before - row.after),
        "saved": share(row.effect),
    }
