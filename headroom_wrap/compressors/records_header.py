"""Columns in, the header line of their table out, and back: `id,user{login,admin=false},labels[name],url~"https://h/{id}"`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from headroom_wrap.compressors.records_json import dumps, loads
from headroom_wrap.compressors.records_schema import ABSENT, Column

_PLAIN = re.compile(r"[A-Za-z_@$][\w.$/@-]*|\*", re.A)
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.S)
_PART = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]|,', re.S)
_KEYS = re.compile(r"\{([^{}]*)\}")
_KINDS = {"{": "{", "?{": "?", "[": "[", "*{": "*"}
_OPEN = re.compile(r"\?\{|\*\{|\{|\[")


def header(columns: list[Column]) -> str:
    """-> the columns by name, each with what its blank cells mean."""
    return ",".join(_column(column) for column in columns)


def _column(column: Column) -> str:
    key = column.key if _PLAIN.fullmatch(column.key) else dumps(column.key)
    if column.kind:
        opening = {kind: mark for mark, kind in _KINDS.items()}[column.kind]
        key += opening + header(column.inner) + ("]" if opening == "[" else "}")
    may = "?" if column.live else ""
    if column.template:
        parts = [f"{{{part}}}" if place % 2 else part for place, part in enumerate(column.template)]
        return f"{key}{may}~{dumps(''.join(parts))}"
    if column.affix:
        return f"{key}:{dumps('*'.join(column.affix))}"
    if column.blank == ABSENT:
        return f"{key}?"
    return key if column.blank is None else f"{key}{may}={column.blank}"


class Reader:
    """Reads a header from left to right. `value` turns the text of a cell into its value."""

    def __init__(self, text: str, value: Callable[[str], Any]) -> None:
        self.text = text
        self.value = value
        self.at = 0

    def columns(self) -> list[Column]:
        """-> the columns up to the closing bracket or the end."""
        found = [self._column()]
        while self.text[self.at : self.at + 1] == ",":
            self.at += 1
            found.append(self._column())
        return found

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found[0] if found else ""

    def _column(self) -> Column:
        key = self._take(_STRING)
        column = Column(loads(key) if key else self._take(_PLAIN))
        opening = self._take(_OPEN)
        if opening:
            column.kind = _KINDS[opening]
            column.inner = self.columns()
            self.at += 1
            column.live = column.kind != "{"
        return self._ending(column)

    def _ending(self, column: Column) -> Column:
        mark = self.text[self.at : self.at + 1]
        if mark == "?":
            self.at += 1
            column.blank = "\1\1!"
            mark = self.text[self.at : self.at + 1]
        elif mark in ("=", "~"):
            column.live = False
        if mark == "=":
            self.at += 1
            column.blank = self.value(self._cell())
        elif mark == "~":
            self.at += 1
            column.template = tuple(_KEYS.split(loads(self._take(_STRING))))
        elif mark == ":":
            self.at += 1
            head, _, tail = loads(self._take(_STRING)).partition("*")
            column.affix = (head, tail)
        return column

    def _cell(self) -> str:
        """-> the text of a cell: up to the comma or closing bracket that belongs to the header."""
        start, depth = self.at, 0
        for found in _PART.finditer(self.text, self.at):
            if found[0] in "[{":
                depth += 1
            elif depth == 0 and (found[0] == "," or found[0] in "]}"):
                self.at = found.start()
                return self.text[start : self.at]
            elif found[0] in "]}":
                depth -= 1
        self.at = len(self.text)
        return self.text[start:]
