"""Text with a table in (CSV, TSV, psql, mysql, Markdown, kubectl and other aligned columns), its cells out, and back.

A `Layout` says how cells become a line; a text is read as a table only if each of its rows comes back from its cells
to the letter. `write` leaves out padding, values that all rows share and the common ends of times; `expand` puts them
back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FEWEST = 10
"""Rows below which a table is short enough to be read as it is."""

SEPARATORS = (",", "\t", ";")
AROUND = 12
"""Lines beside the rows: names, rules, counts, a warning."""

OPENING = "[table, "
_OPENED = re.compile(r"\[table, (\d+) rows; name=v in all, name:a\*b around its cells: (\{.*\}); layout: (\[.*\])\]")
_RULE = re.compile(r"[+|: -]*-{2,}[+|: -]*")
_CAPITALS = re.compile(
    r"[A-Z][A-Z0-9_()%/.:#-]*(?: [A-Z0-9_()%/.:#-]+)*(?: {2,}[A-Z(%#][A-Z0-9_()%/.:#-]*(?: [A-Z0-9_()%/.:#-]+)*)+ *"
)
_NAME = re.compile(r"[A-Za-z_@][\w .()/%#:-]{0,60}")
_TIME = re.compile(r"\"?\d{4}-\d\d-\d\d")
_EDGE = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Layout:
    """How cells become a line: what stands left of them, between them, right of them; `pads`: the width of each
    column, negative where its cells stand at the right, 0 where they are not padded."""

    left: str
    between: str
    right: str
    pads: tuple[int, ...]

    def line(self, cells: Sequence[str]) -> str:
        """-> the line that these cells stand in."""
        padded = (cell.ljust(pad) if pad >= 0 else cell.rjust(-pad) for cell, pad in zip(cells, self.pads, strict=True))
        return self.left + self.between.join(padded) + self.right


@dataclass(frozen=True, slots=True)
class Table:
    """Lines before the rows, the names of the columns, the cells of each row, and the lines behind them."""

    head: list[str]
    names: list[str]
    rows: list[list[str]]
    tail: list[str]
    layout: Layout


def read(text: str) -> Table | None:
    """-> the table that (nearly) all of a text is; None: none, or one whose rows can't be written again."""
    lines = text.split("\n")
    return _ruled(lines) or _aligned(lines) or _delimited(lines)


def _ruled(lines: list[str]) -> Table | None:
    """psql, mysql, Markdown: names between bars over a rule."""
    rule = next(
        (place for place, line in enumerate(lines[:8]) if place and "|" in lines[place - 1] and _RULE.fullmatch(line)),
        0,
    )
    if not rule:
        return None
    last = rule + 1
    while last < len(lines) and "|" in lines[last] and not _RULE.fullmatch(lines[last]):
        last += 1
    boxed = lines[rule - 1].startswith("|")
    left, right = ("| ", " |") if boxed else (" ", "")
    rows = [line.removeprefix(left).removesuffix(right).split(" | ") for line in lines[rule + 1 : last]]
    names = [name.strip() for name in lines[rule - 1].strip("| ").split("|")]
    return _made(lines, (rule + 1, last), names, rows, (left, " | ", right))


