"""Log text in, its first and last line of each template, its errors and its end out.

Reads
    Service logs (a time or a level on most lines), CI job logs, and what `kubectl logs`, `journalctl`, `docker logs`,
    `tail x.log` or `gh run view --log` print, from 30 lines up.
Keeps
    The first and last line of each template; every line of a template seen at most twice; all errors of a kind, of one
    that was told more than `_FEW_ERRORS` times in other words the first two and the last unless they point to lines of
    files; around errors two lines before, four after and what is indented below; user frames of each distinct stack
    trace, its "Caused by" lines and its last line; lines naming identifiers of the goal; the first 3 and last 10 lines.
    Of CI jobs, whose text is mostly set-up that stands there once, the errors likewise, library frames once, the 40
    lines before each bad exit and the last 30. All verbatim, in their order.
Leaves out
    Further lines of templates already shown: counts, line ranges and the span of their numbers stand in notes.
    Without a way back nothing is left out: templates are written once and their values in rows (`lines/table.py`).
Not for
    JSON lines (records), search hits in logs, source code, diffs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from headroom_wrap.lines.fold import BLANK, KEEP, LEAST, folded
from headroom_wrap.lines.frames import is_frame, is_library_frame
from headroom_wrap.lines.goal import goal_words, naming
from headroom_wrap.lines.job import is_job
from headroom_wrap.lines.noise import noise
from headroom_wrap.lines.notable import is_diagnostic, is_doubtful, is_error, is_failed_status, is_warning
from headroom_wrap.lines.table import HEAD, tabled, untabled
from headroom_wrap.lines.templates import VARYING, groups, masks
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.shown import source_of

_LEAST_LINES = 30
_HEAD, _TAIL = 3, 10
_BEFORE, _AFTER = 2, 4
_NOTES = 8
_OFTEN = 20
_SPANS, _MASK = 3, 100
_GOAL_HITS = 20
_JOB_TAIL = 30
_WINDOW = 40
_COMMON = 8
_CONTEXTS = 2
_WARNINGS = 10
_FEW_ERRORS = 20
_BLOCK = 60

_STAMP = re.compile(
    r".{0,90}?(?:\d\d:\d\d:\d\d|\b1\d{9}(?:\.\d+)?\b|\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)\b"
    r"|\b\d{4}-\d\d-\d\dT\d)"
    r"|\W{0,3}(?:\d{6,8}[ -]\d{6} |[IWEF]\d{4} |[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d|[VDIWE]/)"
)
_ACTIONS = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]{8,18}Z ?")
"""What GitHub Actions writes before every line: without it an indent is one, and a frame a frame."""

_GO_CALL = re.compile(r"goroutine \d+ \[|created by \S|[\w./*()\[\]{}-]+\(.*\)\s*$")
_WARNED = re.compile(r"\W{0,2}(?:warn(?:ing)?|debug)\b", re.IGNORECASE)
_HIT = re.compile(r"[\w./-]+:\d+[:-]")
_SEARCH = re.compile(r"\b(?:grep|rg|ag|ack)\b")
_ASKED = re.compile(
    r"\b(?:journalctl|dmesg|kubectl\s+logs|docker(?:[ -]compose)?\s+logs|gh\s+run\s+view|[\w/-]\.log\b|pm2 logs)"
)


def logs(segment: Segment) -> Compressed | None:
    """-> the log with repeated templates folded, or None where the text is no log or folding saves too little."""
    lines = segment.text.split("\n")
    if len(lines) < _LEAST_LINES or not _is_log(segment, lines):
        return None
    if not segment.way_back:
        return _table(segment.text)
    found = masks(segment.text)
    group = groups(found)
    labels = _labels(segment, [_ACTIONS.sub("", line) for line in lines], found, group)
    return folded(segment, lines, labels, () if is_job(segment.text) else _notes(lines, found, group, labels))


def _table(text: str) -> Compressed | None:
    """-> the text as patterns and rows, where that saves enough and decodes to the very same text."""
    short = tabled(text)
    if short is None or len(text) - len(short) < LEAST or untabled(short) != text:
        return None
    return Compressed(short)


def expand(text: str) -> str:
    """-> the log that patterns and rows were made from; a text with lines folded, as it is."""
    return untabled(text) if text.startswith(HEAD) else text


def _is_log(segment: Segment, lines: Sequence[str]) -> bool:
    """-> whether most lines carry a time or a level, or the text or the call says so; never for tables."""
    if source_of(segment):
        return False
    if is_job(segment.text):
        return True
    shown = [line for line in lines if line.strip()][:1000]
    if _is_table(shown) or (_SEARCH.search(segment.call) and _share(_HIT, shown) > 0.5):
        return False
    return _share(_STAMP, shown) > (0.15 if _ASKED.search(segment.call) else 0.5)


def _share(pattern: re.Pattern[str], lines: Sequence[str]) -> float:
    """-> the share of lines that begin with `pattern`."""
    return sum(1 for line in lines if pattern.match(line)) / max(1, len(lines))


def _is_table(lines: Sequence[str]) -> bool:
    """-> whether the lines are records rather than messages: JSON lines, or equally many commas or tabs in each."""
    if 2 * sum(1 for line in lines if line.startswith("{")) > len(lines):
        return True
    for separator in ",;\t":
        often, times = Counter(line.count(separator) for line in lines).most_common(1)[0] if lines else (0, 0)
        if often >= 3 and times > 0.9 * len(lines):
            return True
    return False


def _labels(segment: Segment, lines: Sequence[str], found: Sequence[str], group: dict[str, int]) -> list[str]:
    """-> KEEP or a label for each line."""
    job = is_job(segment.text)
    keep = _named(segment, lines) | _errors(lines, found, group, job)
    keep |= _before_failures(lines, found, group) if job else _ends(found, group)
    keep.update(range(_HEAD))
    keep.update(range(len(lines) - (_TAIL if not job else _JOB_TAIL), len(lines)))
    label = "set-up or progress line" if job else "similar line"
    return [KEEP if place in keep else label if line.strip() else BLANK for place, line in enumerate(lines)]


def _ends(found: Sequence[str], group: dict[str, int]) -> set[int]:
    """-> the first and last line of each group: all there is of one seen at most twice. Blank lines have no group."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for place, mask in enumerate(found):
        if mask and not mask.isspace():
            number = group[mask]
            first.setdefault(number, place)
            last[number] = place
    return {*first.values(), *last.values()}


