"""JSON text and a path in; out: the rows there, each with its own tokens to the letter, whitespace between them gone.

A path is the simple part of jq's: `.items`, `.a.b[3].c`, `.["a key"]`, `.[]` for each. JSON lines count as one array.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from headroom_wrap.refused import Refused

_STEP = re.compile(r'\.?(?:\[?"((?:[^"\\]|\\.)*)"\]?|\[(-?\d*)\]|([^.\[\]\s"]+))')
_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\n\r]+', re.S)
_BLANK = re.compile(r"[ \t\n\r]*")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_NAMES = 20


class Row(NamedTuple):
    """A value and its text; in a map, the text has the key before it and an object's value the key under `*`."""

    text: str
    value: Any


def found(text: str, path: str, *, as_rows: bool = False) -> list[Row] | str:
    """-> the rows at a path, or the text that stands there: a string's own, or any other value's JSON.

    `as_rows`: rows are wanted also where an object stands: its only array, otherwise its entries. Raises Refused.
    """
    at, many = [_whole(text)], False
    for key, index in list(_steps(path)):
        if key is None and index is None:
            at, many = [row for node in at for row in _children(node)], True
        else:
            at = [_child(node, key if key is not None else index, path) for node in at]
    if many:
        return [_tight(row) for row in at]
    node = at[0]
    if isinstance(node.value, list):
        return [_tight(row) for row in _children(node)]
    if as_rows and isinstance(node.value, dict):
        return [_tight(row) for row in _table(node)]
    if as_rows:
        raise Refused(f"no rows at {path or '.'}", f"a {type(node.value).__name__} stands there", "leave out --rows")
    return node.value if isinstance(node.value, str) else _tight(node).text


def matching(rows: Sequence[tuple[int, Row]], where: str) -> Sequence[tuple[int, Row]]:
    """-> the numbered rows for which a condition holds; all where there is none. Raises Refused."""
    if not where:
        return rows
    from headroom_wrap.retrieve.where import condition  # noqa: PLC0415

    holds = condition(where)
    return [(number, row) for number, row in rows if holds(row.value)]


def _int(raw: str) -> int | float:
    return int(raw) if len(raw) < 400 else float(raw)


_DECODER = json.JSONDecoder(strict=False, parse_int=_int)


def _whole(text: str) -> Row:
    """-> the JSON value or, of JSON lines, an array of them. Raises Refused for any other text."""
    for tried in (text, _COLOUR.sub("", text) if "\x1b" in text else ""):
        if tried.strip():
            try:
                return _decoded(tried.strip())
            except ValueError:
                lines = [line.strip() for line in tried.split("\n") if line.strip()]
            try:
                return Row(f"[{','.join(_decoded(line).text for line in lines)}]", [None] * len(lines))
            except ValueError:
                continue
    raise Refused("this original is not JSON", "it has no rows or paths", "use --lines or --grep")


def _decoded(text: str) -> Row:
    try:
        return Row(text, _DECODER.decode(text))
    except RecursionError:
        raise Refused("this JSON is nested too deep", "", "use --lines or --chars") from None


def _steps(path: str) -> Iterator[tuple[str | None, int | None]]:
    """-> for each step of a path its key, or its index, or neither for `[]`. Raises Refused."""
    at = 0
    path = path.strip()
    while path[at:] not in ("", "."):
        step = _STEP.match(path, at)
        if step is None:
            raise Refused(f"{path!r} is not a path", "", 'write one like .items, .a.b[3].c, .["a key"] or .[].name')
        at = step.end()
        if step[2] is not None:
            yield None, int(step[2]) if step[2].strip("-") else None
        else:
            yield (json.loads(f'"{step[1]}"', strict=False) if step[1] is not None else step[3]), None


def _child(node: Row, step: str | int | None, path: str) -> Row:
    """-> the value of a key or at an index (from 0, as in jq). Raises Refused."""
    rows = _children(node) if isinstance(node.value, list) else None
    if rows is not None and isinstance(step, int) and -len(rows) <= step < len(rows):
        return rows[step]
    entries = dict(_entries(node.text)) if isinstance(node.value, dict) else {}
    if step in entries:
        return entries[str(step)]
    has = (
        f"{len(rows)} value{'s' * (len(rows) != 1)}, from [0]"
        if rows is not None
        else ", ".join(list(entries)[:_NAMES])
    )
    raise Refused(f"there is no {step!r} on the path {path}", f"there is: {has or 'a plain value'}", "correct the path")


def _children(node: Row) -> list[Row]:
    """-> the values in an array, or those of an object; none in a plain value."""
    if isinstance(node.value, dict):
        return [row for _, row in _entries(node.text)]
    return list(_items(node.text)) if isinstance(node.value, list) else []


def _table(node: Row) -> list[Row]:
    """-> an object's rows: its one array, unless it is a map of objects; otherwise its entries, keys and all."""
    entries = list(_entries(node.text))
    arrays = [row for _, row in entries if isinstance(row.value, list)]
    if len(arrays) == 1 and not all(isinstance(row.value, dict) for _, row in entries if row != arrays[0]):
        return _children(arrays[0])
    if len(entries) == 1 and arrays:
        return _children(arrays[0])
    return [Row(f"{json.dumps(key, ensure_ascii=False)}:{row.text}", _keyed(key, row.value)) for key, row in entries]


def _keyed(key: str, value: Any) -> Any:
    return {"*": key, **value} if isinstance(value, dict) else {"*": key, "value": value}


def _items(text: str) -> Iterator[Row]:
    """-> the values of an array's text, which has been decoded once already."""
    at = _past(text, 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield Row(text[at:end], value)
        at = _past(text, end)
        at = _past(text, at + 1) if text[at] == "," else at


def _entries(text: str) -> Iterator[tuple[str, Row]]:
    """-> the keys and values of an object's text, which has been decoded once already."""
    at = _past(text, 1)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        start = _past(text, _past(text, end) + 1)
        value, end = _DECODER.raw_decode(text, start)
        yield key, Row(text[start:end], value)
        at = _past(text, end)
        at = _past(text, at + 1) if text[at] == "," else at


def _past(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _tight(row: Row) -> Row:
    """-> the row without the whitespace between its tokens, on one line."""
    return row._replace(text=_SPACE.sub(lambda token: token[1] or "", row.text))
