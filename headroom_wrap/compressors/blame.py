"""What `git blame` prints in, the same with author and date of each commit said once out; nothing is lost.

Reads
    `git blame` and `git annotate` with any of their options (`-s`, `-e`, `-f`, `-w`, `-L`, `--date`), boundary commits
    and lines from renamed files among them; `--line-porcelain`.
Keeps
    Every line's text and number; the first line of each commit as it came, and the commit's name wherever another
    commit's lines end. `expand` puts the rest back and is asked before the form is used.
Leaves out
    Nothing. What stands in front of a line is three quarters of a blame and mostly what stands in front of another.
Not for
    `--porcelain` and `--incremental`, which say each commit once already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from headroom_wrap.segment import Compressed, Segment

NOTICE = "[git blame: a line without a commit is of the commit above; author and date stand at a commit's first line]"
PORCELAIN = (
    "[git blame: what is said of a commit stands at its first line; a line without a header is the commit's next]"
)

WORTH = 0.9
"""Of its characters a blame must come down to this."""

_LINE = re.compile(
    r"(?P<head>(?P<commit>\^?[0-9a-f]{7,40})\b.{0,300}?)(?<=[ \t])(?P<number>\d{1,9})\)(?P<rest>.*)", re.S
)
_NEXT = re.compile(r"(?P<number>\d{1,9})\)(?P<rest>.*)", re.S)
_HEADER = re.compile(r"(?P<commit>[0-9a-f]{40}) (?P<was>\d{1,9}) (?P<number>\d{1,9})(?P<count> \d{1,9})?")


def blame(segment: Segment) -> Compressed | None:
    """-> the blame in its short form; None: no blame, or little of it is said twice."""
    text = segment.text
    if not _LINE.match(text[:400]) and not _HEADER.match(text[:80]):
        return None
    lines = text.split("\n")
    short = [PORCELAIN, *_short_blocks(lines)] if _HEADER.fullmatch(lines[0]) else [NOTICE, *_short_lines(lines)]
    made = "\n".join(short)
    return Compressed(made) if len(made) < WORTH * len(text) and expand(made) == text else None


def expand(text: str) -> str:
    """-> the blame that a short form was made of; any other text as it is."""
    first, _, rest = text.partition("\n")
    if first not in (NOTICE, PORCELAIN):
        return text
    return "\n".join((_long_lines if first == NOTICE else _long_blocks)(rest.split("\n")))


def _short_lines(lines: Sequence[str]) -> Iterator[str]:
    said: dict[str, tuple[str, int]] = {}
    above = ""
    for line in lines:
        found = _LINE.match(line)
        commit = found["commit"] if found else ""
        if found is None or said.get(commit) != _before(found):
            yield line
        else:
            yield f"{'' if commit == above else commit + ' '}{found['number']}){found['rest']}"
        if found is not None:
            said[commit] = _before(found)
        above = commit


def _before(found: re.Match[str]) -> tuple[str, int]:
    """-> what stands before the number of a line, and where the number ends."""
    return found["head"].rstrip(" "), found.end("number")


def _long_lines(lines: Sequence[str]) -> Iterator[str]:
    said: dict[str, tuple[str, int]] = {}
    above = ""
    for line in lines:
        found, following = _LINE.match(line), _NEXT.match(line)
        if found is not None and (found["commit"] not in said or found["head"].rstrip(" ") != found["commit"]):
            above = found["commit"]
            said[above] = _before(found)
            yield line
        elif (short := found or (following if above else None)) is not None:
            above = found["commit"] if found else above
            head, end = said[above]
            yield f"{head}{short['number'].rjust(end - len(head))}){short['rest']}"
        else:
            above = ""
            yield line


def _short_blocks(lines: Sequence[str]) -> Iterator[str]:
    """Leave out what was said of a commit before, and the header of a line that follows on the one above."""
    said: dict[str, Sequence[str]] = {}
    place, follows = 0, ""
    while place < len(lines):
        header = _HEADER.fullmatch(lines[place])
        end = _text_of(lines, place + 1) if header else place
        block = lines[place + 1 : end]
        if header and said.get(header["commit"]) == block:
            yield from [lines[end]] if lines[place] == follows else [lines[place], lines[end]]
        else:
            yield from lines[place : end + 1]
        if header:
            said[header["commit"]] = block
        follows = _following(header)
        place = end + 1


def _text_of(lines: Sequence[str], place: int) -> int:
    """-> where the text of the block stands that begins before `place`: the next line that begins with a tab."""
    while place < len(lines) - 1 and not lines[place].startswith("\t"):
        place += 1
    return min(place, len(lines) - 1)


def _following(header: re.Match[str] | None) -> str:
    """-> the header of the line after this one, if it is of the same commit."""
    return f"{header['commit']} {int(header['was']) + 1} {int(header['number']) + 1}" if header else ""


def _long_blocks(lines: Sequence[str]) -> Iterator[str]:
    said: dict[str, Sequence[str]] = {}
    place, follows = 0, ""
    while place < len(lines):
        left_out = bool(follows) and lines[place].startswith("\t")
        first = follows if left_out else lines[place]
        header = _HEADER.fullmatch(first)
        end = place if left_out or not header else _text_of(lines, place + 1)
        if header:
            block = lines[place + 1 : end] or said.get(header["commit"], ())
            said[header["commit"]] = block
            yield from (first, *block, *lines[end : end + 1])
        else:
            yield first
        follows = _following(header)
        place = end + 1