def _before_failures(lines: Sequence[str], found: Sequence[str], group: dict[str, int]) -> set[int]:
    """-> the lines before each bad exit status of a job, without those of templates that run through the whole job."""
    counts = Counter(group[mask] for mask in found)
    bad = {mask for mask in set(found) if is_failed_status(mask)}
    keep: set[int] = set()
    for place, line in enumerate(lines):
        if found[place] in bad and is_failed_status(line):
            near = range(max(0, place - _WINDOW), place + 1)
            keep.update(
                one for one in near if counts[group[found[one]]] <= _COMMON and not is_library_frame(lines[one])
            )
    return keep


def _errors(lines: Sequence[str], found: Sequence[str], group: dict[str, int], job: bool) -> set[int]:
    """-> the lines of errors and warnings that stay: of each error mask the first two, with context, and the last."""
    keep: set[int] = set()
    places: dict[str, list[int]] = defaultdict(list)
    for place, mask in enumerate(found):
        places[mask].append(place)
    warned: set[int] = set()
    shown: Counter[int] = Counter()
    frames: set[str] = set()
    for mask, where in places.items():
        told = [place for place in where if is_error(lines[place])] if _may_tell_error(mask, job) else []
        if told:
            where = told
            every = _distinct(lines, where)
            few = len(every) <= _FEW_ERRORS or is_diagnostic(lines[where[0]])
            keep.update(every if few else {*where[:2], where[-1]})
            shown[group[mask]] += 1
            if shown[group[mask]] <= _CONTEXTS:
                keep |= _context(lines, where[0], frames if job else None)
        elif not job and (is_warning(mask) or is_doubtful(mask)):
            keep.update((where[0], where[-1]))
        elif job and len(warned) < _WARNINGS and is_warning(mask) and group[mask] not in warned:
            warned.add(group[mask])
            keep.add(where[0])
    return keep


