"""A text about to be sent and what already stands in the request in; the text with repeated runs as references out.

The one stage that looks at earlier segments. A run of lines that stands, as sent, in an earlier result or in what the
agent wrote becomes one line that says where; changed lines stay verbatim. Line numbers in front of lines
(`12→`, `12\t`, `12: `) may all be shifted by the same, so a file that was edited and read again still matches below the
edit; other numbers that lines begin with (sizes, ids, times) are compared like all else. References lead only to text
that is sent in full: markers are never indexed, so there is one hop and no chain. In the hunks of a diff the lines are
compared without their sign as well: what an agent has just read and written is most of the diff that it then looks at.

Measured on real Claude Code sessions: 17 % of what Read returns are such runs, at 99.98 % of the evidence kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from headroom_wrap.marker import GAP, INSIDE, is_marker
from headroom_wrap.segment import Segment

RUN = 5
"""Lines that a run must have. Runs of 3 save 0.2 points more on real sessions, and point all over the place."""

RUN_CHARS = 200
"""Characters that a run must have: a reference costs about 25 tokens."""

REACH = 400_000
"""How many characters back a reference may point: what lies further costs the model attention to find."""

_NUMBERED = re.compile(r"[ \t]*(\d{1,9})(?:\t|→|: ?|-| \| )")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Source:
    """A text as it stands in the request: a result as sent, or what the agent wrote."""

    name: str
    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    at: int
    """Characters of all texts before this one."""


@dataclass(slots=True)
class Seen:
    """What stands in the request so far: texts, where each run of RUN lines was last seen, and calls answered."""

    sources: list[Source] = field(default_factory=list)
    runs: dict[int, tuple[int, int]] = field(default_factory=dict)
    calls: dict[tuple[str, int], int] = field(default_factory=dict)
    size: int = 0

    def add(self, text: str, name: str) -> None:
        """Take in a text that now stands in the request, called `name` in references to it."""
        bare, numbers = _bare(text)
        index = len(self.sources)
        self.sources.append(Source(name, bare, numbers, self.size))
        self.size += len(text)
        markers = [place for place, line in enumerate(bare) if _marked(line)]
        for place, run in _runs(bare, markers):
            self.runs[run] = (index, place)

    def answered(self, segment: Segment) -> None:
        """Note a call and its answer, one of several where its result has several texts, as Codex's `exec` has."""
        self.calls[segment.call, hash(segment.text)] = len(self.sources)

    def again(self, segment: Segment) -> bool:
        """-> whether this very answer to this very call stands above: the agent wants what it was not shown."""
        return (segment.call, hash(segment.text)) in self.calls


def refer(text: str, segment: Segment, seen: Seen) -> str | None:
    """-> `text` with every run that already stands in the request as one line; None: nothing repeats.

    A call repeated soon after with the same result is answered in full: the agent asked for the text again.
    """
    if not seen.runs or _asked_again(segment, seen):
        return None
    lines = text.split("\n")
    bare, numbers = _bare(text)
    signs = _signs(lines)
    ends = _ends(signs)
    unsigned = [line[1:] if sign else "" for line, sign in zip(lines, signs, strict=True)]
    known, known_unsigned = _known(bare, seen), _known(unsigned, seen) if any(signs) else {}
    if not (known or known_unsigned):
        return None
    out: list[str] = []
    place, changed = 0, False
    while place < len(lines):
        what, run = "unchanged", _longest(bare, numbers, place, len(lines), known, seen)
        if run is None and place in known_unsigned and signs[place]:
            what, run = _SIGNS[signs[place]], _longest(unsigned, numbers, place, ends[place], known_unsigned, seen)
        if run is None:
            out.append(lines[place])
            place += 1
            continue
        source, start, count = run
        out.append(_reference((numbers[place], numbers[place + count - 1]), what, source, start, count))
        place, changed = place + count, True
    return "\n".join(out) if changed else None


_SIGNS = {"+": "added", "-": "deleted", " ": "unchanged"}


def _signs(lines: Sequence[str]) -> list[str]:
    """-> for each line of a diff's hunk its sign, for all others the empty string."""
    out, inside = [], False
    for line in lines:
        sign = line[:1]
        inside = line.startswith("@@ -") or (inside and (sign in _SIGNS or sign == "\\"))
        out.append(sign if inside and sign in _SIGNS else "")
    return out


