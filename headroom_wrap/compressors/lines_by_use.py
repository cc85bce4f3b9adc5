"""A tool result that no other compressor answers for, the same lines without those that agents hardly ever use.

Reads: any text of lines with at least `LEAST` tokens: files, command output, search hits, listings.

Keeps: what the trained model (`kompress`) rates as likely to be used soon, at a price set on sources that it had not
seen (docs/kompress.md says what that keeps); error lines, in source files signatures, and what stands around a file's
numbered lines, whatever it says; a fifth of every text. Kept lines stand verbatim.

Leaves out: runs of other lines, each as one line that says which. Where the result carries the file's own line numbers
the gap says those, otherwise it counts lines of the result; the footer tells where the two differ.

Not for: kinds of results for which no price is safe (reports of subagents and web pages among them); texts that the
user wants in full, tests where tests are spoken of, merge conflicts (`freedom`); machines without numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

from headroom_wrap import kompress
from headroom_wrap.compressors.freedom import LEAST, MOST, is_notice, staying
from headroom_wrap.lines.fold import before_newline
from headroom_wrap.lines.notable import is_error
from headroom_wrap.marker import footer, gap
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.languages import language_of
from headroom_wrap.syntax.shown import Shown, counting, shown
from headroom_wrap.syntax.signature import signatures


def lines_by_use(segment: Segment) -> Compressed | None:
    """-> the text with gaps; None where nothing may go or nothing is worth it."""
    if not segment.way_back or segment.error or not 2 * LEAST < len(segment.text) <= MOST:
        return None
    lines, file = segment.text.split("\n"), shown(segment)
    stays = staying(segment, lines, lambda: _must(lines, file))
    found = list(kompress.gaps(stays or []))
    return _folded(segment, lines, found, file) if found else None


def _must(lines: Sequence[str], file: Shown | None) -> list[bool]:
    """-> which lines stay; around those that a file's numbers stand before, where a gap has no numbers, all do."""
    stays = must(lines, file.path if file else "")
    if file is not None and file.numbered:
        after = file.first + len(file.code)
        stays[: file.first], stays[after:] = [True] * file.first, [True] * (len(lines) - after)
    return stays


def must(lines: Sequence[str], path: str) -> list[bool]:
    """-> which lines stay whatever the model says: signatures of a source file; in anything else errors, and where the
    tool itself says that it cut its result."""
    if path and language_of(path):
        return signatures(lines)
    return [is_error(line) or is_notice(line) for line in lines]


def _folded(segment: Segment, lines: list[str], gaps: list[tuple[int, int]], file: Shown | None) -> Compressed:
    shift = file.number - file.first - 1 if file is not None and file.numbered else 0
    out: list[str] = []
    place = 0
    for first, last in gaps:
        out += lines[place:first]
        out.append(gap(first + 1 + shift, last + shift, "rarely used"))
        place = last
    out += lines[place:]
    omitted = f"{sum(last - first for first, last in gaps)} of {len(lines)} lines, by expected use"
    tail = footer(segment, omitted, counting(file))
    return Compressed("\n".join(before_newline(out, [tail])), omitted)