def _aligned(lines: list[str]) -> Table | None:
    """kubectl, docker, ps: names in capitals, each over the beginning of its cells."""
    head = next((place for place, line in enumerate(lines[:4]) if _CAPITALS.fullmatch(line)), -1)
    if head < 0:
        return None
    found = list(re.finditer(r"\S+(?: \S+)*", lines[head]))
    starts = [each.start() for each in found]
    last = head + 1
    while last < len(lines) and lines[last].strip():
        last += 1
    rows = [
        [line[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
        for line in lines[head + 1 : last]
    ]
    return _made(lines, (head + 1, last), [each[0] for each in found], rows, (" " * starts[0], "", ""))


def _delimited(lines: list[str]) -> Table | None:
    """CSV and TSV: as many cells in every row as there are names."""
    last = next((place for place, line in enumerate(lines) if not line), len(lines))
    counts = {mark: lines[0].count(mark) for mark in SEPARATORS}
    mark = max(counts, key=lambda each: counts[each])
    names = [name.strip('"') for name in lines[0].rstrip("\r").split(mark)]
    if counts[mark] < 2 or len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        return None
    rows = [_cells(line, mark) for line in lines[1:last]]
    return _made(lines, (1, last), names, rows, ("", mark, ""))


def _cells(line: str, mark: str) -> list[str]:
    """-> the cells of a line as they stand there, quotes included."""
    if '"' not in line:
        return line.split(mark)
    escaped = re.escape(mark)
    return re.findall(rf'(?:^|(?<={escaped}))((?:"[^"]*")+|[^"{escaped}][^{escaped}]*|)(?={escaped}|\Z)', line)


def _made(
    lines: list[str], span: tuple[int, int], names: list[str], rows: list[list[str]], marks: tuple[str, str, str]
) -> Table | None:
    """-> the table, if it is most of the text and its rows come back."""
    first, last = span
    if (
        len(rows) < FEWEST
        or len(set(names)) < len(names)
        or len(rows) < 0.8 * len(lines)
        or any(len(row) != len(names) for row in rows)
    ):
        return None
    padded = marks[1] not in SEPARATORS
    pads = tuple(_pad([row[place] for row in rows]) if padded else 0 for place in range(len(names)))
    layout = Layout(*marks, pads)
    cells = [[cell.strip(" ") if pad else cell for cell, pad in zip(row, pads, strict=True)] for row in rows]
    if any(layout.line(row) != line for row, line in zip(cells, lines[first:last], strict=True)):
        return None
    return Table(lines[:first], names, cells, lines[last:], layout)


def _pad(cells: Sequence[str]) -> int:
    """-> the width to which all cells of a column are padded, negative: at the left; 0: they aren't."""
    widths = {len(cell) for cell in cells}
    if len(widths) > 1 or not any(cell.endswith(" ") or cell.startswith(" ") for cell in cells):
        return 0
    width = widths.pop()
    return -width if not any(cell.endswith(" ") for cell in cells) else width


def write(table: Table) -> str:
    """-> the table without its padding and without what all cells of a column share.

    The first line says it, for a reader and for `expand`: `{"level":"=INFO","time":"2026-01-02T*Z"}`: every level is
    INFO and has no cell, a cell of time stands at the star.
    """
    shared = {name: _shared(column) for name, column in zip(table.names, zip(*table.rows, strict=True), strict=True)}
    layout = table.layout
    mark = next(mark for mark in (layout.between, "|", "\t", "¦", "\x1f") if _alone(mark, table.rows))
    rows = [
        mark.join(
            cell[ends.index("*") : len(cell) - len(ends) + ends.index("*") + 1] if ends else cell
            for cell, ends in zip(row, shared.values(), strict=True)
            if not ends.startswith("=")
        )
        for row in table.rows
    ]
    spec = {name: ends for name, ends in shared.items() if ends}
    form = [len(table.head), table.names, mark, layout.left, layout.between, layout.right, layout.pads]
    opening = (
        f"{OPENING}{len(rows)} rows; name=v in all, name:a*b around its cells: {_json(spec)}; layout: {_json(form)}]"
    )
    return "\n".join([opening, *table.head, *rows, *table.tail])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _shared(column: Sequence[str]) -> str:
    """-> what all cells are ("=value"), or how times begin and end, cut where no word is split ("a*b"); "": nothing.

    Names keep their common ends, for agents copy them: `kubectl logs web-6fa7e6`.
    """
    low, high = min(column), max(column)
    if low == high:
        return "=" + low
    if not _TIME.match(low):
        return ""
    head = _common(low, high)
    rest = [cell[len(head) :][::-1] for cell in column]
    tail = _common(min(rest), max(rest))[::-1]
    return f"{head}*{tail}" if len(head) + len(tail) > 2 and "*" not in head + tail else ""


def _common(low: str, high: str) -> str:
    end = next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    while end and not _EDGE.match(low[end - 1]):
        end -= 1
    return low[:end]


def _alone(mark: str, rows: Sequence[Sequence[str]]) -> bool:
    """-> whether a mark stands in no cell, and so tells them apart; the last resort does, or the form is not used."""
    return mark == "\x1f" or (len(mark) == 1 and not any(mark in cell for row in rows for cell in row))


def expand(text: str) -> str:
    """-> the text that `write` was given the table of; any other text as it is."""
    first, _, rest = text.partition("\n")
    found = _OPENED.fullmatch(first)
    if not found:
        return text
    count, spec = int(found[1]), json.loads(found[2])
    above, names, mark, left, between, right, pads = json.loads(found[3])
    layout = Layout(left, between, right, tuple(pads))
    lines = rest.split("\n")
    rows = (iter(line.split(mark)) for line in lines[above : above + count])
    made = [layout.line([_cell(spec.get(name, "*"), cells) for name in names]) for cells in rows]
    return "\n".join([*lines[:above], *made, *lines[above + count :]])


def _cell(ends: str, cells: Iterator[str]) -> str:
    return ends[1:] if ends.startswith("=") else ends.replace("*", next(cells))
