"""Records in, columns out: which keys they share, which objects inside them can be spread, what all rows share.

A `Column` is one key of a record. Its `blank` is the cell that is left empty: a value, "!" (the key is absent), or a
template over the other keys; a column without `live` cells needs none at all and stands in the header only.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from headroom_wrap.compressors.records_json import dumps

ABSENT = "!"
WIDEST = 300
"""Columns of one table; a record with keys beyond them stands as plain JSON."""

Row = tuple[dict[str, Any], Any]
"""A record and the row around it (or None), in which a template may look a key up."""


@dataclass(slots=True)
class Column:
    """One key: `kind` is "" (a JSON value), "{" (an object spread out), "?" (an object in brackets), "[", "*"."""

    key: str
    kind: str = ""
    blank: str | None = None
    template: tuple[str, ...] = ()
    affix: tuple[str, str] | None = None
    live: bool = True
    inner: list[Column] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)


class Legend:
    """Long cells that occur more than once, by number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def short(self, cells: list[str]) -> list[str]:
        """-> the cells, the long repeated ones replaced by `&n`."""
        counts = Counter(cell for cell in cells if len(cell) >= 24)
        often = {cell for cell, count in counts.items() if (count - 1) * (len(cell) - 4) > 24}
        if not often:
            return cells
        return [f"&{self.numbers.setdefault(cell, len(self.numbers) + 1)}" if cell in often else cell for cell in cells]


def merged(shapes: Counter[tuple[str, ...]]) -> tuple[list[str], set[tuple[str, ...]]]:
    """-> one key order and the shapes that are subsequences of it, the frequent ones first."""
    order: list[str] = []
    places: dict[str, int] = {}
    fitting: set[tuple[str, ...]] = set()
    for shape, _ in shapes.most_common():
        grown = _with(order, places, shape)
        if grown is None:
            continue
        fitting.add(shape)
        if grown is not order:
            order, places = grown, {key: place for place, key in enumerate(grown)}
    return order, fitting


def _with(order: list[str], places: dict[str, int], shape: tuple[str, ...]) -> list[str] | None:
    """-> the order with a shape's new keys behind their predecessors; None: they conflict, or there are too many."""
    known = [places[key] for key in shape if key in places]
    if any(after < before for before, after in pairwise(known)):
        return None
    if len(known) == len(shape):
        return order
    if len(order) + len(shape) - len(known) > WIDEST:
        return None
    behind: dict[int, list[str]] = {}
    last = -1
    for key in shape:
        last = places.get(key, last)
        if key not in places:
            behind.setdefault(last, []).append(key)
    grown = list(behind.get(-1, ()))
    for place, key in enumerate(order):
        grown.append(key)
        grown.extend(behind.get(place, ()))
    return grown


def columns(rows: list[Row], order: list[str], legend: Legend) -> list[Column]:
    """-> the columns of records that all fit `order`."""
    derived: set[str] = set()
    named: set[str] = set()
    found = []
    for key in order:
        values = [record.get(key, ABSENT_VALUE) for record, _ in rows]
        template = () if key in named else _template(key, rows, values, derived)
        column = _made(key, rows, values, template) if template else None
        if column:
            derived.add(key)
            named.update(template[1::2])
        found.append(column or _column(key, rows, values, legend))
    return found


class _Absent:
    __slots__ = ()


ABSENT_VALUE = _Absent()


def _column(key: str, rows: list[Row], values: list[Any], legend: Legend) -> Column:
    kinds = Counter(map(type, values))
    if kinds[dict] >= 2 and not kinds[list]:
        spread = _object(key, rows, values, legend, whole=kinds[dict] == len(values))
        if spread:
            return spread
    if kinds[list] and not kinds[dict]:
        nested = _array(key, rows, values, legend)
        if nested:
            return nested
    return _blanked(Column(key), [_text(value) for value in values], legend, values)


