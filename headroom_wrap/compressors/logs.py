"""Log text in, its first and last line of each template, its errors and its end out.

Reads
    Service logs (a time or a level on most lines), CI job logs, and what `kubectl logs`, `journalctl`, `docker logs`,
    `tail x.log` or `gh run view --log` print, from 30 lines up.
Keeps
    The first and last line of each template; every line of a template seen at most twice; all errors of a kind, of one
    that was told more than `_FEW_ERRORS` times in other words the first two and the last unless they point to lines of
    files; around errors two lines before, four after and what is indented below; user frames of each distinct stack
    trace, its "Caused by" lines and its last line; lines naming identifiers of the goal; the first 3 and last 10 lines.
    Of CI jobs, whose text is mostly set-up that stands there once, the errors likewise, library frames once, the chain
    of errors before each bad exit with what stands between them, or the last 40 lines of its step, the header of that
    step, what a test runner reports of its failures, and the last 30 lines but for copies after the last bad exit
    (`lines/failing.py`). All verbatim, in their order.
Leaves out
    Further lines of templates already shown: counts, line ranges and the span of their numbers stand in notes.
    Without a way back nothing is left out: templates are written once and their values in rows (`lines/table.py`).
Not for
    JSON lines (records), search hits in logs, what `aws s3 ls`, `find -printf` or `git log` list, source code, diffs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from headroom_wrap.lines.failing import failure
from headroom_wrap.lines.fold import BLANK, KEEP, LEAST, folded
from headroom_wrap.lines.goal import goal_words, naming
from headroom_wrap.lines.job import is_job
from headroom_wrap.lines.table import HEAD, tabled, untabled
from headroom_wrap.lines.templates import VARYING, groups, masks
from headroom_wrap.lines.troubles import around, troubles
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.shown import source_of

_LEAST_LINES = 30
_HEAD, _TAIL = 3, 10
_NOTES = 8
_OFTEN = 20
_SPANS, _MASK = 3, 100
_GOAL_HITS = 20

_STAMP = re.compile(
    r".{0,90}?(?:\d\d:\d\d:\d\d|\b1\d{9}(?:\.\d+)?\b|\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)\b"
    r"|\b\d{4}-\d\d-\d\dT\d)"
    r"|\W{0,3}(?:\d{6,8}[ -]\d{6} |[IWEF]\d{4} |[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d|[VDIWE]/)"
)
_ACTIONS = re.compile(r"(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?\ufeff?\d{4}-\d\d-\d\dT[\d:.]{8,18}Z ?")
"""What GitHub Actions and `gh run view` write before every line: without it an indent is one, and a frame a frame."""

_HIT = re.compile(r"[\w./-]+:\d+[:-]")
_SEARCH = re.compile(r"\b(?:grep|rg|ag|ack)\b")
_ASKED = re.compile(
    r"\b(?:journalctl|dmesg|kubectl\s+logs|docker(?:[ -]compose)?\s+logs|gh\s+run\s+view|pm2 logs)|[\w/-]\.log\b"
)

_LISTS = re.compile(
    r"\b(?:ls|stat|unzip\s+-\S*l|tar\s+-?\w*t\w*|find\b.*-(?:printf|ls)|history|git\b.*\s(?:log|reflog|tag|branch|for-each-ref))(?!\S)"
)
"""Commands that print one thing to a line, each as much asked for as the other, with the time at which it was made."""


def logs(segment: Segment) -> Compressed | None:
    """-> the log with repeated templates folded, or None where the text is no log or folding saves too little."""
    lines = segment.text.split("\n")
    if len(lines) < _LEAST_LINES or not _is_log(segment, lines):
        return None
    if not segment.way_back:
        return _table(segment.text)
    plain = [_unstamped(line) for line in lines]
    job = is_job(segment.text)
    found = masks("\n".join(plain) if job else segment.text)
    group = groups(found)
    labels = _labels(segment, plain, found, group, job)
    return folded(segment, lines, labels, () if job else _notes(lines, found, group, labels))


def _unstamped(line: str) -> str:
    match = _ACTIONS.match(line)
    return line[match.end() :] if match else line


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
    asked = _ASKED.search(segment.call)
    if not asked and _LISTS.search(segment.call):
        return False
    shown = [line for line in lines if line.strip()][:1000]
    if _is_table(shown) or (_SEARCH.search(segment.call) and _share(_HIT, shown) > 0.5):
        return False
    return _share(_STAMP, shown) > (0.15 if asked else 0.5)


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


def _labels(
    segment: Segment, lines: Sequence[str], found: Sequence[str], group: dict[str, int], job: bool
) -> list[str]:
    """-> KEEP or a label for each line."""
    told = troubles(lines, found, group, job)
    alike: set[int] | range = range(len(lines))
    if job:
        keep, alike = failure(lines, found, group, told)
    else:
        keep = told.kept | around(lines, told.roots, False) | _ends(found, group)
        keep.update(range(len(lines) - _TAIL, len(lines)))
    keep |= _named(segment, lines)
    keep.update(range(_HEAD))
    gone = ["similar line" if place in alike else "set-up or progress line" for place in range(len(lines))]
    return [KEEP if place in keep else gone[place] if line.strip() else BLANK for place, line in enumerate(lines)]


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
