"""What `git blame` prints in, the same with author and date of each commit said once out; nothing is lost.

Reads
    `git blame` and `git annotate` (`-s`, `-n`, `-b`, `-c`, `-e`, `-f`, `-l`, `-t`, `-w`, `-L`, `-C`, `--date`),
    boundary commits and lines from renamed files among them; `--porcelain`, `--line-porcelain`.
Keeps
    Every line's text and number; the first line of each commit as it came, and the commit's name wherever another
    commit's lines end. With `-n` also every line whose old number the commit's line before doesn't tell. `expand` puts
    the rest back and is asked before the form is used.
Leaves out
    Nothing. What stands in front of a line is three quarters of a blame and mostly what stands in front of another.
Not for
    `--incremental`, which has no lines of the file; a few lines of which the form would be longer. Compressors that are
    asked later may have these, but none that takes them for a `git log`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from headroom_wrap.lines.git import asks_for_blame
from headroom_wrap.segment import Compressed, Segment

NOTICE = "[git blame: a line without a commit is of the commit above; author and date stand at a commit's first line]"
NUMBERED = (
    "[git blame: a line without a commit is of the commit above; author and date stand at a commit's first line, the "
    "line's old number where its distance from the new one isn't that of the commit's line before]"
)
PORCELAIN = (
    "[git blame: what is said of a commit stands at its first line; a line without a header is the commit's next]"
)

FOLLOWS = "[git blame: a line without a header is the next one of the commit above]"

WORTH = 0.9
"""Of its characters a text must come down to this where the call doesn't say that it is a blame."""

_LINE = re.compile(
    r"(?P<head>(?P<commit>\^?[0-9a-f]{5,40}\b|(?= {5})).{0,300}?)(?<=[ \t])(?P<number>\d{1,9})\)(?P<rest>.*)", re.S
)
"""`-b` leaves the name of a boundary commit blank."""

_NEXT = re.compile(r"(?P<number>\d{1,9})\)(?P<rest>.*)", re.S)
_WAS = re.compile(r"(?P<lead>[^(]*?)(?P<was> +[1-9]\d{0,8})(?P<after> \(.*)?", re.S)
"""What `-n` puts in: the number that the line had in its commit, before the author or, with `-s`, at the end."""

_HEADER = re.compile(r"(?P<commit>[0-9a-f]{40}) (?P<was>\d{1,9}) (?P<number>\d{1,9})(?P<count> \d{1,9})?")


class _Before(NamedTuple):
    """What stands before the number of a line, and where the number ends.

    `shift`: by how much the line had another number in its commit, told in `width` characters between `lead` and
    `after`; no width: it isn't told.
    """

    lead: str
    shift: int
    width: int
    after: str
    end: int

    def with_number(self, number: str) -> str:
        """-> the start of the line of this number, up to the number's end."""
        was = str(int(number) + self.shift).rjust(self.width) if self.width else ""
        head = f"{self.lead}{was}{self.after}"
        return head + number.rjust(self.end - len(head))


def blame(segment: Segment) -> Compressed | None:
    """-> the blame in its short form; None: no blame, or little of it is said twice."""
    text = segment.text
    asked = asks_for_blame(segment.call)
    first = _LINE.match(text[:400])
    if not asked and not (first and first["commit"]) and not _HEADER.match(text[:120]):
        return None
    lines = text.split("\n")
    old_numbers = first is not None and _before(first).width > 0
    notices = (PORCELAIN, FOLLOWS) if _HEADER.fullmatch(lines[0]) else (NUMBERED,) if old_numbers else (NOTICE,)
    for notice in notices:
        made = "\n".join([notice, *_FORMS[notice][0](lines)])
        if len(made) < (1 if asked else WORTH) * len(text) and expand(made) == text:
            return Compressed(made)
    return None


def expand(text: str) -> str:
    """-> the blame that a short form was made of; any other text as it is."""
    first, _, rest = text.partition("\n")
    return "\n".join(_FORMS[first][1](rest.split("\n"))) if first in _FORMS else text


def _short_lines(lines: Sequence[str]) -> Iterator[str]:
    said: dict[str, _Before] = {}
    above: str | None = None
    for line in lines:
        found = _LINE.match(line)
        commit = found["commit"] if found else None
        if found is None or said.get(found["commit"]) != _before(found) or (not commit and commit != above):
            yield line
        else:
            yield f"{'' if commit == above else found['commit'] + ' '}{found['number']}){found['rest']}"
        if found is not None:
            said[found["commit"]] = _before(found)
        above = commit


def _before(found: re.Match[str]) -> _Before:
    head = found["head"].rstrip(" ")
    if (told := _WAS.fullmatch(head)) is None:
        return _Before(head, 0, 0, "", found.end("number"))
    shift = int(told["was"]) - int(found["number"])
    return _Before(told["lead"], shift, len(told["was"]), told["after"] or "", found.end("number"))


def _long_lines(lines: Sequence[str]) -> Iterator[str]:
    said: dict[str, _Before] = {}
    above: str | None = None
    for line in lines:
        found, following = _LINE.match(line), _NEXT.match(line)
        if found is not None and (found["commit"] not in said or found["head"].rstrip(" ") != found["commit"]):
            above = found["commit"]
            said[above] = _before(found)
            yield line
        elif (short := found or (following if above is not None else None)) is not None:
            above = found["commit"] if found else (above or "")
            yield f"{said[above].with_number(short['number'])}){short['rest']}"
        else:
            above = None
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


def _short_porcelain(lines: Sequence[str]) -> Iterator[str]:
    """Leave out the header of a line that follows on the one above, where nothing is said of the commit again."""
    follows = ""
    for line in lines:
        if not follows or line != follows:
            yield line
        follows = _following(header) if (header := _HEADER.fullmatch(line)) else follows


def _long_porcelain(lines: Sequence[str]) -> Iterator[str]:
    follows, ended = "", False
    for line in lines:
        text = line.startswith("\t")
        if ended and text and follows:
            yield follows
        header = _HEADER.fullmatch(follows if ended and text else line)
        follows = _following(header) if header else follows
        yield line
        ended = text


_Form = Callable[[Sequence[str]], Iterator[str]]
_FORMS: dict[str, tuple[_Form, _Form]] = {
    NOTICE: (_short_lines, _long_lines),
    NUMBERED: (_short_lines, _long_lines),
    PORCELAIN: (_short_blocks, _long_blocks),
    FOLLOWS: (_short_porcelain, _long_porcelain),
}
