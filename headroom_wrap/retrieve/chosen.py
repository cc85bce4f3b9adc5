"""A text and what is wanted of it in; out: the numbered lines, or rows of JSON, that are wanted, in their order."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

from headroom_wrap.refused import Refused
from headroom_wrap.retrieve.around import LONG, around, core


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
    """The wanted "lines" or "rows", out of `total`. `cut`: of long ones only what stands around the matches."""

    what: str
    total: int
    parts: Sequence[Part]
    cut: bool = False


def chosen(text: str, wanted: Wanted, *, whole: bool = False) -> Chosen:
    """-> what is wanted of a text; `whole`: long lines that match too. Raises Refused for what doesn't fit the text."""
    if wanted.lines and (wanted.rows or wanted.where):
        raise Refused("lines and rows are different counts", "", "give --lines, or --rows and --where")
    if not (wanted.jq or wanted.rows or wanted.where):
        return _lines(text, wanted, whole)
    from headroom_wrap.retrieve import rows  # noqa: PLC0415 - JSON, which lines do without

    found = rows.found(text, wanted.jq, as_rows=bool(wanted.rows or wanted.where))
    if isinstance(found, str):
        return _lines(found, wanted, whole)
    first, last = _within(wanted, "rows", len(found))
    kept = rows.matching(list(enumerate(found, 1))[first - 1 : last], wanted.where)
    parts = [Part(number, f"{row.text}\n") for number, row in kept]
    if wanted.where and wanted.grep is None:
        parts = [Part(number, f"{number}:{line}") for number, line in parts]
    return _chosen("rows", len(found), parts, wanted, whole)


def number_of(total: int, what: str) -> str:
    """-> "200 lines", "1 line": without commas, for who copies the number into an option."""
    return f"{total} {what if total != 1 else what[:-1]}"


def lines_of(text: str) -> list[str]:
    """-> the lines with their ends, split at newlines only, as compressors, editors and `grep -n` number them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _lines(text: str, wanted: Wanted, whole: bool) -> Chosen:
    lines = lines_of(text)
    first, last = _within(wanted, "lines", len(lines))
    parts = [Part(*numbered) for numbered in enumerate(lines[first - 1 : last], first)]
    return _chosen("lines", len(lines), parts, wanted, whole)


def _within(wanted: Wanted, what: str, total: int) -> tuple[int, int]:
    """-> the first and the last that are wanted. Raises Refused where there are not so many."""
    first, last = wanted.rows or wanted.lines or (1, total)
    if first > max(total, 1):
        option = "--rows" if wanted.rows else "--lines"
        has = f"{wanted.jq or 'it'} has {number_of(total, what)}"
        raise Refused(f"there is no {what[:-1]} {first}", has, f"correct {option}")
    return first, last


def _chosen(what: str, total: int, parts: list[Part], wanted: Wanted, whole: bool) -> Chosen:
    if wanted.grep is None:
        return Chosen(what, total, _ends(parts, wanted))
    least = sys.maxsize if whole else LONG
    printed = _ends(_matching(parts, wanted.grep, wanted.around, what[:-1], least), wanted)
    long = {part.number for part in parts if len(part.text) > least}
    return Chosen(what, total, printed, any(part.number in long for part in printed))


def _ends(parts: list[Part], wanted: Wanted) -> list[Part]:
    """-> the first and the last parts, where only those are wanted."""
    head, tail = parts[: wanted.head], parts[-wanted.tail :] if wanted.tail else parts
    if wanted.head and wanted.tail:
        return head + [part for part in tail if part.number > head[-1].number] if head else []
    return head if wanted.head else tail


def _matching(parts: list[Part], grep: re.Pattern[str], beside: int, what: str, long: int) -> list[Part]:
    """-> the matching parts and those beside them, in the form of `grep -n`: `12:` a match, `12-` beside one.

    Of parts of more than `long` characters what stands around the matches.
    """
    grep = core(grep)
    hits = {place for place, part in enumerate(parts) if grep.search(part.text)}
    near = {place for hit in hits for place in range(hit - beside, hit + beside + 1)} & set(range(len(parts)))
    printed: list[Part] = []
    for place in sorted(near):
        number, line = parts[place]
        gap = "--\n" if beside and printed and place - 1 not in near else ""
        mark = ":" if place in hits else "-"
        shown = f"{number}{mark}{line}" if len(line) <= long else around(number, line, grep, mark, what)
        printed.append(Part(number, gap + shown))
    return printed
