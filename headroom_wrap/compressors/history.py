"""What git says of the past in, the recent part and what the goal names out.

Reads
    `git log` (one line each, full, with --stat or --name-only), `git reflog`, `git status` with long lists of files.
Keeps
    The newest 40 of one-line entries and the oldest three; the newest ten of full entries, of older ones the commit
    line and the subject; entries that name identifiers of the goal; every file that is neither untracked nor ignored.
Leaves out
    Older one-line entries, the other lines of older full entries, untracked and ignored files after the first fifteen.
Not for
    Logs with patches (`diff` reads them), `git blame` (`blame`), lists of refs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headroom_wrap.lines.fold import BLANK, KEEP, folded
from headroom_wrap.lines.git import asks_for_blame
from headroom_wrap.lines.goal import goal_words, naming
from headroom_wrap.lines.notable import is_error
from headroom_wrap.segment import Compressed, Segment

_ENTRY = re.compile(r"commit [0-9a-f]{7,40}\b")
_SHORT = re.compile(
    r"(?:[*|\\/ ]+)?[0-9a-f]{7,40} "
    r"(?! *(?:[^\s(]+ +)?(?:\d{1,9} +)?(?:\([^)]{1,200} )?\d{1,9}\)(?: |$))"
    r"(?:\([^)]*\) |HEAD@\{\d+\}: )?(?!refs/)\S"
)
"""The second line is a line of a blame (`abc1234f a.py 7 (Ada 2024-02-03 9) x`), where no call tells it from a log."""

_UNTRACKED = re.compile(r"(?:Untracked|Ignored) files:\r?$")
_BESIDE = re.compile(r'\r?$|  \(use "git ')

_FULL = 10
_ONE_LINE, _OLDEST = 40, 3
_FILES = 15


def history(segment: Segment) -> Compressed | None:
    """-> the history with its older part folded, or None where it is short or the call asks nothing of git."""
    if not segment.way_back or "git" not in segment.call or "\n@@ -" in segment.text:
        return None
    if asks_for_blame(segment.call):
        return None
    lines = segment.text.split("\n")
    labels = [KEEP] * len(lines)
    _fold_full(lines, labels)
    _fold_short(lines, labels)
    if "status" in segment.call:
        _fold_untracked(lines, labels)
    if not any(labels):
        return None
    _unfold_named(segment, lines, labels)
    return folded(segment, lines, labels)


def _fold_full(lines: Sequence[str], labels: list[str]) -> None:
    """Labels all but the commit line and the subject of full entries after the tenth.

    Between two logs another command may have failed: an error that is not indented, as a commit's text is, stays.
    """
    entries = [place for place, line in enumerate(lines) if _ENTRY.match(line)]
    if len(entries) <= _FULL:
        return
    for first, last in zip(entries[_FULL:], [*entries[_FULL + 1 :], _last(lines, entries[-1])], strict=True):
        subject = next((place for place in range(first, last) if lines[place].startswith("    ")), first)
        for place in range(first + 1, last):
            if place != subject and not (lines[place][:1].strip() and is_error(lines[place])):
                labels[place] = "line of an older commit" if lines[place].strip() else BLANK


def _last(lines: Sequence[str], place: int) -> int:
    """-> where the last full entry ends: at the first line that is neither blank, indented nor one of its fields."""
    place += 1
    while place < len(lines) and (not lines[place] or re.match(r" |[A-Z]\w+: ", lines[place])):
        place += 1
    return place


def _fold_short(lines: Sequence[str], labels: list[str]) -> None:
    """Labels one-line entries between the newest 40 and the oldest three, where they follow each other."""
    start = 0
    for place in range(len(lines) + 1):
        if place < len(lines) and _SHORT.match(lines[place]):
            continue
        if place - start > _ONE_LINE + 2 * _OLDEST:
            middle = range(start + _ONE_LINE, place - _OLDEST)
            labels[middle.start : middle.stop] = ["older commit"] * len(middle)
        start = place + 1


def _fold_untracked(lines: Sequence[str], labels: list[str]) -> None:
    """Labels untracked files after the fifteenth: `?? name`, and what stands behind a tab below their heading.

    Above it conflicts stand so too ("deleted by us:"), and other commands print lines that begin with a tab.
    """
    files, below = [], False
    for place, line in enumerate(lines):
        named = below and line.startswith("\t")
        below = named or _UNTRACKED.match(line) is not None or (below and _BESIDE.match(line) is not None)
        if named or line.startswith("?? "):
            files.append(place)
    for place in files[_FILES:]:
        labels[place] = "untracked file"


def _unfold_named(segment: Segment, lines: Sequence[str], labels: list[str]) -> None:
    """Unlabels lines that name something of the goal."""
    pattern = naming(goal_words(segment))
    for place, line in enumerate(lines):
        if pattern and labels[place] and pattern.search(line):
            labels[place] = KEEP
