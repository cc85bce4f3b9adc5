"""Lines in, the same lines out with repetition counted instead of spelled out; the last of the stack.

Reads: any text in which a line, or a block of up to `DEEPEST` lines, stands several times in a row.
Keeps: the first of each; `[previous line repeated 41 more times]` says the rest and `expand` writes it out again. With
a way back also: of a progress display, and in a text above 4,000 tokens of lines that differ in their numbers only, the
first, the last and those with the highest and the lowest of each number; error lines always.
Leaves out: nothing where the repetition is exact; otherwise the lines that a gap counts.
Not for: repetition that isn't adjacent (that is the reread stage), tables of numbers (a progress display never goes
down: coverage of `step_1.py`, `step_2.py` does, and `df`), files that an agent may edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise

from headroom_wrap import marker
from headroom_wrap.compressors.edited import edited
from headroom_wrap.compressors.words import large
from headroom_wrap.segment import Compressed, Segment

DEEPEST = 60
PAID = 64
"""Characters that a fold must replace: its own line has about 40."""
ALIKE = 12
"""Lines in a row that differ in their numbers only, from which on the middle ones are left out."""
SHOWN = 4
"""Lines in a row of a progress display, from which on the middle ones are left out."""

_FOLD = re.compile(r"\[previous (?:line|(\d+) lines) repeated (\d+) more times?\]")
_NUMBERS = re.compile(r"\d+(?:[.:,]\d+)*")
_PROGRESS = re.compile(
    r"\b\d{1,3}(?:\.\d+)? ?%|(?<![#=━█▓░■])[#=━█▓░■]{4,}[>\s.\-]*[\]|]|\b\d+(?:\.\d+)?/\d+(?:\.\d+)? ?[kMG]i?B\b"
)
_DONE = re.compile(r"\b(\d{1,3}(?:\.\d+)?) ?%|\b(\d+(?:\.\d+)?)/\d+(?:\.\d+)? ?[kMG]i?B\b")
_BAR = re.compile(r"[#=━█▓░■>\s.\-|]+")
_ERROR = re.compile(r"(?i)\b(?:error|exception|traceback|failed|failure|fatal|panic|warn(?:ing)?)\b|\S\.\w+:\d+")
_WORDS = re.compile(r"[A-Za-z]{3,}[^A-Za-z]+[A-Za-z]{3,}[^A-Za-z]+[A-Za-z]{3,}")


def repeats(segment: Segment) -> Compressed | None:
    """-> the text with its repetition counted, or None: nothing repeats. See the module's docstring."""
    if edited(segment):
        return None
    lines = segment.text.split("\n")
    if any(line.startswith("[previous ") and _FOLD.fullmatch(line) for line in lines):
        return None
    if segment.way_back and (found := _alike(segment, lines)):
        return found
    text = "\n".join(_folded(lines))
    if len(text) >= len(segment.text) or expand(text) != segment.text:
        return None
    return Compressed(text)


def expand(text: str) -> str:
    """-> the text with every counted repetition written out. The inverse of the exact form."""
    out: list[str] = []
    for line in text.split("\n"):
        found = _FOLD.fullmatch(line) if line.startswith("[previous ") else None
        if found and len(out) >= int(found[1] or 1):
            out += out[-int(found[1] or 1) :] * int(found[2])
        else:
            out.append(line)
    return "\n".join(out)


def _folded(lines: list[str]) -> Iterator[str]:
    """A line that stands once more starts a block as long as the way back to it; four earlier places are tried."""
    seen: dict[str, list[int]] = {}
    place = 0
    while place < len(lines):
        places = seen.setdefault(lines[place], [])
        depth, times = _block(lines, place, places)
        if times:
            yield _fold(depth, times)
            place += depth * times
            continue
        places.append(place)
        del places[:-4]
        yield lines[place]
        place += 1


def _block(lines: list[str], place: int, places: list[int]) -> tuple[int, int]:
    """-> how many lines before `place` are repeated from there, and how often; (0, 0): not worth it."""
    for before in reversed(places):
        depth = place - before
        if depth > DEEPEST:
            break
        if depth > 1 and lines[place + 1 : place + 2] != lines[before + 1 : before + 2]:
            continue
        block, times = lines[before:place], 0
        while lines[place + times * depth : place + (times + 1) * depth] == block:
            times += 1
        if times and times * (sum(map(len, block)) + depth) > PAID:
            return depth, times
    return 0, 0


def _fold(depth: int, times: int) -> str:
    what = "line" if depth == 1 else f"{depth} lines"
    return f"[previous {what} repeated {times} more time{'s' if times > 1 else ''}]"


def _alike(segment: Segment, lines: list[str]) -> Compressed | None:
    """Fold runs that differ in their numbers only: of progress always, of other lines in a long text."""
    out: list[str] = []
    place = missing = 0
    long = large(segment.text)
    if not long and not _PROGRESS.search(segment.text):
        return None
    for key, group in groupby(lines, key=lambda line: _key(line, long)):
        members = list(group)
        first, place = place + 1, place + len(members)
        kept = _kept(key, members, long)
        missing += len(members) - len(kept)
        out += _with_gaps(members, kept, first)
    if not missing:
        return None
    omitted = f"{missing} of {len(lines)} lines"
    text = "\n".join([*_folded(out), marker.footer(segment, omitted)])
    return Compressed(text, omitted) if len(text) < 0.9 * len(segment.text) else None


def _key(line: str, long: bool) -> str:
    """-> what the lines of a run have in common, with "%" before it for a progress display; "" folds with nothing."""
    if len(line) > 400:
        return ""
    progress = _PROGRESS.search(line)
    if not (progress or (long and _WORDS.search(line))) or _ERROR.search(line):
        return ""
    masked = _NUMBERS.sub("0", line)
    return "%" + _BAR.sub("#", masked) if progress else masked


def _kept(key: str, members: list[str], long: bool) -> set[int]:
    """-> the places of the lines of a run that stay: all where it is neither progress nor long."""
    if key[:1] == "%" and len(members) >= SHOWN and _rises(members):
        kept = {0, len(members) - 1}
    elif key and long and len(members) >= ALIKE and _WORDS.search(members[0]):
        kept = _extremes(members)
    else:
        return set(range(len(members)))
    return kept | {between for between in range(1, len(members) - 1) if {between - 1, between + 1} <= kept}


def _rises(members: list[str]) -> bool:
    """-> whether what a run says of progress grows and never falls; in a table (coverage, `df`) it goes up and down."""
    told = [_told(line) for line in members]
    if max(told) < 0:
        return True
    return 0 <= told[0] < told[-1] and all(before <= after for before, after in pairwise(told))


def _told(line: str) -> float:
    """-> how much a line of a progress display says is done, -1: it only draws it."""
    found = _DONE.search(line)
    return float(found[1] or found[2]) if found else -1


def _extremes(members: list[str]) -> set[int]:
    """-> the first, the last, and where each of the numbers is highest and lowest."""
    kept = {0, len(members) - 1}
    numbers = [[float(part) for part in re.findall(r"\d+", line)] for line in members]
    for slot in range(min(map(len, numbers))):
        column = [row[slot] for row in numbers]
        kept |= {column.index(max(column)), column.index(min(column))}
    return kept


def _with_gaps(members: list[str], kept: set[int], first: int) -> Iterator[str]:
    before = -1
    for place in sorted(kept):
        if place - before > 1:
            yield marker.gap(first + before + 1, first + place - 1, "like the line above, other numbers")
        yield members[place]
        before = place
