"""A long line and a pattern in; out: the text around each match, each stretch with its place in the line.

The rest of such a line would fill the page, and its beginning need not hold the match.
"""

from __future__ import annotations

import re

from headroom_wrap.marker import stretch

LONG = 1000
"""Characters. Of a longer line only stretches are printed; `compressors.windows` makes gaps in the same lines."""
BESIDE = 200
"""Characters on both sides of a match."""

_BEFORE = re.compile(r"\A(\(\?[a-z]+\))?\^?(?:\.\*\??)+(?![+*?{])")
_AFTER = re.compile(r"(?<!\\)(?:\.\*\??)+\$?\Z")


def core(grep: re.Pattern[str]) -> re.Pattern[str]:
    """-> a pattern for the same lines without the `.*` at its ends, with which every match would be a whole line.

    It is also looked for in linear time; `.*x` takes the square of the length of a line without an x.
    """
    return re.compile(_AFTER.sub("", _BEFORE.sub(r"\1", grep.pattern)))


def stretches(line: str, grep: re.Pattern[str]) -> list[tuple[int, int]]:
    """-> first and last character, from 1, of what stands around the matches; the beginning where there is none."""
    end = len(line.removesuffix("\n"))
    found: list[tuple[int, int]] = []
    for first, last in (match.span() for match in grep.finditer(line)):
        start, stop = max(0, min(first, end) - BESIDE), min(end, last + BESIDE)
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return [(start + 1, stop) for start, stop in found or [(0, min(end, 2 * BESIDE))]]


def around(number: int, line: str, grep: re.Pattern[str], mark: str, what: str) -> str:
    """-> for each stretch of a line `12:[characters 401-900 of line 12] ` and its text, where `mark` is `:`."""
    return "".join(
        f"{number}{mark}[{stretch(number, first, last, what)}] {line[first - 1 : last]}\n"
        for first, last in stretches(line, grep)
    )
