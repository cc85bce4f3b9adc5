"""A result as it came and as it was sent in; both side by side where it is wide, else a unified diff, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from headroom_wrap.counted import counted
from headroom_wrap.dashboard.words import PIPED, UNKNOWN, one_line, tokens
from headroom_wrap.ledger.pairs import Pair

WIDE = 120
"""Columns from which on both texts stand side by side."""
AROUND = 3
"""Equal lines that are shown beside a change."""
_TAB = "    "

Row = tuple[str, str, str]
"""What became of a line ("=", "-", "+", "~": something equal was skipped), and the line before and after."""


class Shown:
    """One pair: a line that says what it is, then the texts."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
        """-> what fits this width."""
        pair = self._pair
        yield Text(title(pair), style="bold" if pair.row.changed else "dim", no_wrap=True, overflow="ellipsis")
        if pair.problem:
            yield Text(f"  {one_line(pair.problem)}", style="yellow")
        if pair.original is not None and pair.sent is not None:
            rows = list(compared(pair.original, pair.sent))
            yield _beside(rows) if WIDE <= options.max_width < PIPED else _unified(rows)
        if pair.row.changed:
            yield Text()


def title(pair: Pair) -> str:
    """-> the request, the tool and what it was asked, the sizes and why."""
    row = pair.row
    asked = one_line(f"{row.tool or UNKNOWN} {pair.call.splitlines()[0] if pair.call else ''}")
    if not row.changed:
        return f"{pair.turn}. {asked} · {tokens(row.before)} as it came: {one_line(row.why) or 'no reason recorded'}"
    sizes = f"{tokens(row.before)} → {tokens(row.after)}"
    return f"{pair.turn}. {asked} · {sizes} · {one_line(row.compressor)} · {row.ref}"


def compared(before: str, after: str) -> Iterator[Row]:
    """-> the lines of both texts next to each other, equal ones only near a change."""
    old, new = (text.split("\n") for text in (before, after))
    found = SequenceMatcher(None, old, new).get_opcodes()
    for at, (kind, a, b, c, d) in enumerate(found):
        if kind == "equal":
            yield from _equal(old[a:b], first=at == 0, last=at == len(found) - 1)
            continue
        yield from (("-", line, "") for line in old[a:b])
        yield from (("+", "", line) for line in new[c:d])


def _equal(lines: list[str], *, first: bool, last: bool) -> Iterator[Row]:
    head, tail = (0 if first else AROUND), (0 if last else AROUND)
    if len(lines) <= head + tail + 1:
        yield from (("=", line, line) for line in lines)
        return
    yield from (("=", line, line) for line in lines[:head])
    skipped = len(lines) - head - tail
    yield ("~", f"… {counted(skipped, 'equal line')}", "")
    yield from (("=", line, line) for line in lines[len(lines) - tail :])


def _unified(rows: Iterable[Row]) -> Text:
    marks = {"=": (" ", ""), "-": ("-", "red"), "+": ("+", "green"), "~": (" ", "dim")}
    lines = [Text(marks[kind][0] + _safe(old or new), style=marks[kind][1]) for kind, old, new in rows]
    return Text("\n").join(lines)


def _beside(rows: Iterable[Row]) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    for side in range(3):
        grid.add_column(ratio=None if side == 1 else 1, overflow="ellipsis", no_wrap=True)
    for kind, old, new in _paired(rows):
        left = Text(_safe(old), style={"=": "", "~": "dim"}.get(kind, "red"))
        grid.add_row(left, Text("│", style="dim"), Text(_safe(new), style="" if kind in "=~" else "green"))
    return grid


def _paired(rows: Iterable[Row]) -> Iterator[Row]:
    """-> the rows, removed lines and those that stand for them in one row."""
    gone: list[str] = []
    for kind, old, new in rows:
        if kind == "-":
            gone.append(old)
        elif kind == "+":
            yield ("-" if gone else "+", gone.pop(0) if gone else "", new)
        else:
            yield from (("-", line, "") for line in gone)
            gone.clear()
            yield (kind, old, new)
    yield from (("-", line, "") for line in gone)


def _safe(line: str) -> str:
    """-> a line without control characters, its tabs as spaces."""
    return "".join(letter if letter.isprintable() else "·" for letter in line.replace("\t", _TAB))
