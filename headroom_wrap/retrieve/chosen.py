"""A text and what is wanted of it in; out: the numbered lines, or rows of JSON, that are wanted, in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from headroom_wrap.refused import Refused


class Wanted(NamedTuple):
    """Which part of an original is wanted; None, empty and 0: no such limit. Everything counts from 1.

    `jq` is a path into JSON (`retrieve.json_path`), `where` a condition on its rows (`retrieve.where`). `grep` is
    looked for in each line, or in each row where rows are wanted; `head` and `tail` count what is left then.
    """

    lines: tuple[int, int] | None = None
    rows: tuple[int, int] | None = None
    chars: tuple[int, int] | None = None
    jq: str = ""
    where: str = ""
    grep: re.Pattern[str] | None = None
    around: int = 0
    head: int | None = None
    tail: int | None = None
    stat: bool = False


class Part(NamedTuple):
    """A line or a row as it is printed, with its number and its line end."""

    number: int
    text: str


class Chosen(NamedTuple):
    """The wanted "lines" or "rows", out of `total`."""

    what: str
    total: int
    parts: Sequence[Part]


def chosen(text: str, wanted: Wanted) -> Chosen:
    """-> what is wanted of a text. Raises Refused where a path, a condition or rows don't fit it."""
    if wanted.lines and (wanted.rows or wanted.where):
        raise Refused("lines and rows are different counts", "", "give --lines, or --rows and --where")
    if not (wanted.jq or wanted.rows or wanted.where):
        return _lines(text, wanted)
    from headroom_wrap.retrieve import rows  # noqa: PLC0415 - JSON, which lines do without

    found = rows.found(text, wanted.jq, as_rows=bool(wanted.rows or wanted.where))
    if isinstance(found, str):
        return _lines(found, wanted)
    numbered = list(enumerate(found, 1))
    first, last = wanted.rows or wanted.lines or (1, len(numbered))
    kept = rows.matching(numbered[first - 1 : last], wanted.where)
    parts = [Part(number, f"{row.text}\n") for number, row in kept]
    if wanted.grep is not None:
        parts = _matching(parts, wanted.grep, wanted.around)
    elif wanted.where:
        parts = [Part(number, f"{number}:{line}") for number, line in parts]
    return Chosen("rows", len(numbered), _ends(parts, wanted))


def lines_of(text: str) -> list[str]:
    """-> the lines with their ends, split at newlines only, as compressors, editors and `grep -n` number them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _lines(text: str, wanted: Wanted) -> Chosen:
    lines = lines_of(text)
    first, last = wanted.lines or (1, len(lines))
    parts = [Part(*numbered) for numbered in enumerate(lines[first - 1 : last], first)]
    if wanted.grep is not None:
        parts = _matching(parts, wanted.grep, wanted.around)
    return Chosen("lines", len(lines), _ends(parts, wanted))


def _ends(parts: list[Part], wanted: Wanted) -> list[Part]:
    """-> the first and the last parts, where only those are wanted."""
    head, tail = parts[: wanted.head], parts[-wanted.tail :] if wanted.tail else parts
    if wanted.head and wanted.tail:
        return head + [part for part in tail if part.number > head[-1].number] if head else []
    return head if wanted.head else tail


def _matching(parts: list[Part], grep: re.Pattern[str], around: int) -> list[Part]:
    """-> the matching parts and those around them, in the form of `grep -n`: `12:` a match, `13-` beside one."""
    hits = {place for place, part in enumerate(parts) if grep.search(part.text)}
    near = {place for hit in hits for place in range(hit - around, hit + around + 1)} & set(range(len(parts)))
    printed: list[Part] = []
    for place in sorted(near):
        number, line = parts[place]
        gap = "--\n" if around and printed and place - 1 not in near else ""
        printed.append(Part(number, f"{gap}{number}{':' if place in hits else '-'}{line}"))
    return printed