def _ends(signs: Sequence[str]) -> list[int]:
    """-> for each line where the run of lines with its sign ends."""
    out = list(range(1, len(signs) + 1))
    for place in range(len(signs) - 2, -1, -1):
        if signs[place] == signs[place + 1]:
            out[place] = out[place + 1]
    return out


ASKED_AGAIN = 6
"""Results within which the same call with the same answer counts as asking again."""


def _asked_again(segment: Segment, seen: Seen) -> bool:
    return seen.again(segment) and len(seen.sources) - seen.calls[segment.call, hash(segment.text)] < ASKED_AGAIN


def _bare(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The lines of a text without their own numbering, and their numbers (counted where they carry none)."""
    lines = text.split("\n")
    matches = [_NUMBERED.match(line) for line in lines]
    carried = [int(m[1]) for m in matches if m]
    rises = sum(before < number for before, number in pairwise(carried))
    if min(len(carried), rises + 1) < 0.8 * len(lines):
        return tuple(lines), _counted(lines)
    bare, numbers, last = [], [], 0
    for line, m in zip(lines, matches, strict=True):
        last = int(m[1]) if m else last
        bare.append(line[m.end() :] if m else line)
        numbers.append(last)
    return tuple(bare), tuple(numbers)


def _counted(lines: Sequence[str]) -> tuple[int, ...]:
    """The numbers of lines that carry none: those of the original where some of it is folded, as its gaps count."""
    gaps = {place: m for place, line in enumerate(lines) if line[:1] == "[" and (m := GAP.match(line))}
    first = next(iter(gaps), 0)
    numbers, number = list[int](), int(gaps[first][1]) - first if gaps else 1
    for place in range(len(lines)):
        gap = gaps.get(place)
        numbers.append(int(gap[1]) if gap else number)
        number = 1 + (int(gap[2] or gap[1]) if gap else number)
    return tuple(numbers)


def _marked(line: str) -> bool:
    """-> whether a line is a marker or has one inside."""
    return (line[:1] == "[" and is_marker(line)) or ("…[" in line and INSIDE.search(line) is not None)


def _runs(lines: Sequence[str], markers: Sequence[int]) -> list[tuple[int, int]]:
    """(place, hash) of every RUN lines in a row that hold no marker."""
    hashes = [hash(line) for line in lines]
    blocked = {place - back for place in markers for back in range(RUN)}
    return [
        (place, hash(tuple(hashes[place : place + RUN])))
        for place in range(len(lines) - RUN + 1)
        if place not in blocked
    ]


Known = dict[int, tuple[int, int]]
"""Place of a line -> the number of the source and the place in it where a run as it begins there was seen."""


def _known(lines: Sequence[str], seen: Seen) -> Known:
    """-> all places where the next RUN lines have been seen."""
    hashes = list(map(hash, lines))
    runs = enumerate(zip(*(hashes[step:] for step in range(RUN)), strict=False))
    return {place: found for place, run in runs if (found := seen.runs.get(hash(run))) is not None}


def _longest(
    lines: Sequence[str], numbers: Sequence[int], place: int, end: int, known: Known, seen: Seen
) -> tuple[Source, int, int] | None:
    """The run at `place` as it stands in the request: its source, where it starts there, how many lines.

    Numbers that are not the same must count on in both, so that the first and the last tell those between them. Its
    first lines must say something: rules and braces by the thousand are all compared from each of them on otherwise.
    """
    if place not in known or end - place < RUN or not any(map(_WORD.search, lines[place : place + RUN])):
        return None
    number, start = known[place]
    source = seen.sources[number]
    if seen.size - source.at > REACH:
        return None
    shift, count = numbers[place] - source.numbers[start], 0
    limit = min(end - place, len(source.lines) - start)
    while count < limit and lines[place + count] == source.lines[start + count]:
        here = numbers[place + count]
        told = here - source.numbers[start + count] == shift and (not shift or here == numbers[place] + count)
        if not told or _marked(source.lines[start + count]):
            break
        count += 1
    chars = sum(map(len, lines[place : place + count]))
    return (source, start, count) if count >= RUN and chars >= RUN_CHARS else None


def _reference(numbers: tuple[int, int], what: str, source: Source, start: int, count: int) -> str:
    here = f"{numbers[0]}-{numbers[1]}"
    there = f"{source.numbers[start]}-{source.numbers[start + count - 1]}"
    same = "" if here == there else f" as lines {there}"
    return f"[lines {here} {what}: they stand{same} in {source.name} above]"
