"""A unified diff in, the same without what is generated, moved, said twice or hardly ever used out.

Reads
    `git diff`, `git show`, `git log -p`, format-patch and plain `diff -u` output, also among other output: hunks are
    followed by the counts in their @@ lines, what lies outside of them is never touched.
Keeps
    Every file's header lines and every @@ line as it is; all changes in hand-written files; hunks that name identifiers
    of the goal; the added side of a moved block.
Leaves out
    Hunks of lock files, generated, minified and vendored files; binary patches; bodies of deleted files; the deleted
    side of blocks of five or more lines that stand added elsewhere; hunks equal to an earlier one; the middle of long
    context; in diffs of `LARGE` tokens and more, unless somebody speaks of a review, the lines that the trained model
    rates as hardly ever used.
Not for
    Diffs shown by word, combined (merge) diffs, logs in which a diff stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headroom_wrap import kompress
from headroom_wrap.lines.fold import KEEP, folded
from headroom_wrap.lines.goal import goal_words, naming
from headroom_wrap.segment import Compressed, Segment

_HUNK = re.compile(r"@@ -(?:\d+)(?:,(\d+))? \+(?:\d+)(?:,(\d+))? @@")
_FILE = re.compile(r"diff --git (?:a/)?(.+?) (?:b/)?\S+\s*$")
_BINARY = re.compile(r"[A-Za-z][\w!#$%&()*+;<=>?@^`{|}~-]{5,}\s*$")
_LOCK = re.compile(
    r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|poetry\.lock|uv\.lock"
    r"|Pipfile\.lock|composer\.lock|Gemfile\.lock|go\.sum|flake\.lock|Podfile\.lock|mix\.lock|gradle\.lockfile)$"
)
_GENERATED = re.compile(
    r"\.min\.(?:js|css)$|\.(?:map|snap|svg|pb\.go|pb\.cc|pb\.h|bundle\.js)$|_pb2(?:_grpc)?\.py$|\.(?:g|generated|gen)\.\w+$"
    r"|(?:^|/)(?:vendor|node_modules|third_party|__snapshots__|dist|__generated__)/"
)
_MOVED = 5
_DELETED = 20
_CONTEXT = 20
_BESIDE = 5
_SAME = 4
_PART = 0.25

LARGE = 600
"""Tokens below which hand-written hunks stay: almost nothing in them is cheap enough to go."""

PRICE = kompress.Price(use=0.5)
"""Dearer than for other output of commands. In 510 real diffs of five agents this saves half of them at 0.025 lost
strings for each 1,000 tokens (0.027 with an agent that the model had not seen), where all compressors together lose
0.07: an agent looks at a diff to check it, and quotes little."""

_REVIEW = re.compile(r"(?i)\b(?:code.?review|review|audit|critique)\w*")


@dataclass(frozen=True, slots=True)
class _Hunk:
    """The lines [first, last) of a hunk's body; the @@ line is the one before. `deletes`: the whole file goes."""

    path: str
    first: int
    last: int
    deletes: bool


def diff(segment: Segment) -> Compressed | None:
    """-> the diff with generated, moved and repeated parts folded, or None where there are none worth it."""
    if not segment.way_back or "\n@@ -" not in segment.text:
        return None
    lines = segment.text.split("\n")
    labels = [KEEP] * len(lines)
    hunks = list(_hunks(lines, labels))
    if sum(hunk.last - hunk.first for hunk in hunks) < _PART * len(lines):
        return None
    _fold_same(lines, hunks, labels)
    shown = _fold_moved(lines, hunks, labels)
    for hunk in hunks:
        _fold_unwritten(hunk, labels)
        _fold_context(lines, hunk, labels)
    _fold_unused(segment, lines, hunks, labels, shown)
    _unfold_named(segment, lines, hunks, labels)
    return folded(segment, lines, labels)


def _hunks(lines: Sequence[str], labels: list[str]) -> Iterator[_Hunk]:
    """-> the hunks in order; labels binary patches on the way."""
    path, deletes, headed, place = "", False, False, 0
    while place < len(lines):
        line = lines[place]
        place += 1
        if match := _FILE.match(line):
            path, deletes, headed = match[1], False, True
        elif line.startswith("--- ") and (line.startswith("--- a/") or not headed):
            path = line[4:].split("\t")[0].rstrip().removeprefix("a/")
            deletes = deletes and headed  # another program's diff: what was said of git's last file doesn't hold for it
        elif line.startswith("deleted file mode"):
            deletes = True
        elif line.startswith("GIT binary patch"):
            place = _binary(lines, place, labels)
        elif match := _HUNK.match(line):
            last = _end(lines, place, int(match[1] or 1), int(match[2] or 1))
            if any(line.startswith(("+", "-")) for line in lines[place:last]) and not _is_by_word(lines[place:last]):
                yield _Hunk(path, place, last, deletes)
            place, headed = last, False


def _is_by_word(body: Sequence[str]) -> bool:
    """-> whether words are marked instead of lines: `x = [-1-]{+2+}` has no sign in front and is no unchanged line."""
    return any(
        line[:1] not in ("+", "-") and (("[-" in line and "-]" in line) or ("{+" in line and "+}" in line))
        for line in body
    )


def _end(lines: Sequence[str], place: int, old: int, new: int) -> int:
    """-> where a hunk ends that has `old` and `new` lines: sooner where the text is cut or not a hunk."""
    while place < len(lines) and (old > 0 or new > 0 or lines[place].startswith("\\ ")):
        sign = lines[place][:1]
        if sign not in ("", " ", "+", "-", "\\", "\r"):
            break
        old -= sign in (" ", "-", "", "\r")
        new -= sign in (" ", "+", "", "\r")
        place += 1
    return place


