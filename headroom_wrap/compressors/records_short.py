"""A JSON value in; out: its tables with the rows that matter, long strings and arrays by their ends. The lossy form.

What is shown is verbatim; every fold says how much it stands for. Counts and sums in the summaries are over all rows.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from headroom_wrap.compressors.records_form import Found, Tables, notes, tabled
from headroom_wrap.compressors.records_header import header
from headroom_wrap.compressors.records_json import Number, dumps
from headroom_wrap.compressors.records_rows import chosen, summary

LONG_STRING = 1600
"""Characters of a string above which only its ends are shown: about 400 tokens."""
HEAD, TAIL = 600, 240
ROOM = 2500
"""Characters of rows up to which others are shown beside those that must be."""
MANY = 60
"""Plain values in an array above which only its ends are shown."""

_BLOB = re.compile(r"(?:data:[\w/+.-]+;base64,)?[A-Za-z0-9+/_=-]{256,}")
_ERROR = re.compile(r"(?i)\b(?:error|exception|traceback|failed|fatal|panic)\b")
_USED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|&(\d+)', re.S)


def trimmed(value: Any) -> Any:
    """-> the value; encoded blobs, very long strings that speak of no error and long plain arrays cut to their ends."""
    if type(value) is str:
        return _string(value)
    if type(value) is dict:
        return {key: trimmed(item) for key, item in value.items()}
    if type(value) is list:
        if len(value) > MANY and not any(type(item) is dict for item in value):
            return _array(value)
        return [trimmed(item) for item in value]
    return value


def _string(text: str) -> str:
    if len(text) < 256:
        return text
    if _BLOB.fullmatch(text):
        return f"{text[:24]}…[{len(text) - 24:,} more characters of an encoded blob]"
    if len(text) <= LONG_STRING or _ERROR.search(text):
        return text
    return f"{text[:HEAD]}…[{len(text) - HEAD - TAIL:,} characters folded]…{text[-TAIL:]}"


def _array(items: list[Any]) -> list[Any]:
    """The first and last of a long array and, for numbers, the range of all; one that speaks of errors stays whole."""
    if _ERROR.search(dumps(items)):
        return items
    about = f"…{len(items) - 25:,} more"
    if all(type(item) in (int, float) for item in items):
        about += f"; of all: min {min(items)} max {max(items)} mean {sum(items) / len(items):.6g}"
    return [*items[:20], Number(about + "…"), *items[-5:]]


def shortened(value: Any, made: tuple[Tables, Any], opening: str, words: Mapping[str, float]) -> tuple[str, str, str]:
    """-> the lossy form without its footer, what it leaves out, and the options that print that; "" three times where
    nothing could be left out. `made`: what `tabled` made of the value."""
    short = trimmed(value)
    cut = dumps(short) != dumps(value)
    tables, skeleton = tabled(short) if cut else made
    paths = _paths(skeleton)
    total = sum(sum(map(len, found.texts)) for found in tables.found)
    body, gone, rows = [], dict[str, int](), 0
    for number, found in enumerate(tables.found, 1):
        room = ROOM * sum(map(len, found.texts)) // max(1, total)
        kept = (
            chosen(found.records, found.texts, words, room) if len(found.texts) > 10 else set(range(len(found.texts)))
        )
        if len(found.texts) > len(kept):
            gone[paths[number]] = len(found.texts) - len(kept)
        rows += len(found.texts)
        body += _table(number, paths[number], found, kept)
    if not gone and not cut:
        return "", "", ""
    if paths.get(1) != "":
        body.insert(0, dumps(skeleton))
    body[:0] = _legend(tables, body)
    said = [f"{sum(gone.values())} of {rows} rows"] if gone else []
    said += ["parts of long strings and arrays"] if cut else []
    form = "\n".join([f"[part of {opening[1:]}{notes(body)}]", *body])
    return form, " and ".join(said), _options(list(gone), list(paths.values()), cut)


def _options(gone: Sequence[str], paths: Sequence[str], cut: bool) -> str:
    """-> how to ask for rows that are missing, and for values that are cut, also those in rows that are shown."""
    tables = list(gone) or [path for path in paths if not path]
    ways = []
    if tables:
        alone = tables[0] if len(tables) == 1 else "PATH"
        ways.append(f"--jq {shlex.quote(alone)} --rows A-B" if alone else "--rows A-B")
    if cut and tables != [""]:
        ways.append("--jq PATH")
    return " or ".join(ways)


_PLAIN = re.compile(r"[A-Za-z_]\w*", re.A)


def _paths(skeleton: Any) -> dict[int, str]:
    """-> the path to each table in the value, as `headroom get --jq` takes it; "" for the value itself."""
    found: dict[int, str] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, Number) and value.raw.startswith("[table "):
            found[int(value.raw[7:-1])] = path
        elif type(value) is dict:
            for key, item in value.items():
                walk(item, f"{path}.{key}" if _PLAIN.fullmatch(key) else f"{path}.[{dumps(key)}]")
        elif type(value) is list:
            for index, item in enumerate(value):
                walk(item, f"{path}[{index}]" if path else f".[{index}]")

    walk(skeleton, "")
    return found


def _table(number: int, path: str, found: Found, kept: set[int]) -> list[str]:
    count = len(found.texts)
    out = [f"table {number}{' at ' if path else ''}{path}, {count} {found.what}: {header(found.columns)}"]
    if len(kept) == count:
        return out + found.texts
    out += [f"all {count} rows: {'; '.join(about)}"] if (about := summary(found.records)) else []
    before = -1
    for place in sorted(kept):
        out += _gap(before + 2, place)
        # Of rows that follow each other only the first has its number: the others are counted by any reader.
        out.append(found.texts[place] if place == before + 1 > 0 else f"row {place + 1}: {found.texts[place]}")
        before = place
    return out + _gap(before + 2, count)


def _gap(first: int, last: int) -> list[str]:
    if last < first:
        return []
    rows = f"row {first}" if first == last else f"rows {first}-{last}"
    return [f"[{rows} folded]"]


def _legend(tables: Tables, body: Sequence[str]) -> list[str]:
    """-> the legend's lines that the rows shown, or a line of the legend that they need, refer to."""
    lines = tables.legend_lines()
    needed = {int(number) for line in body for number in _USED.findall(line) if number}
    for number in range(len(lines), 0, -1):
        if number in needed:
            needed |= {int(other) for other in _USED.findall(lines[number - 1].partition("=")[2]) if other}
    return [line for number, line in enumerate(lines, 1) if number in needed]
