"""A tool result in, the part of it that shows a file out: its lines without their numbering, what was asked for.

Agents number lines in their own ways: `     1→x`, `     1\\tx`, `1\\tx`, `1: x`, `1:x`, `L1: x`, `  1 | x`, or none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from headroom_wrap.segment import Segment
from headroom_wrap.syntax.languages import language_of

FEW = 5
"""Fewer numbered lines than this are text that happens to begin with numbers."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines `first` to `first + len(code)` (from 0) of the result's `lines` show a file.

    `code` is those lines without their numbering, `number` what the file itself counts the first of them as, and
    `numbered` says whether the result shows the file's own numbers. `whole`: the agent reads the file, not a range of
    it; `PAGE` lines and more are a page of a file that the agent reads through.
    """

    path: str
    lines: list[str]
    code: list[str]
    first: int
    number: int
    numbered: bool
    whole: bool


def counting(file: Shown | None) -> str:
    """-> how a footer says to ask for lines of a result, which are counted from its own first line."""
    if file is None or not file.numbered or file.number == file.first + 1:
        return "--lines A-B"
    return f"--lines A-B (file line {file.number} is --lines {file.first + 1})"


PAGE = 200

_NUMBERED = re.compile(r"(?:<content>)?[ ]*L?(\d{1,9})(→|\t|:|[ ]?\|)")


def _run(lines: list[str]) -> tuple[int, int]:
    """-> the first line (from 0) and the length of the longest run of lines that are numbered one after the other."""
    best, start, expected = (0, 0), 0, -1
    for index, line in enumerate(lines):
        found = _NUMBERED.match(line)
        number = int(found[1]) if found else -1
        if found is None or number != expected:
            start = index
        if found is not None and index - start + 1 > best[1]:
            best = (start, index - start + 1)
        expected = number + 1 if found else -1
    return best


def _bare(lines: list[str]) -> list[str]:
    """-> numbered lines without their numbers; a blank after `:` or `|` is part of the number if every line has it."""
    found = [match for line in lines if (match := _NUMBERED.match(line))]
    rests = [match.string[match.end() :] for match in found]
    if found[0][2][-1] in "→\t" or not all(rest[:1] in ("", " ", "\r") for rest in rests):
        return rests
    return [rest.removeprefix(" ") for rest in rests]


_READS = re.compile(r"(?i)read|view|cat\b|(?:^|_)open|str_replace")
_PATH = re.compile(r"(?<![\w./~@+-])[\w./~@+-]*[\w@+-]\.\w+")
_SHELL = re.compile(
    r"""\s*(?:cd\s+[^;&|\s]+\s*(?:&&|;)\s*)?
    (?:(?:cat|nl)(?:\s+-\w+)*|sed\s+-n\s+['"]?(?P<from>\d+),(?P<to>\d+)p['"]?|head(?:\s+-n?\s*(?P<head>\d+))?)
    \s+(?:--\s+)?(?P<quote>['"]?)(?P<path>[^'"|;&<>*?\s]+)(?P=quote)
    (?:\s*\|\s*(?:cat\s+-n|nl(?:\s+-\w+)*|sed\s+-n\s+['"]?(?P<from2>\d+),(?P<to2>\d+)p['"]?|head\s+-n?\s*(?P<head2>\d+)))?
    \s*(?:2>(?:&1|/dev/null)\s*)?\Z""",
    re.VERBOSE,
)
_LIMIT = re.compile(r"\b(offset|start_line|limit|end_line|view_range)\W{1,4}(\d+)(?:\W{1,3}(-?\d+))?")
_HEAD = 10


def _asked(segment: Segment) -> tuple[str, int, int] | None:
    """-> the path, the first line and the number of lines (0: all) that the call asks for; None: it reads no file."""
    call = segment.call.strip()
    shell = _SHELL.match(call)
    if shell:
        start = shell["from"] or shell["from2"]
        if start:
            return shell["path"], int(start), max(1, int(shell["to"] or shell["to2"]) - int(start) + 1)
        few = shell["head"] or shell["head2"] or (_HEAD if call.startswith("head") else 0)
        return shell["path"], 1, int(few)
    if not _READS.search(segment.tool) or "old_str" in call or "command=create" in call:
        return None
    named = _PATH.search(call)
    path = segment.path.split("\n")[0] or (named[0] if named else "")
    return (path, *_range(call)) if path else None


def _range(call: str) -> tuple[int, int]:
    """-> the first line and the number of lines (0: to the end) that a reading tool was asked for."""
    start, count = 1, 0
    for name, value, more in _LIMIT.findall(call):
        number = int(value)
        if name in ("offset", "start_line"):
            start = max(1, number)
        elif name == "limit":
            count = number
        elif name == "end_line":
            count = max(1, number - start + 1)
        else:
            start, count = max(1, number), max(0, int(more or 0) - number + 1)
    return start, count


def numbers_lines(segment: Segment) -> bool:
    """-> whether numbers in front of lines count the lines of a file, which a tool of the agent shows.

    In what a database answers they are data. Who numbers lines by a command goes on to name them (`sed -i 40,52d`):
    2.9 used strings lost for 1,000 tokens saved.
    """
    return bool(segment.path or _READS.search(segment.tool))


def source_of(segment: Segment) -> str:
    """-> the language of the source file that a segment shows, by what the call asks for; empty: it shows none."""
    asked = _asked(segment)
    return language_of(asked[0]) if asked else ""


def stem(segment: Segment) -> str:
    """-> the name, without folder and ending, of the file that the call asks for; empty: it asks for none."""
    asked = _asked(segment)
    return asked[0].rsplit("/", 1)[-1].rsplit(".", 1)[0] if asked else ""


def chosen(segment: Segment) -> int:
    """-> how many lines the agent picked out of the middle of a file; 0: it began at the start, or set no end."""
    asked = _asked(segment)
    return asked[2] if asked and asked[1] > 1 else 0


@lru_cache(maxsize=1)
def shown(segment: Segment) -> Shown | None:
    """-> the file that a segment shows; None: it was not read from a file. The last answer is kept: most of the stack
    asks, one compressor after the other."""
    asked = _asked(segment)
    if asked is None:
        return None
    path, start, count = asked
    lines = segment.text.split("\n")
    first, length = _run(lines)
    numbered = length >= FEW and length * 2 >= len(lines)
    if not numbered:
        first, length = 0, len(lines)
    found = _NUMBERED.match(lines[first]) if numbered else None
    number = int(found[1]) if found else start
    code = _bare(lines[first : first + length]) if numbered else lines
    whole = (number == 1 and count == 0) or (length >= PAGE and not _SHELL.match(segment.call))
    return Shown(path, lines, code, first, number, numbered, whole)