def _binary(lines: Sequence[str], place: int, labels: list[str]) -> int:
    """Labels the lines of a binary patch. -> the line after it."""
    while place < len(lines) and (_BINARY.match(lines[place]) or lines[place].startswith(("literal ", "delta "))):
        labels[place] = "binary line"
        place += 1
    return place


def _unwritten(path: str) -> str:
    """-> the label for lines of a file that nobody wrote by hand, or KEEP."""
    return "lock file line" if _LOCK.search(path) else "generated line" if _GENERATED.search(path) else KEEP


def _fold_unwritten(hunk: _Hunk, labels: list[str]) -> None:
    """Labels hunks that nobody wrote by hand, and the bodies of deleted files after their first lines."""
    if label := _unwritten(hunk.path):
        labels[hunk.first : hunk.last] = [label] * (hunk.last - hunk.first)
    elif hunk.deletes and hunk.last - hunk.first >= _DELETED:
        start = hunk.first + _BESIDE
        labels[start : hunk.last] = ["line of a deleted file"] * (hunk.last - start)


def _fold_context(lines: Sequence[str], hunk: _Hunk, labels: list[str]) -> None:
    """Labels the middle of unchanged lines where more than `_CONTEXT` stand together (`-U99`, `-W`)."""
    start = hunk.first
    for place in range(hunk.first, hunk.last + 1):
        if place < hunk.last and lines[place][:1] not in ("+", "-"):
            continue
        if place - start > _CONTEXT:
            middle = range(start + _BESIDE, place - _BESIDE)
            labels[middle.start : middle.stop] = ["unchanged line"] * len(middle)
        start = place + 1


def _fold_same(lines: Sequence[str], hunks: Sequence[_Hunk], labels: list[str]) -> None:
    """Labels hunks whose lines all equal those of an earlier hunk."""
    seen: set[tuple[str, ...]] = set()
    for hunk in hunks:
        body = tuple(lines[hunk.first : hunk.last])
        if len(body) >= _SAME and body in seen:
            labels[hunk.first : hunk.last] = ["line equal to an earlier hunk"] * len(body)
        seen.add(body)


def _fold_moved(lines: Sequence[str], hunks: Sequence[_Hunk], labels: list[str]) -> set[int]:
    """Labels blocks of deleted lines that stand, in the same order, among the added lines. -> their places there."""
    shown: set[int] = set()
    written = [hunk for hunk in hunks if labels[hunk.first] == KEEP and not _unwritten(hunk.path)]
    added = [place for hunk in written for place in range(hunk.first, hunk.last) if lines[place].startswith("+")]
    starts: dict[tuple[str, ...], int] = {}
    for at in range(len(added) - _MOVED + 1):
        starts.setdefault(tuple(lines[place][1:] for place in added[at : at + _MOVED]), at)
    for hunk in written:
        place = hunk.first
        while place + _MOVED <= hunk.last:
            block = lines[place : place + _MOVED]
            known = starts.get(tuple(line[1:] for line in block)) if all(line[:1] == "-" for line in block) else None
            long = 0 if known is None else _same(lines, range(place, hunk.last), added, known)
            if sum(len(line) for line in lines[place : place + long]) > 20 * long:
                labels[place : place + long] = ["line moved and shown as added"] * long
                shown.update(added[known or 0 : (known or 0) + long])
            place += max(1, long)
    return shown


def _same(lines: Sequence[str], deleted: range, added: Sequence[int], known: int) -> int:
    """-> how many of the deleted lines equal the added lines from `known` on, one by one and side by side."""
    for long, place in enumerate(deleted):
        at = known + long
        if at >= len(added) or added[at] != added[known] + long or lines[place] != "-" + lines[added[at]][1:]:
            return long
    return len(deleted)


def _fold_unused(
    segment: Segment, lines: Sequence[str], hunks: Sequence[_Hunk], labels: list[str], shown: set[int]
) -> None:
    """Labels the lines of hunks that the model rates as hardly ever used; none where a review is spoken of.

    `shown` stay: a gap says of the lines that were there before that they are shown here.
    """
    if _REVIEW.search(segment.goal) or not kompress.available():
        return
    open_to = {place for hunk in hunks for place in range(hunk.first, hunk.last) if labels[place] == KEEP} - shown
    costs = kompress.costs(lines)
    if sum(costs[place] for place in open_to) < 100 * LARGE:
        return
    scores = kompress.scores(lines, tool=segment.tool, call=segment.call, goal=segment.goal)
    if not scores:
        return
    must = [place not in open_to for place in range(len(lines))]
    for place, stays in enumerate(kompress.keep(scores, costs, PRICE, must)):
        if not stays:
            labels[place] = "rarely used line"


def _unfold_named(segment: Segment, lines: Sequence[str], hunks: Sequence[_Hunk], labels: list[str]) -> None:
    """Unlabels hunks with a line that names something of the goal, where that is not most of them."""
    pattern = naming(goal_words(segment))
    if pattern is None:
        return
    named = [hunk for hunk in hunks if any(pattern.search(line) for line in lines[hunk.first : hunk.last])]
    for hunk in named if 2 * len(named) <= len(hunks) else ():
        labels[hunk.first : hunk.last] = [KEEP] * (hunk.last - hunk.first)