def _may_tell_error(mask: str, job: bool) -> bool:
    """-> whether lines of a mask may be errors, and no frames; in a job also no warnings and no known steps."""
    if not is_error(mask) or is_frame(mask):
        return False
    return not (job and (_WARNED.match(mask) or noise(mask, True)))


def _distinct(lines: Sequence[str], where: Sequence[int]) -> list[int]:
    """-> the first place of each text: diagnostics of one mask point to different lines of files."""
    return list({lines[place]: place for place in reversed(where)}.values())


def _context(lines: Sequence[str], place: int, frames: set[str] | None) -> set[int]:
    """-> what stands around an error: two lines before, four after, what is indented below it, and its trace.

    `frames`: library frames shown before, of which none is shown again; None: none is shown at all.
    """
    keep = set(range(max(0, place - _BEFORE), place))
    depth = _depth(lines[place])
    for after in range(place + 1, min(len(lines), place + _BLOCK)):
        if after > place + _AFTER and not _belongs(lines[after], depth):
            break
        if not is_library_frame(lines[after]):
            keep.add(after)
        elif frames is not None and lines[after] not in frames:
            frames.add(lines[after])
            keep.add(after)
    return keep


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _belongs(line: str, depth: int) -> bool:
    """-> whether a line below an error is about it: empty, indented deeper, a frame, a call in a Go trace."""
    return not line.strip() or _depth(line) > depth or is_frame(line) or _GO_CALL.match(line) is not None


def _named(segment: Segment, lines: Sequence[str]) -> set[int]:
    """-> the lines that name something of the goal, where those are few."""
    pattern = naming(goal_words(segment))
    hits = [place for place, line in enumerate(lines) if pattern.search(line)] if pattern else []
    return set(hits) if len(hits) <= _GOAL_HITS else set(hits[:3] + hits[-3:])


def _notes(lines: Sequence[str], found: Sequence[str], group: dict[str, int], labels: Sequence[str]) -> list[str]:
    """-> for each of the groups folded most often a line: how many, between which lines, their mask and numbers."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        if label not in (KEEP, BLANK):
            places[group[found[place]]].append(place)
    often = sorted((where for where in places.values() if len(where) >= _OFTEN), key=lambda where: -len(where))[:_NOTES]
    return [_note(lines, found, where) for where in often]


def _note(lines: Sequence[str], found: Sequence[str], where: Sequence[int]) -> str:
    """-> `[lines 13-980: 412 like "served <> in <> ms", numbers 200-503, 3-9120]`."""
    mask = Counter(found[place] for place in where).most_common(1)[0][0]
    rows = [VARYING.findall(lines[place]) for place in where if found[place] == mask]
    spans = [_span(column) for column in zip(*rows, strict=True)]
    numbers = ", ".join([span for span in spans if span][:_SPANS])
    like = VARYING.sub("<>", next(lines[place] for place in where if found[place] == mask)).strip()
    told = f'{len(where)} like "{like[:_MASK]}"' + (f", numbers {numbers}" if numbers else "")
    return f"[lines {where[0] + 1}-{where[-1] + 1}: {told}]"


def _span(values: Sequence[str]) -> str:
    """-> "least-greatest" of a column of short whole numbers that vary, otherwise ""."""
    if len(set(values)) < 2 or not all(value.isdecimal() and len(value) <= 12 for value in values):
        return ""
    numbers = [int(value) for value in values]
    return f"{min(numbers)}-{max(numbers)}"
