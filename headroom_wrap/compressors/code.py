"""A source file that an agent read in, the same file without the lines of it that the agent is unlikely to use out.

Reads: what file-reading tools and `cat`, `head`, `sed -n`, `nl` show of a file in one of the languages of
`syntax.languages`, numbered in any of the ways of `syntax.shown` or not at all; broken and partial files too.

Keeps: signatures; bodies that the goal or the call names, those that these call, and those that a traceback in the goal
points into; of the rest what the trained model (`kompress`) rates as likely to be used soon, a fifth of the text at
least. Where the model can't run: every line outside function bodies, the first `NEAR` lines of the file, short bodies.
Kept lines stand verbatim, with the numbers that they came with.

Leaves out: other lines of files of at least `LARGE` lines, each run of them as one line that is not valid code; where
the model can't run, whole bodies. Where the result carries the file's own line numbers the gap says those, so that the
agent's read tool takes them as offset and limit; otherwise it says lines of the result. `--lines` of the footer counts
lines of the result: where the two differ, the footer says by how much.

Not for: ranges (an agent that asks for lines 40-80 wants those, and `sed -n` always does); files that the agent has
just named or said that it would change, that the user wants read in full, or that hold merge conflicts; tests when the
user speaks of tests (new ones are patterned on old ones). These are left to `lines_by_use`, which is more careful: what
an agent says just before a read tells most of what it will use. On real sessions, bodies in files that it named hold
seven times the evidence per token of those in files that it did not. Nor for Markdown, data and configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headroom_wrap import kompress
from headroom_wrap.compressors.freedom import freedom, staying
from headroom_wrap.kompress.intent import changes
from headroom_wrap.lines.fold import before_newline
from headroom_wrap.marker import footer, gap
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.bodies import Body, bodies
from headroom_wrap.syntax.languages import language_of
from headroom_wrap.syntax.shown import Shown, counting, shown
from headroom_wrap.syntax.signature import signatures

LARGE = 200
NEAR = 100
SHORT = 8

SHARE = 1.4
"""Of the price of lines: in these files the agent has named nothing. In 397 of them, with models that had not seen the
source, the model saves 71.7 % for 68 of 318 used strings lost, whole bodies by the rules below 72.1 % for 122, whole
bodies that the model rates 68.0 % for 100, and lines inside bodies alone 67.6 % for 89."""

MOST = 500_000
"""Characters above which a text is left to others: no agent's reading tool shows that much of a file at once."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as it was read, and what is known of the agent's interest in it: all that decides what of it goes."""

    file: Shown
    words: frozenset[str]
    called: frozenset[str]
    traced: frozenset[int]


@dataclass(frozen=True, slots=True)
class Fold:
    """Lines `first` to `last` of the file (from 0) that go, and what they are."""

    first: int
    last: int
    what: str


def code(segment: Segment) -> Compressed | None:
    """-> the file with gaps; None where it has to stay whole, or where no source file is shown."""
    if not segment.way_back or segment.error or len(segment.text) > MOST:
        return None
    file = shown(segment)
    language = language_of(file.path) if file else ""
    if file is None or not language:
        return None
    if not file.whole or len(file.code) + file.number - 1 < LARGE or _wanted(segment):
        return None
    found = bodies(file.code, language)
    reading = _reading(segment, file, found)
    folds = _unused(segment, reading, found)
    if folds is None:
        folds = [fold for body in found if (fold := _fold(body, reading)) is not None]
    return _folded(segment, file, folds) if folds else None


def _unused(segment: Segment, reading: Reading, found: Sequence[Body]) -> list[Fold] | None:
    """-> the runs of lines that the trained model gives up; None: it can't run, or knows no safe price.

    Lines that are a whole body, and no more than what closes it, are named after it; what others belong to stands above
    them.
    """
    file = reading.file
    stays = staying(segment, file.lines, lambda: _must(reading, found), SHARE, least=0)
    if stays is None:
        return None
    gaps = [(first - file.first, last - 1 - file.first) for first, last in kompress.gaps(stays)]
    whole = {(body.first, _end(file, body.last)): f"body of {body.name}" for body in found if body.name}
    return [Fold(first, last, whole.get((first, _end(file, last)), "rarely used")) for first, last in gaps]


def _end(file: Shown, last: int) -> int:
    """-> the last line up to `last` that is neither blank nor only closes what stands above it."""
    while last > 0 and not file.code[last].strip(" \t});,"):
        last -= 1
    return last


def _must(reading: Reading, found: Sequence[Body]) -> list[bool]:
    """-> which lines of the result stay whatever the model says."""
    file = reading.file
    stays = [True] * len(file.lines)
    stays[file.first : file.first + len(file.code)] = signatures(file.code)
    for body in found:
        if _named(body, reading):
            stays[file.first + body.first : file.first + body.last + 1] = [True] * (body.last - body.first + 1)
    return stays


def _named(body: Body, reading: Reading) -> bool:
    """-> whether the goal or the call names a body, what they name calls it, or a traceback points into it."""
    names, number = _words(body.name), reading.file.number
    if names & reading.words or names & reading.called:
        return True
    return any(body.first <= line - number <= body.last for line in reading.traced)


def _fold(body: Body, reading: Reading) -> Fold | None:
    """-> the part of a body that goes where the model can't run; None: it stays."""
    first = max(body.first, NEAR + 1 - reading.file.number)
    if body.last - first + 1 < SHORT or _named(body, reading):
        return None
    return Fold(first, body.last, f"body of {body.name}" if body.name else "body")


