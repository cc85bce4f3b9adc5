"""Lines with their masks in, the places of errors and warnings and of what stands around them out.

For logs of both kinds: those of services, which tell an error between thousands of lines that are alike, and those of
CI jobs (`failing.py`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from headroom_wrap.lines.frames import is_frame, is_library_frame
from headroom_wrap.lines.noise import noise
from headroom_wrap.lines.notable import is_diagnostic, is_doubtful, is_error, is_warning

BEFORE, AFTER = 2, 4
BLOCK = 60
"""Lines that may belong to one error."""

_SURROUNDED = 2
_WARNINGS = 10
_FEW_ERRORS = 20

_GO_CALL = re.compile(r"goroutine \d+ \[|created by \S|[\w./*()\[\]{}-]+\(.*\)\s*$")
_WARNED = re.compile(r"\W{0,2}(?:warn(?:ing)?|debug)\b", re.IGNORECASE)
_BY_LEVEL = re.compile(
    r"^[EF]\d{4} \d\d:\d\d:|\d\d:\d\d:\d\d\.\d{3} +\d+ +\d+ [EF] |\[(?:E|F|ERR|FTL)\]|\b(?:CRITICAL|CRIT|EMERG)\b"
    r"|HTTP/\d(?:\.\d)?\" 5\d\d\b|\b[Ss]tatus(?:_?[Cc]ode)?[\"']?\s?[=:]\s?[\"']?5\d\d\b|\"level\":\s?(?:50|60)\b"
)
"""What a service's log tells by no word for an error: klog's level (`E0102 10:00:00`), Android's, Serilog's, an HTTP
status of the server, the number of a level of pino and bunyan. Masks hide most of these."""


@dataclass(slots=True)
class Troubles:
    """What a log tells of trouble.

    `kept`: lines of errors and warnings that stay. `told`: every line that tells an error, `first` those that do so
    first of their group. `roots`: lines whose surroundings stay too.
    """

    kept: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)
    first: list[int] = field(default_factory=list)
    roots: set[int] = field(default_factory=set)


def troubles(lines: Sequence[str], found: Sequence[str], group: dict[str, int], job: bool) -> Troubles:
    """-> errors and warnings: all errors of a mask, or the first two and the last of one told too often.

    In a job each mask shows once what stands around it: there masks that are alike still tell of different failures.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, mask in enumerate(found):
        places[mask].append(place)
    out = Troubles()
    shown: Counter[int] = Counter()
    warned: set[int] = set()
    for mask, where in places.items():
        told = [place for place in where if is_error(lines[place])] if _may_tell_error(mask, job) else []
        if not told and not job:
            told = [place for place in where if _BY_LEVEL.search(lines[place])]
        if told:
            _add_error(out, lines, told)
            shown[group[mask]] += 1
            if shown[group[mask]] == 1:
                out.first.append(told[0])
            if job or shown[group[mask]] <= _SURROUNDED:
                out.roots.add(told[0])
        elif not job and (is_warning(mask) or is_doubtful(mask)):
            out.kept.update((where[0], where[-1]))
        elif job and len(warned) < _WARNINGS and is_warning(mask) and group[mask] not in warned:
            warned.add(group[mask])
            out.kept.add(where[0])
            if is_diagnostic(lines[where[0]]):
                out.roots.add(where[0])
    return out


def _add_error(out: Troubles, lines: Sequence[str], told: Sequence[int]) -> None:
    every = list({lines[place]: place for place in reversed(told)}.values())
    few = len(every) <= _FEW_ERRORS or is_diagnostic(lines[told[0]])  # diagnostics point to different lines of files
    out.kept.update(every if few else {*told[:2], told[-1]})
    out.told.update(told)


def _may_tell_error(mask: str, job: bool) -> bool:
    """-> whether lines of a mask may be errors, and no frames; in a job also no warnings and no known steps."""
    if not is_error(mask) or is_frame(mask):
        return False
    return not (job and (_WARNED.match(mask) or noise(mask, True)))


def around(lines: Sequence[str], roots: Iterable[int], library: bool) -> set[int]:
    """-> what stands around each root: two lines before, four after, what is indented below it, and its trace.

    `library`: library frames stay too, each text once. One pass: a root inside what belongs to another prolongs it.
    """
    keep: set[int] = set()
    seen: set[str] = set()
    ends = -1
    for root in sorted(roots):
        keep.update(range(max(0, root - BEFORE), root))
        depth = _depth(lines[root])
        for place in range(max(root, ends) + 1, min(len(lines), root + BLOCK)):
            if place > root + AFTER and not _belongs(lines[place], depth):
                break
            ends = place
            if not is_library_frame(lines[place]):
                keep.add(place)
            elif library and lines[place] not in seen:
                seen.add(lines[place])
                keep.add(place)
    return keep


def traces(lines: Sequence[str], keep: set[int]) -> set[int]:
    """-> the frames that go on with a trace of which a line is kept, each text once."""
    more: set[int] = set()
    seen: set[str] = set()
    for start in sorted(keep):
        if is_frame(lines[start]):
            seen.add(lines[start])
        place = start + 1
        while place < len(lines) and place not in keep and is_frame(lines[place]):
            if lines[place] not in seen:
                seen.add(lines[place])
                more.add(place)
            place += 1
    return more


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _belongs(line: str, depth: int) -> bool:
    """-> whether a line below an error is about it: empty, indented deeper, a frame, a call in a Go trace."""
    return not line.strip() or _depth(line) > depth or is_frame(line) or _GO_CALL.match(line) is not None
