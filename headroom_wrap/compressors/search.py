"""Search hits in (grep, ripgrep, git grep, an agent's own search tool), the same hits with each path once out.

Reads: `path:line:text`, context `path-line-text`, `path:line:column:text`, `path:text` where the call is a search, and
the grouped shapes (ripgrep's --heading, `L3: text` under a path).
Keeps: the first hit of every file as it came, of the following ones the line number and the text with its indentation
(`540:text` belongs to the path above it); in this form nothing is lost, which is checked by decoding it (`expand`).
Files with one or two hits, and the third of the hits that hold most words of the call and the goal, keep `path:line` to
the letter: agents cite it and search for it (of 716 real searches 53 instead of 80 of 866 used strings are missing with
a third than with a tenth, for 1.5 points of the saving). Above 2,000 tokens, with a way back: one hit or more of every
file, how many more there are and on which lines of the original; hits that hold the words of the call and the goal, and
definitions, first.
Leaves out: in the lossless form the repeated paths only; otherwise the hits that rank last.
Not for: logs with timestamps, CSV, stack traces, diagnostics of a compiler, `key: value` text, empty results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from headroom_wrap import marker
from headroom_wrap.compressors.words import large, shares, wanted
from headroom_wrap.segment import Compressed, Segment

LARGE, ROOM = 2000, 4000
"""Tokens of the lossless form above which hits are left out, and the characters of hits that are then shown. Of 716
real searches 42.7 % is saved with 62 of 866 used strings missing at 4,000 and 12,000, 54.7 % with 80 at these, 58.1 %
with 97 at 1,500 and 2,500, each with a tenth of the paths cited."""
SHORTEST = 4
"""Characters that lines have on average: where most are blank, to look at each costs more than all else."""

LONG = 300
AROUND = 100
FEWEST = 3
"""Lines of a file from which on its path stands once: with fewer there is little to gain, and paths get used."""
CITED, MOST_CITED = 3, 40
"""One in so many hits, the best, keeps its path, but no more than so many of all."""

_HIT = re.compile(r"((?:[A-Za-z]:[\\/])?[^:\0\n]{1,400}):(\d{1,7}):(.*)", re.S)
_BARE = re.compile(r"((?:[A-Za-z]:[\\/])?[^:\0\n\s]{1,400}):(.*)", re.S)
_SPLIT = re.compile(r"-\d{1,7}-")
_PATH = re.compile(r"[^\s,;=(){}\[\]\"'<>|]*[A-Za-z_][^\s,;=(){}\[\]\"'<>|]*")
_SPACED = re.compile(r"[^,;={}\"<>|]*[A-Za-z_][^,;={}\"<>|]*")
_ENDING = re.compile(r"\.[A-Za-z][\w+-]{0,14}$|^(?:[A-Z][A-Za-z]+file|LICENSE|README|CHANGELOG|NOTICE|COPYING)$")
_NUMBERED = re.compile(r"(?:\d{1,7})?([:-])|\s*L\d{1,7}: ")
_HEADED = re.compile(r"\d{1,7}[:-]|\s*L\d{1,7}: ")
_SEARCH = re.compile(r"\b(?:e?grep|rg|ag|ack|ripgrep|search\w*|grep_search|findstr)\b", re.I)
_DIAGNOSTIC = re.compile(r"\s*(?:\d+:)?\s*(?:fatal )?(?:error|warning|note|info|hint)\b\s*[:\[(]", re.I)
_DEFINITION = re.compile(
    r"\b(?:def|class|fn|func|function|struct|interface|trait|enum|type|impl|module|macro_rules!|#define)\s+\w"
)
_ASIDE = re.compile(
    r"(?:^|[/_.\\-])(?:tests?|specs?|vendor|node_modules|dist|build|generated|fixtures?|mocks?|min)(?:[/_.\\-]|$)", re.I
)
_DETAIL = re.compile(r"\s*(?:#|//|\*|/\*|--|<!--)")


@dataclass(slots=True)
class Line:
    """One line of the result: `place` counts from 1; a hit or context line has a path, `rest` is what follows it."""

    place: int
    raw: str
    path: str = ""
    rest: str = ""
    context: bool = False


def search(segment: Segment) -> Compressed | None:
    """-> the hits under their paths, or None: no search result, or nothing gained. See the module's docstring."""
    lines = _read(segment)
    if lines is None:
        return None
    hits = [line for line in lines if line.path]
    order = _ranked(segment, hits)
    cited = {hits[index].place for index in order[: min(MOST_CITED, len(hits) // CITED)]}
    form = "\n".join(_grouped(lines, cited))
    if segment.way_back and large(form, LARGE) and (shorter := _shortened(segment, lines, hits, order)):
        return shorter
    return Compressed(form) if len(form) < len(segment.text) and expand(form) == segment.text else None


def expand(text: str) -> str:
    """-> the hits as they came, each line with its path. The inverse of the lossless form."""
    lines = text.split("\n")
    path, out = "", []
    for place, line in enumerate(lines):
        if path and line == "--":
            out.append(line)
        elif path and (found := _NUMBERED.match(line)):
            out.append(path + (found[1] or "" if line[0].isdigit() else "") + line)
        elif path and line.startswith((path + ":", path + "-")):
            out.append(line)
        else:
            path, headed = _opened(line, lines[place + 1] if place + 1 < len(lines) else "")
            out += [] if headed else [line]
    return "\n".join(out)


def _opened(line: str, following: str) -> tuple[str, bool]:
    """-> the path of the lines that follow, "" for none, and whether the line is nothing but that path."""
    if _NUMBERED.match(line):
        return "", False
    if path := _path_in(line):
        return path, False
    return (line, True) if line and _NUMBERED.match(following) else ("", False)


def _path_in(line: str) -> str:
    found = _HIT.match(line)
    return found[1] if found else ""


def _grouped(lines: list[Line], cited: set[int]) -> Iterator[str]:
    """The path of three or more lines of a file stands in the first of them and in those that are `cited`."""
    for path, group in groupby(_carried(lines), key=lambda pair: pair[0]):
        members = [line for _, line in group]
        if not path or sum(1 for line in members if line.path) < FEWEST:
            yield from (line.raw for line in members)
        elif _path_in(members[0].raw) == path:
            yield members[0].raw
            yield from (line.raw if line.place in cited else line.rest or line.raw for line in members[1:])
        else:
            yield path
            yield from (line.rest or line.raw for line in members)


def _carried(lines: list[Line]) -> Iterator[tuple[str, Line]]:
    """Each line with its group's path: a `--` between two hits of one file belongs to that file."""
    for place, line in enumerate(lines):
        before = lines[place - 1].path if place else ""
        after = lines[place + 1].path if place + 1 < len(lines) else ""
        yield (before if line.raw == "--" and before == after else line.path), line


def _read(segment: Segment) -> list[Line] | None:
    """-> the lines, those of a search with their path; None: no search result."""
    asked = _is_search(segment)
    raws = segment.text.split("\n")
    if len(segment.text) < SHORTEST * len(raws):
        return None
    lines = [_hit(place, raw, asked) for place, raw in enumerate(raws, 1)]
    hits = {line.path for line in lines if line.path}
    if not hits and asked:
        return _bare(raws) or _headed(raws)
    if not asked and any(line.path and _DIAGNOSTIC.match(line.rest.split(":", 1)[1]) for line in lines):
        return None
    _context(lines, hits)
    return lines if _enough(lines, asked) else None


def _is_search(segment: Segment) -> bool:
    return bool(_SEARCH.search(segment.tool) or _SEARCH.search(segment.call[:400]))


def _enough(lines: list[Line], asked: bool) -> bool:
    """A search that was asked for may stand among other text; where none was, (nearly) every line must be a hit."""
    filled = sum(1 for line in lines if line.raw and line.raw != "--")
    found = sum(1 for line in lines if line.path)
    return found >= 3 and found >= filled * (0.3 if asked else 0.8)


def _hit(place: int, raw: str, asked: bool) -> Line:
    found = _HIT.match(raw)
    if found and _plausible(found[1], asked):
        return Line(place, raw, found[1], raw[len(found[1]) + 1 :])
    return Line(place, raw)


def _plausible(path: str, asked: bool) -> bool:
    """A path has a letter and either a slash or an ending; spaces and brackets only where a search was asked for."""
    shape = _SPACED if asked else _PATH
    if not shape.fullmatch(path) or path != path.strip():
        return False
    return "/" in path or "\\" in path or _ENDING.search(path) is not None


def _context(lines: list[Line], hits: set[str]) -> None:
    """Give context lines (`path-12-text`) their path: only one that also has a hit, since a path may hold dashes."""
    for line in lines:
        if line.path or "-" not in line.raw:
            continue
        for found in _SPLIT.finditer(line.raw, 0, 500):
            if line.raw[: found.start()] in hits:
                line.path, line.context = line.raw[: found.start()], True
                line.rest = line.raw[found.start() + 1 :]
                break


def _bare(raws: list[str]) -> list[Line] | None:
    """`path:text`, as grep prints it without -n: the rest keeps its colon, so that it is told from a path."""
    lines = []
    for place, raw in enumerate(raws, 1):
        found = _BARE.match(raw)
        good = found is not None and _plausible(found[1], False)
        lines.append(Line(place, raw, found[1], raw[len(found[1]) :]) if found and good else Line(place, raw))
    return lines if _enough(lines, True) else None


def _headed(raws: list[str]) -> list[Line] | None:
    """Already grouped (ripgrep --heading, `L3: text`): nothing to gain without loss, but hits can be ranked."""
    lines, path = [], ""
    for place, raw in enumerate(raws, 1):
        inside = _HEADED.match(raw) is not None
        if not inside:
            path = raw if raw.strip() and raw != "--" else path if raw == "--" else ""
        lines.append(
            Line(place, raw, path if inside else "", raw if inside else "", raw[:9].lstrip("0123456789")[:1] == "-")
        )
    return lines if _enough(lines, True) and len({line.path for line in lines}) > 1 else None


def _shortened(segment: Segment, lines: list[Line], hits: list[Line], order: list[int]) -> Compressed | None:
    """Keep the best hit of every file and then the best of all up to the budget."""
    kept = _chosen(hits, order)
    if len(kept) == len(hits) and all(len(line.raw) <= LONG for line in hits):
        return None
    text = "\n".join(_with_gaps(segment, lines, kept))
    omitted = f"{len(hits) - len(kept)} of {len(hits)} matching and context lines"
    shorter = f"{text}\n{marker.footer(segment, omitted)}"
    return Compressed(shorter, omitted) if len(shorter) < 0.8 * len(segment.text) else None


def _ranked(segment: Segment, hits: list[Line]) -> list[int]:
    """-> the places of all hits, those that hold wanted words and definitions first."""
    scores = [
        share + _worth(line)
        for share, line in zip(shares((hit.raw for hit in hits), wanted(segment)), hits, strict=True)
    ]
    return sorted(range(len(hits)), key=lambda index: (-scores[index], index))


def _chosen(hits: list[Line], order: list[int]) -> set[int]:
    best: dict[str, int] = {}
    for index in order:
        best.setdefault(hits[index].path, index)
    kept = set(best.values()) | {
        index for index, hit in enumerate(hits) if _DIAGNOSTIC.match(hit.rest.partition(":")[2])
    }
    room = ROOM - sum(min(len(hits[index].rest), LONG) + 1 for index in kept) - sum(map(len, best))
    for index in order:
        room -= 0 if index in kept else min(len(hits[index].rest), LONG) + 1
        if room < 0:
            break
        kept.add(index)
    return {hits[index].place for index in kept}


def _worth(line: Line) -> float:
    worth = -1.5 if line.context else 0.0
    worth += 2.0 if _DEFINITION.search(line.rest, 0, 400) else 0.0
    worth -= 1.5 if _ASIDE.search(line.path) else 0.0
    return worth - (0.5 if _DETAIL.match(line.rest.lstrip("0123456789:-")) else 0.0)


def _with_gaps(segment: Segment, lines: list[Line], kept: set[int]) -> Iterator[str]:
    """The kept lines under their paths; after each file one gap: how many of its lines are missing, and where."""
    for path, group in groupby(_carried(lines), key=lambda pair: pair[0]):
        members = [line for _, line in group]
        if not path:
            yield from (line.raw for line in members if not _follows(line, lines))
            continue
        shown = [line for line in members if line.place in kept]
        whole = bool(shown) and _path_in(shown[0].raw) == path
        if shown and not whole:
            yield path
        yield from (
            (path + line.raw[len(path)] if whole and line is shown[0] else "") + _window(segment, line)
            for line in shown
        )
        missing = [line.place for line in members if line.path and line.place not in kept]
        if missing:
            where = "this file" if shown else path
            yield marker.gap(missing[0], missing[-1], f"+{len(missing)} more in {where}")


def _follows(line: Line, lines: list[Line]) -> bool:
    """A heading that the hits below it name again, or a `--` between files: not printed a second time."""
    following = lines[line.place] if line.place < len(lines) else None
    return line.raw == "--" or (following is not None and following.path == line.raw and bool(line.raw))


def _window(segment: Segment, line: Line) -> str:
    """A long line: its number and what stands around the first wanted word."""
    if len(line.rest) <= LONG:
        return line.rest
    head = _NUMBERED.match(line.rest)
    start = head.end() if head else 0
    low = line.rest.lower()
    at = next((place for word in wanted(segment, 12) if (place := low.find(word, start)) >= 0), start)
    first, last = max(start, at - AROUND), min(len(line.rest), at + 2 * AROUND)
    folded = marker.gap(line.place, line.place, f"{len(line.rest) - start - (last - first):,} more characters")
    return f"{line.rest[:start]}…{line.rest[first:last]}… {folded}"
