"""Labelled lines in, a text with gaps out: one label per line, runs of labelled lines become one gap marker each.

A label is the singular noun for what a line is ("passed test"); KEEP stands for a line that stays; BLANK for one that
goes only when both its neighbours go. Survivors are verbatim, and line numbers are those of the segment's text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from headroom_wrap.marker import footer, gap, whole
from headroom_wrap.segment import Compressed, Segment

KEEP = ""
BLANK = " "

LEAST = 120
"""Characters that must be saved at least, about 30 tokens: below it a marker costs the reader more than it saves."""

_MARKER = 60
"""Characters that a gap line costs; a run that is not clearly longer stays as it is."""

_KINDS = 4


def counted(number: int, noun: str) -> str:
    """-> "1 passed test", "3 passed tests", "2 lines of a deleted file"."""
    if number == 1:
        return f"1 {noun}"
    if noun.startswith("line "):
        return f"{number} lines{noun[4:]}"
    return f"{number} {noun}s"


def summary(labels: Sequence[str]) -> str:
    """-> what some labelled lines are, the most frequent first: "41 passed tests, 3 progress lines"."""
    found = Counter(label for label in labels if label not in (KEEP, BLANK))
    parts = [counted(number, label) for label, number in found.most_common(_KINDS)]
    rest = sum(found.values()) - sum(number for _, number in found.most_common(_KINDS))
    return ", ".join([*parts, f"{counted(rest, 'other line')}"] if rest else parts) or counted(
        len(labels), "blank line"
    )


def runs(lines: Sequence[str], labels: Sequence[str]) -> Iterator[tuple[int, int]]:
    """-> the runs [first, last) of lines that are worth a gap, in order; blank ends stay outside."""
    place = 0
    for keep, group in groupby(labels, key=lambda label: label == KEEP):
        start, place = place, place + sum(1 for _ in group)
        if keep:
            continue
        first, last = start, place
        while first < last and labels[first] == BLANK:
            first += 1
        while last > first and labels[last - 1] == BLANK:
            last -= 1
        if sum(map(len, lines[first:last])) + last - first > 2 * _MARKER:
            yield first, last


def folded(
    segment: Segment, lines: Sequence[str], labels: Sequence[str], notes: Sequence[str] = ()
) -> Compressed | None:
    """-> the segment's text with its labelled runs folded, or None where that saves less than `LEAST` characters.

    `notes` are whole lines that go before the footer. Without a way back nothing may be left out: None.
    """
    found = list(runs(lines, labels)) if segment.way_back else []
    if not found:
        return None
    gone = [label for first, last in found for label in labels[first:last]]
    omitted = f"{sum(last - first for first, last in found)} of {len(lines)} lines folded: {summary(gone)}"
    one = len(found) == 1 and not notes
    out: list[str] = []
    place = 0
    for first, last in found:
        out += lines[place:first]
        mark = whole if one else None
        what = summary(labels[first:last])
        out.append(mark(segment, first + 1, last, what) if mark else gap(first + 1, last, what))
        place = last
    out += lines[place:]
    tail = [] if one else [*notes, footer(segment, omitted)]
    text = "\n".join(before_newline(out, tail))
    return Compressed(text, omitted) if len(segment.text) - len(text) >= LEAST else None


def before_newline(out: Sequence[str], tail: Sequence[str]) -> list[str]:
    """-> lines and what goes below them, the text's closing newline (an empty last line) kept last."""
    return [*out[:-1], *tail, ""] if out[-1:] == [""] else [*out, *tail]
