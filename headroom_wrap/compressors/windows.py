"""A text of very long lines in, the same without the stretches of them that agents hardly ever use out.

Reads: results of at least `LEAST` tokens, half of which or more stands in lines over `LONG` characters: JSON on one
line that `records` makes no table of, minified files, pages and dumps without line ends, paragraphs of prose.

Keeps: every shorter line; of a long one the windows of about `WIDTH` characters, cut at the end of a sentence, a
statement or a value, that the trained model (`kompress`) rates as likely to be used soon; the first and the last;
outside source files those that speak of an error, and both their neighbours. What is kept stands verbatim, in its
place in its line.

Leaves out: runs of other windows, each as a gap inside the line that says which characters of which line; the footer
says how to print them.

Not for: what `lines_by_use` leaves alone; text that was cleaned of terminal codes, whose characters the original counts
otherwise; machines without numpy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headroom_wrap import kompress
from headroom_wrap.compressors.freedom import LEAST, MOST, staying
from headroom_wrap.lines.notable import is_error
from headroom_wrap.marker import footer, inside, ref_of
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.shown import source_of

LONG = 1000
"""Characters. With 2,000 a sixth less is saved of texts with such lines."""

PART = 0.5
"""The share of a text that has to stand in long lines: of others `lines_by_use` knows more."""

WIDTH = 120
"""Characters. At the full price, with models that had not seen the source, 5 strings are lost for 76,000 tokens saved,
with 200 characters 8 for 84,000, with 300 12 for 72,000; windows chosen at random lose 13 for 71,000."""

SHARE = 0.8
"""Of the price of lines: a window may end inside a value. The whole stack saves 17,000 tokens more with it for one
string lost, at the full price 19,400 for three."""

BESIDE = 1
"""Windows beside an error that stay too: without them seven strings more are lost at windows of 200 characters."""

_BETWEEN = re.compile(r"[\",<>]+")
"""What words stand between where there are no blanks: without a look at it `"failure","url":"http://a/b"` is one word,
and as it has a slash, the name of a file and no error."""

_ENDS = (
    re.compile(r"\\n|[;}\]>]+,?\s*|[.!?][\"')\]]*\s+|,(?=[\"\[{])"),
    re.compile(r"[,:]\s*|\s+"),
)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a line that starts at character `first` (from 0). `stays`: it is the line's first or last, or all."""

    line: int
    first: int
    text: str
    stays: bool


def windows(segment: Segment) -> Compressed | None:
    """-> the text with gaps inside its long lines; None where nothing may go or nothing is worth it."""
    text = segment.text
    if not segment.way_back or segment.error or not 2 * LEAST < len(text) <= MOST:
        return None
    lines = text.removesuffix("\n").split("\n")  # a line's end is no line: with one more the model rates all otherwise
    if sum(len(line) for line in lines if len(line) > LONG) < PART * len(text) or segment.ref != ref_of(text):
        return None
    found = [window for number, line in enumerate(lines, 1) for window in _windows(number, line)]
    gaps = _gaps(segment, found)
    return _folded(segment, found, gaps) if gaps else None


def _windows(number: int, line: str) -> Iterator[Window]:
    """-> the windows of a line, one where it is not long; joined they are the line."""
    start = 0
    if len(line) > LONG:
        while len(line) - start > 1.5 * WIDTH:
            end = _end(line, start)
            yield Window(number, start, line[start:end], start == 0)
            start = end
    yield Window(number, start, line[start:], True)


def _end(line: str, start: int) -> int:
    """-> where a window ends that starts at `start`: at the best kind of end that is near, and of those the nearest."""
    wish = start + WIDTH
    for ends in _ENDS:
        if near := [end.end() for end in ends.finditer(line, wish - WIDTH // 2, wish + WIDTH // 2)]:
            return min(near, key=lambda place: abs(place - wish))
    return wish


def _gaps(segment: Segment, found: Sequence[Window]) -> list[tuple[int, int]]:
    """-> the runs [first, last) of windows that go."""
    texts = [window.text for window in found]
    stays = staying(segment, texts, lambda: _must(found, bool(source_of(segment))), SHARE)
    return list(kompress.gaps(stays or []))


def _must(found: Sequence[Window], code: bool) -> list[bool]:
    """-> which windows stay whatever the model says. `code`: a source file, where the word "error" is none."""
    wrong = [not code and not window.stays and is_error(_BETWEEN.sub(r"\g<0> ", window.text)) for window in found]
    return [window.stays or any(wrong[max(0, at - BESIDE) : at + BESIDE + 1]) for at, window in enumerate(found)]


def _folded(segment: Segment, found: Sequence[Window], gaps: Sequence[tuple[int, int]]) -> Compressed:
    """-> the text with a gap for each run of windows. None reaches over a line's end, for its last window stays."""
    texts = [window.text for window in found]
    gone = 0
    for first, last in gaps:
        start, stop = found[first].first, found[last].first
        texts[first:last] = [inside(found[first].line, start + 1, stop), *[""] * (last - first - 1)]
        gone += stop - start
    breaks = ["\n" if window.first == 0 and window.line > 1 else "" for window in found]
    text = "".join(each for pair in zip(breaks, texts, strict=True) for each in pair)
    omitted = f"{gone} of {len(segment.text)} characters, by expected use"
    tail, end = footer(segment, omitted, "--lines N --chars A-B"), "\n" if segment.text.endswith("\n") else ""
    return Compressed(f"{text}\n{tail}{end}", omitted)
