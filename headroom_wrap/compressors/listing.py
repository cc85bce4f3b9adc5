"""Lists of files in (find, ls -R, glob, git ls-files, ls -la, git ls-tree), the same names under their directories out.

Reads: one path per line; `ls -l` rows; `git ls-tree` rows.
Keeps: every name, in its order: a directory stands once above four or more names in it, columns that are the same in
every row stand once. The 25 names that share most words with the goal and the call keep their whole path, for agents
copy it into the next call. What `expand` gives back is compared with the original first. Above 4,000 tokens and with a
way back: directories that nobody reads (node_modules, .git, caches) and numbered series stand as counts, but for names
of the goal.
Leaves out: in the lossless form nothing; otherwise what those folds count.
Not for: trees drawn with lines, which already name a directory once; search hits; text that isn't paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from headroom_wrap import marker
from headroom_wrap.compressors.words import large, likely
from headroom_wrap.lines.goal import goal_words, naming
from headroom_wrap.segment import Compressed, Segment

FEWEST = 5
MEMBERS = 4
"""Names in a directory from which on it stands above them: with fewer there is little to gain, and paths get used."""
WHOLE = 25
"""So many paths, those most like the goal, stay whole. Of 375 real listings 33.2 % is saved with 82 of 474 used strings
missing; with one path in ten whole 35.8 % with 113, with 80 paths 31.4 % with 79."""

_PATH = re.compile(
    r"(?:\./|\.\./|/|~/|[A-Za-z]:\\)?[^\s/\\:;,\"'<>|(){}=*]+(?: [^\s/\\:;,\"'<>|(){}=*]+){0,3}(?:/[^/\n:\"<>|*]*)*"
)
_NAME = re.compile(r"[\w@.+~$#%&()\[\] -]*[\w)\]~$#%+-]/?")
_LONG = re.compile(r"([bcdlps-][rwxsStT-]{9}[.+@]?\s+\d+ \S+\s+\S+ +)(.+)")
_TREE = re.compile(r"(\d{6} (?:blob|tree|commit) )([0-9a-f]{40}.*)")
_DEEP = re.compile(
    r"(?:^|/)(?:node_modules|\.git|__pycache__|\.venv|venv|site-packages|\.tox|\.mypy_cache|\.next|\.cache)(?=/)"
)
_DIGITS = re.compile(r"\d+")
_WHOLE = re.compile(r"^total \d+$")
_ROWS = "[rows begin with: "


def listing(segment: Segment) -> Compressed | None:
    """-> the names under their directories, or None: no listing, or nothing gained. See the module's docstring."""
    lines = segment.text.split("\n")
    form = (
        _columns(lines)
        if _LONG.match(lines[min(1, len(lines) - 1)]) or _TREE.match(lines[0])
        else _paths(segment, lines)
    )
    if form is None:
        return None
    faithful = len(form) < 0.95 * len(segment.text) and expand(form) == segment.text
    if segment.way_back and large(form) and not form.startswith(_ROWS) and (short := _shortened(segment, lines)):
        return short
    return Compressed(form) if faithful else None


def expand(text: str) -> str:
    """-> the paths as they came. The inverse of the lossless form."""
    if text.startswith(_ROWS):
        return _spread(text)
    out, folder = [], ""
    for line in text.split("\n"):
        if line.startswith("  ") and folder:
            out.append(folder + line[2:])
        elif line.endswith("/:"):
            folder = line[:-1]
        else:
            out.append(line)
    return "\n".join(out)


def _paths(segment: Segment, lines: list[str]) -> str | None:
    filled = [line for line in lines if line]
    paths = [line for line in filled if "/" in line and len(line) < 400 and _PATH.fullmatch(line)]
    if len(paths) < FEWEST or len(paths) < 0.8 * len(filled) or any("  " in line or "://" in line for line in paths):
        return None
    return "\n".join(_grouped(lines, _likely(segment, lines)))


def _likely(segment: Segment, lines: list[str]) -> set[str]:
    names = [line[len(_folder(line)) :] for line in lines]
    return {lines[place] for place in likely(segment, names, WHOLE)}


def _grouped(lines: list[str], whole: set[str]) -> Iterator[str]:
    """A directory stands once above the names that follow each other in it; a few, and those in `whole`, stay."""
    for folder, group in groupby(lines, key=_folder):
        members = list(group)
        if not folder or len(members) < MEMBERS or (len(members) - 1) * len(folder) < 3 * len(members):
            yield from members
            continue
        yield f"{folder}:"
        yield from (line if line in whole else f"  {line[len(folder) :]}" for line in members)


def _folder(line: str) -> str:
    return line[: line.rstrip("/").rfind("/") + 1]


def _columns(lines: list[str]) -> str | None:
    """Rows of `ls -l` and `git ls-tree`: the commonest beginning (mode, links, owner) moves into the first line."""
    pattern = _TREE if _TREE.match(lines[0]) else _LONG
    starts = [found[1] for line in lines if (found := pattern.match(line))]
    if len(starts) < FEWEST:
        return None
    common = (
        max(sorted(set(starts)), key=lambda start: starts.count(start) * len(start)) if len(set(starts)) < 60 else ""
    )
    if starts.count(common) * len(common) < len(common) + 60:
        return None
    rest = [f"  {line[len(common) :]}" if line.startswith(common) else line for line in lines]
    return "\n".join([f"{_ROWS}{common}]", *rest])


def _spread(text: str) -> str:
    head, *rest = text.split("\n")
    common = head[len(_ROWS) : -1]
    return "\n".join(common + line[2:] if line.startswith("  ") else line for line in rest)


def _shortened(segment: Segment, lines: list[str]) -> Compressed | None:
    """Fold what lies below directories that nobody reads, and runs of names that differ in their numbers only."""
    out: list[str] = []
    last = missing = 0
    named = _named(segment, lines)
    for kind, group in groupby(lines, key=lambda line: "" if line in named else _kind(line)):
        members = list(group)
        first, last = last + 1, last + len(members)
        keep = 1 if kind.endswith("/") else 2
        if not kind or len(members) <= keep + 2:
            out += members
            continue
        out += members[:keep]
        out.append(marker.gap(first + keep, last, f"{len(members) - keep} more like {kind}"))
        missing += len(members) - keep
    if missing < 0.1 * len(lines):
        return None
    omitted = f"{missing} of {len(lines)} paths"
    form, plain = "\n".join(_grouped(out, _likely(segment, lines))), "\n".join(out)
    text = form if expand(form) == plain else plain
    return Compressed(f"{text}\n{marker.footer(segment, omitted)}", omitted)


def _named(segment: Segment, lines: list[str]) -> set[str]:
    """-> the paths that hold a name of the goal, where that is a few of them."""
    pattern = naming(goal_words(segment))
    found = {line for line in lines if pattern.search(line)} if pattern else set()
    return found if len(found) <= WHOLE else set()


def _kind(line: str) -> str:
    """-> what a path can be folded with: the unread directory above it, or its name with every number as `#`."""
    found = _DEEP.search(line)
    if found:
        return line[: found.end()] + "/"
    named = _DIGITS.sub("#", line)
    return named if named != line else ""