def _object(key: str, rows: list[Row], values: list[Any], legend: Legend, whole: bool) -> Column | None:
    """An object in (nearly) every row: its keys become columns if the objects resemble each other."""
    inner = [(value, row) for value, row in zip(values, rows, strict=True) if type(value) is dict]
    shapes = Counter(tuple(value) for value, _ in inner)
    order, fitting = merged(shapes)
    if (
        len(fitting) != len(shapes)
        or not order
        or sum(len(value) for value, _ in inner) < 0.4 * len(order) * len(inner)
    ):
        return _map(key, rows, values, legend)
    spread = columns(inner, order, legend)
    if whole and () not in shapes:
        return Column(key, "{", inner=spread, cells=flat(spread), live=any(column.live for column in spread))
    texts = iter(f"[{row}]" for row in lines(spread, len(inner)))
    cells = [next(texts) if type(value) is dict else _text(value) for value in values]
    return _blanked(Column(key, "?", inner=spread), cells, legend)


def _map(key: str, rows: list[Row], values: list[Any], legend: Legend) -> Column | None:
    """Objects by free keys (versions, ids): each entry becomes a row whose first cell is its key."""
    entries = [
        ({"*": name, **item}, row)
        for value, row in zip(values, rows, strict=True)
        if type(value) is dict
        for name, item in value.items()
        if type(item) is dict and "*" not in item
    ]
    total = sum(len(value) for value in values if type(value) is dict)
    if len(entries) != total:
        return None
    return _nested(Column(key, "*"), entries, values, legend)


def _array(key: str, rows: list[Row], values: list[Any], legend: Legend) -> Column | None:
    """Arrays of objects inside a row: each becomes an array of rows without their keys."""
    entries = [
        (item, row)
        for value, row in zip(values, rows, strict=True)
        if type(value) is list
        for item in value
        if type(item) is dict
    ]
    if len(entries) != sum(len(value) for value in values if type(value) is list):
        return None
    return _nested(Column(key, "["), entries, values, legend)


def _nested(column: Column, entries: list[Row], values: list[Any], legend: Legend) -> Column | None:
    if len(entries) < 3:
        return None
    column.inner, texts = table(entries, legend)
    if not column.inner:
        return None
    following = iter(texts)
    cells = []
    for value in values:
        if type(value) in (list, dict):
            cells.append("[" + ",".join(_bracketed(next(following)) for _ in value) + "]")
        else:
            cells.append(_text(value))
    return _blanked(column, cells, legend)


def _bracketed(row: str) -> str:
    return row[1:] if row.startswith("=") else f"[{row}]"


def table(rows: list[Row], legend: Legend) -> tuple[list[Column], list[str]]:
    """-> the columns, and the row's text for each record: its cells, or `={…}` where it doesn't fit."""
    order, fitting = merged(Counter(tuple(record) for record, _ in rows))
    inside = [tuple(record) in fitting for record, _ in rows]
    fit = [row for row, good in zip(rows, inside, strict=True) if good]
    if len(fit) < 0.5 * len(rows) or sum(len(record) for record, _ in fit) < 0.2 * len(order) * len(fit):
        return [], []
    found = columns(fit, order, legend)
    texts = iter(lines(found, len(fit)))
    return found, [
        next(texts) if good else f"={_plain(record)}" for (record, _), good in zip(rows, inside, strict=True)
    ]


def _plain(record: dict[str, Any]) -> str:
    return dumps(record)


def flat(found: list[Column]) -> list[list[str]]:
    """-> the live cells of columns side by side, spread objects included."""
    return [cells for column in found for cells in column.cells]


def lines(found: list[Column], count: int) -> list[str]:
    """-> the text of each row: cells with commas between, blanks at the end left out."""
    live = flat(found)
    if not live:
        return [""] * count
    return [",".join(cells).rstrip(",") for cells in zip(*live, strict=True)]


def _text(value: Any) -> str:
    return ABSENT if value is ABSENT_VALUE else dumps(value)


def _blanked(column: Column, cells: list[str], legend: Legend, values: list[Any] | None = None) -> Column:
    """Leave out what most rows share, then cut common ends, then number what is long and repeated."""
    common, count = Counter(cells).most_common(1)[0]
    if count == len(cells) and (count > 1 or len(common) < 200):
        column.blank, column.live = common, False
        return column
    if count >= 0.6 * len(cells) or (count > 1 and count * len(common) > 0.3 * sum(map(len, cells))):
        column.blank = common
        cells = ["" if cell == common else cell for cell in cells]
    elif values and len(cells) > 2:
        cells = _cut(column, values, cells)
    column.cells = [legend.short(cells)]
    return column


