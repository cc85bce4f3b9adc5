"""A JSON value in, its text with tables out, and back: `write` of `tabled` and `read` are inverses up to whitespace.

    [JSON as tables: …]
    {"total_count":2,"items":[table 1]}
    &1="a long text that stands more than once"
    table 1, 120 rows: id,user{login,site_admin=false},labels[name,color],url~"https://host/{id}"
    1,"ada",[["bug","f00"],["docs","00f"]]

A row is a JSON array without its brackets, so that strings, numbers and nesting stay what they were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from headroom_wrap.compressors.records_header import Reader, header
from headroom_wrap.compressors.records_json import Number, dumps, loads
from headroom_wrap.compressors.records_schema import Column, Legend, fill, table

OPENING = "[JSON as tables"
LINES = "[JSON lines as tables"
AGAIN = 50
"""Rows after which a long table repeats its columns."""
LONG = 200

_PLACE = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|\[table (\d+)\]', re.S)
_MARK = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|(?<=[\[,])(?=,)|!|&\d+|=', re.S)
_TABLE = re.compile(r"table (\d+), (\d+) (rows|entries): (.*)")


@dataclass(frozen=True, slots=True)
class Found:
    """One table: "rows" or "entries", its columns, the text of each row, and the records these were made of."""

    what: str
    columns: list[Column]
    texts: list[str]
    records: list[dict[str, Any]]


class Tables:
    """The tables of one value, while they are being found."""

    def __init__(self) -> None:
        self.legend = Legend()
        self.found: list[Found] = []

    def skeleton(self, value: Any) -> Any:
        """-> the value with `[table n]` in the place of every array or map of records that is shorter so."""
        if type(value) is list:
            if len(value) > 2 and all(type(item) is dict for item in value) and (place := self._table("rows", value)):
                return place
            return [self.skeleton(item) if type(item) in (list, dict) else item for item in value]
        if len(value) > 3 and all(type(item) is dict and "*" not in item for item in value.values()):
            entries = [{"*": name, **item} for name, item in value.items()]
            if sum(map(len, entries)) > 2 * len(entries) and (place := self._table("entries", entries)):
                return place
        return {name: self.skeleton(item) if type(item) in (list, dict) else item for name, item in value.items()}

    def _table(self, what: str, records: list[dict[str, Any]]) -> Number | None:
        known = dict(self.legend.numbers)
        found, texts = table([(record, None) for record in records], self.legend)
        if not found:
            return None
        added = sum(len(text) for text in self.legend.numbers if text not in known)
        if sum(map(len, texts)) + len(header(found)) + added > 0.95 * len(dumps(records)):
            self.legend.numbers = known
            return None
        self.found.append(Found(what, found, texts, records))
        return Number(f"[table {len(self.found)}]")

    def legend_lines(self) -> list[str]:
        """-> the long repeated cells with their numbers."""
        return [f"&{number}={text}" for text, number in self.legend.numbers.items()]


def tabled(value: Any) -> tuple[Tables, Any]:
    """-> the tables of a value, and the value with `[table n]` in their places."""
    tables = Tables()
    return tables, tables.skeleton(value)


def write(made: tuple[Tables, Any], opening: str = OPENING) -> str | None:
    """-> the form of what `tabled` made of a value, or None: it holds no table that is worth it."""
    tables, skeleton = made[0], dumps(made[1])
    if not tables.found:
        return None
    body = tables.legend_lines()
    for number, found in enumerate(tables.found, 1):
        body.append(f"table {number}, {len(found.texts)} {found.what}: {header(found.columns)}")
        body += _repeated(found.columns, found.texts)
    if skeleton != "[table 1]":
        body.insert(0, skeleton)
    return "\n".join([f"{opening}{notes(body)}]", *body])


def _repeated(found: list[Column], texts: list[str]) -> list[str]:
    if len(texts) <= LONG:
        return texts
    short = header([column for column in found if column.live])
    out = []
    for start in range(0, len(texts), AGAIN):
        if start:
            out.append(f"#{start + 1}: {short}")
        out += texts[start : start + AGAIN]
    return out


_NOTES = (
    (re.compile(r"\w="), "k=v same in all rows"),
    (re.compile(r"\?="), "k?=v blank means v"),
    (re.compile(r"~\""), 'k~"{x}" made of column x'),
    (re.compile(r":\""), 'k:"a*b" cell stands at *'),
    (re.compile(r"\*\{"), "* is the entry's key"),
    (re.compile(r"\?(?:[,}\]]|$)"), "k? blank means no such key"),
)


def notes(body: list[str]) -> str:
    """-> what the marks in the headers mean, as far as they occur."""
    heads = [line for line in body if line.startswith("table ")]
    said = [text for mark, text in _NOTES if any(mark.search(head) for head in heads)]
    if any("!" in line for line in body):
        said.append("! no such key")
    if any(line.startswith("&") for line in body):
        said.append("&n see legend")
    return ": a row per record; " + "; ".join(said) if said else ": a row per record"


def read(text: str) -> Any:
    """-> the value of a form. Raises ValueError, KeyError or IndexError where it is none."""
    lines = text.split("\n")[1:]
    legend: list[Any] = [None]
    skeleton = "[table 1]"
    values: dict[int, Any] = {}
    place = 0
    if lines and not _TABLE.match(lines[0]) and not lines[0].startswith("&"):
        skeleton, place = lines[0], 1
    while place < len(lines) and lines[place].startswith("&"):
        legend.append(_marked(lines[place].partition("=")[2], legend))
        place += 1
    while place < len(lines):
        found = _TABLE.fullmatch(lines[place])
        if not found:
            raise ValueError("no table")
        place, rows = _rows(lines, place + 1, int(found[2]))
        values[int(found[1])] = _records(rows, found[4], found[3], legend)
    return _placed(loads_marked(_PLACE.sub(lambda hit: hit[1] or f'"\0t{hit[2]}"', skeleton)), values)


def _rows(lines: list[str], place: int, count: int) -> tuple[int, list[str]]:
    rows: list[str] = []
    while len(rows) < count:
        if not lines[place].startswith("#"):
            rows.append(lines[place])
        place += 1
    return place, rows


def loads_marked(text: str) -> Any:
    """-> the value of a JSON text in which strings that begin with NUL stand for our marks."""
    return loads(text.replace("\0", "\\u0001\\u0001"))


def _mark(hit: re.Match[str]) -> str:
    if hit[1]:
        return hit[1]
    found = hit[0]
    return '"\0="' + "," if found == "=" else f'"\0{found}"'


def _marked(text: str, legend: list[Any]) -> Any:
    return _named(loads_marked(_MARK.sub(_mark, text)), legend)


def _named(value: Any, legend: list[Any]) -> Any:
    if type(value) is list:
        return [_named(item, legend) for item in value]
    if type(value) is str and value.startswith("\1\1&"):
        return legend[int(value[3:])]
    return value


def _records(rows: list[str], head: str, what: str, legend: list[Any]) -> Any:
    found = Reader(head, lambda text: _marked(text, legend)).columns()
    cells = _marked("[" + ",".join(f"[{row}]" for row in rows) + "]", legend)
    pending: list[tuple[int, dict[str, Any], Any, Column]] = []
    records = []
    for row in cells:
        if row and row[0] == "\1\1=":
            records.append(row[1])
        else:
            records.append(Filler(row, pending).record(found, None, 0))
    for _, record, around, column in sorted(pending, key=lambda item: item[0]):
        record[column.key] = fill(column.template, (record, around))
    settled = [_settled(record) for record in records] if "*{" in head else records
    return _map(settled) if what == "entries" else settled


class Entries(list[Any]):
    """The records of a map inside a row, until the templates in them are filled."""


def _map(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {record["*"]: {name: item for name, item in record.items() if name != "*"} for record in records}


def _settled(value: Any) -> Any:
    if type(value) is dict:
        return {name: _settled(item) for name, item in value.items()}
    if type(value) is list:
        return [_settled(item) for item in value]
    return _map([_settled(item) for item in value]) if type(value) is Entries else value


class Filler:
    """The cells of one row, taken one by one by the columns that have live cells."""

    def __init__(self, cells: list[Any], pending: list[tuple[int, dict[str, Any], Any, Column]]) -> None:
        self.cells = iter(cells)
        self.pending = pending

    def record(self, columns: list[Column], around: Any, depth: int) -> dict[str, Any]:
        """-> the record; what a template makes is noted in `pending`, since it may name a later key."""
        record: dict[str, Any] = {}
        for column in columns:
            if column.kind == "{":
                record[column.key] = self.record(column.inner, (record, around), depth + 1)
                continue
            value = next(self.cells, "\1\1") if column.live else "\1\1"
            if value == "\1\1" and column.template:
                record[column.key] = None
                self.pending.append((depth, record, around, column))
            elif (value := self._value(column, value)) != "\1\1!":
                record[column.key] = self._nested(column, value, (record, around), depth + 1)
        return record

    def _value(self, column: Column, value: Any) -> Any:
        if value == "\1\1":
            return column.blank
        if column.affix and type(value) is str and not value.startswith("\1\1"):
            return column.affix[0] + value + column.affix[1]
        return value

    def _nested(self, column: Column, value: Any, around: Any, depth: int) -> Any:
        if type(value) is not list or not column.kind:
            return value
        if column.kind == "?":
            return Filler(value, self.pending).record(column.inner, around, depth)
        records = [
            Filler(item, self.pending).record(column.inner, around, depth) if type(item) is list else item
            for item in value
        ]
        return Entries(records) if column.kind == "*" else records


def _placed(value: Any, values: dict[int, Any]) -> Any:
    if type(value) is list:
        return [_placed(item, values) for item in value]
    if type(value) is dict:
        return {name: _placed(item, values) for name, item in value.items()}
    if type(value) is str and value.startswith("\1\1t"):
        return values[int(value[3:])]
    return value
