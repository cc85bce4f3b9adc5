"""Log text in, the same text as patterns and rows of values out, and back: nothing is lost.

The layout of CLP (Rodrigues et al., OSDI 2021) for a reader: what lines of one mask share is written once, as `1=<>
INFO served <> in <> ms`, and each line becomes a row `1|values`, in the order of the text. A value that equals the
one above it in its column is left empty; what all values of a column share at their ends goes into the pattern.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from headroom_wrap.lines.templates import VARYING

HEAD = (
    "[rows N|values fill the <> of pattern N in turn; an empty value repeats the one above it; the rest is as it was]"
)
_SLOT = "<>"
_ROW = re.compile(r"(\d+)\|(.*)", re.DOTALL)
_PATTERN = re.compile(r"(\d+)=(.*)", re.DOTALL)
_LEAST_ROWS = 3


def tabled(text: str) -> str | None:
    """-> the text as patterns and rows, or None where it has none or its own lines could be taken for them."""
    lines = text.split("\n")
    if _SLOT in text or any(_ROW.match(line) or _PATTERN.match(line) for line in lines) or HEAD in text:
        return None
    places: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        places[VARYING.sub(_SLOT, line)].append(place)
    out = list(lines)
    patterns: list[str] = []
    for mask, where in places.items():
        if len(where) >= _LEAST_ROWS and _SLOT in mask:
            pattern, rows = _rows(mask, [VARYING.findall(lines[place]) for place in where])
            patterns.append(f"{len(patterns) + 1}={pattern}")
            for place, row in zip(where, rows, strict=True):
                out[place] = f"{len(patterns)}|{row}"
    return "\n".join([HEAD, *patterns, *out]) if patterns else None


def _rows(mask: str, values: Sequence[Sequence[str]]) -> tuple[str, list[str]]:
    """-> the pattern of a mask, what its columns share filled in, and the rows, one value per column left."""
    columns = [_column(column) for column in zip(*values, strict=True)]
    parts = mask.split(_SLOT)
    pattern = parts[0] + "".join(fixed + part for (fixed, _), part in zip(columns, parts[1:], strict=True))
    kept = [column for _, column in columns if column is not None]
    return pattern, ["|".join(row) for row in zip(*kept, strict=True)] if kept else [""] * len(values)


def _column(values: Sequence[str]) -> tuple[str, list[str] | None]:
    """-> what a column's values share with a slot for the rest, and the rest, repeats left empty; None: all equal."""
    if len(set(values)) == 1:
        return values[0], None
    head, tail = _shared(values), 0
    cut = [value[head:] for value in values]
    tail = _shared([value[::-1] for value in cut])
    rest = [value[: len(value) - tail] for value in cut]
    if "" in rest:
        head, tail, rest = 0, 0, list(values)
    out = [rest[0]] + [value if value != before else "" for before, value in pairwise(rest)]
    return values[0][:head] + _SLOT + values[0][len(values[0]) - tail :], out


def _shared(values: Sequence[str]) -> int:
    """-> how many characters all values begin with, up to and with the last that is no letter or digit."""
    low, high = min(values), max(values)
    end = next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    while end and low[end - 1].isalnum():
        end -= 1
    return end


def untabled(text: str) -> str:
    """-> the text that `tabled` was given. Raises ValueError for what it did not write."""
    lines = text.split("\n")
    if lines[0] != HEAD:
        raise ValueError("not a log in patterns and rows")
    start = next((place for place, line in enumerate(lines[1:], 1) if not _PATTERN.match(line)), len(lines))
    patterns = [line.split("=", 1)[1].split(_SLOT) for line in lines[1:start]]
    above: dict[int, list[str]] = {}
    out: list[str] = []
    for line in lines[start:]:
        match = _ROW.match(line)
        if not match:
            out.append(line)
            continue
        number = int(match[1]) - 1
        parts = patterns[number]
        row = match[2].split("|") if len(parts) > 1 else []
        values = [value or old for value, old in zip(row, above.get(number, row), strict=True)]
        above[number] = values
        out.append(parts[0] + "".join(value + part for value, part in zip(values, parts[1:], strict=True)))
    return "\n".join(out)