_EDGE = re.compile(r"[^A-Za-z0-9]")


def _cut(column: Column, values: list[Any], cells: list[str]) -> list[str]:
    """Move a prefix and suffix that all strings of the column share into the header, cut where no word is split."""
    texts = [value for value in values if type(value) is str]
    if len(texts) < 3 or len(set(texts)) < 3 or any(type(value) in (list, dict) for value in values):
        return cells
    low, high = min(texts), max(texts)
    head = _boundary(_common(low, high))
    rest = [text[len(head) :][::-1] for text in texts]
    tail = _boundary(_common(min(rest), max(rest)))[::-1]
    if (len(head) + len(tail)) * len(texts) < 100 or len(head) + len(tail) < 12:
        return cells
    column.affix = (head, tail)
    end = -len(tail) or None
    return [
        dumps(value[len(head) : end]) if type(value) is str else cell for value, cell in zip(values, cells, strict=True)
    ]


def _common(first: str, second: str) -> str:
    limit = min(len(first), len(second))
    place = next((index for index in range(limit) if first[index] != second[index]), limit)
    return first[:place]


def _boundary(text: str) -> str:
    while text and not _EDGE.match(text[-1]):
        text = text[:-1]
    return text


def _template(key: str, rows: list[Row], values: list[Any], derived: set[str]) -> tuple[str, ...]:
    """-> the parts of a text made from other keys: literal, key, literal, key, …, literal; () if there is none.

    A key that is itself `derived` can't be named, so that a reader never has to follow two steps.
    """
    if sum(type(value) is str for value in values) < max(3, 0.6 * len(rows)):
        return ()
    strings = [place for place, value in enumerate(values) if type(value) is str]
    picks = [strings[0], strings[len(strings) // 2], strings[-1]]
    first = values[picks[0]]
    if len(first) < 6 or "{" in first or "}" in first or first == values[picks[1]] == values[picks[2]]:
        return ()
    around = [scalars(rows[pick], key) for pick in picks]
    parts = [first]
    for name, text in sorted(around[0].items(), key=lambda pair: -len(pair[1]))[:WIDEST]:
        if len(text) < 2 or text not in first or name in derived:
            continue
        if all(other.get(name, "\0") in values[pick] for other, pick in zip(around, picks, strict=True)):
            parts = _split(parts, text, name)
    return tuple(parts) if len(parts) > 1 else ()


def _split(parts: list[str], text: str, name: str) -> list[str]:
    out: list[str] = []
    for place, part in enumerate(parts):
        if place % 2:
            out.append(part)
            continue
        pieces = part.split(text)
        for piece in pieces[:-1]:
            out += [piece, name]
        out.append(pieces[-1])
    return out


def scalars(row: Row | None, key: str) -> dict[str, str]:
    """-> the keys that a template may name, with their text: the row's own, then those of the rows around it."""
    found: dict[str, str] = {}
    while row is not None:
        for name, value in row[0].items():
            if name != key and name not in found and "}" not in name:
                if type(value) is str:
                    found[name] = value
                elif type(value) is int:
                    found[name] = str(value)
        key, row = "", row[1]
    return found


def fill(template: tuple[str, ...], row: Row) -> str | None:
    """-> the text that a template makes of a row; None: the row lacks a key."""
    out = []
    for place, part in enumerate(template):
        if place % 2:
            value = look_up(part, row)
            if value is None:
                return None
            out.append(value)
        else:
            out.append(part)
    return "".join(out)


def look_up(name: str, row: Row | None) -> str | None:
    """-> the text of a key in the row or the rows around it."""
    while row is not None:
        value = row[0].get(name)
        if type(value) is str:
            return value
        if type(value) is int:
            return str(value)
        row = row[1]
    return None


def _made(key: str, rows: list[Row], values: list[Any], template: tuple[str, ...]) -> Column | None:
    """Blank where the template gives the very text; None: it is wrong too often."""
    right = [type(value) is str and fill(template, row) == value for row, value in zip(rows, values, strict=True)]
    if sum(right) < 0.6 * len(right):
        return None
    column = Column(key, template=template, live=not all(right))
    if column.live:
        column.cells = [["" if good else _text(value) for good, value in zip(right, values, strict=True)]]
    return column