def _wanted(segment: Segment) -> bool:
    """-> whether the file has to stay whole.

    Where the agent said nothing before the call, what it wants of the file is unknown: on real sessions such folds
    lost 20 of all 26 strings that this compressor lost. Otherwise: the agent has just named the file or spoken of a
    change, or the user asks for what stands in it.
    """
    return not segment.intent or changes(segment.intent) or freedom(segment) < 1


_WORD = re.compile(r"[A-Za-z_$][\w$]{2,}")
_NAME = re.compile(r"\w*(?:[a-z][A-Z]|_|\d)\w*")


def _words(name: str) -> set[str]:
    """-> the identifiers in a function's name; a test's title is prose, of which only what looks like code counts."""
    words = _WORD.findall(name)
    return {word for word in words if " " not in name or _NAME.fullmatch(word)}


def _reading(segment: Segment, file: Shown, found: Iterable[Body]) -> Reading:
    words = frozenset(_WORD.findall(segment.goal)) | frozenset(_WORD.findall(segment.call))
    named = [body for body in found if _words(body.name) & words]
    called = frozenset(_WORD.findall("\n".join("\n".join(file.code[body.first : body.last + 1]) for body in named)))
    name = re.escape(file.path.rsplit("/", 1)[-1])
    traced = re.findall(rf"{name}(?:\"?, line |:)(\d{{1,8}})\b", segment.goal)
    return Reading(file, words, called, frozenset(map(int, traced)))


def _folded(segment: Segment, file: Shown, folds: Sequence[Fold]) -> Compressed:
    """-> the text with each fold as one line, and what was left out."""
    shift = file.number if file.numbered else file.first + 1
    out, next_line = file.lines[: file.first], 0
    for fold in folds:
        out += file.lines[file.first + next_line : file.first + fold.first]
        out.append(gap(fold.first + shift, fold.last + shift, fold.what))
        next_line = fold.last + 1
    out += file.lines[file.first + next_line :]
    count = sum(fold.last - fold.first + 1 for fold in folds)
    omitted = f"{count} of {len(file.code)} lines in {len(folds)} places"
    tail = footer(segment, omitted, counting(file))
    return Compressed("\n".join(before_newline(out, [tail])), omitted)
