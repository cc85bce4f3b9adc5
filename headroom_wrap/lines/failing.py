"""Lines of a CI job in, the places that tell of its failure out.

A failure is a stretch of the log and no line: the report of a test runner, or what stands between the first of a chain
of errors and the bad exit. Inside of it stays whatever is no known noise, is no copy, and does not go through the whole
job. Of LogChunks and CiDiff (510 CI logs, failures marked by people) 91 and 93 % kept every marked line when only
the errors with four lines after each, and 40 lines before a bad exit, stayed. With it stays the header of its step,
which names the command that failed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from headroom_wrap.lines.noise import noise
from headroom_wrap.lines.notable import is_diagnostic, is_failed_status
from headroom_wrap.lines.troubles import Troubles, around, traces

# All of these are flat: half or twice as much moves the saving by 0.1 to 1.9 points and loses at most four logs of 510.
_HOP = 70
"""Lines between two errors of one chain."""
_LONGEST, _WHOLE, _LEAST = 400, 150, 40
"""Lines before a bad exit that a chain of errors may take, that a step may have to stay whole, and that are looked at
in any case."""
_REPORT = 200
_BEFORE = 8
_FIRST = 5
"""Lines before the first error of a chain."""
_COMMON, _RARE, _SHARE = 100, 8, 25
_TAIL = 30
"""The last lines of a job."""

_STEP = re.compile(r"travis_(?:time|fold):|##\[(?:group|section|command)|\$ \S|\+ \S")
_END = re.compile(r"travis_(?:time|fold):|##\[(?:group|section|command)|The command \"")
_CLOSED = re.compile(r"##\[error\]|The command \"|(?:ERROR: )?(?:Job failed|script returned exit code)")
"""How a bad exit reads that the CI system tells, and no program that the step ran."""
_HEADER = re.compile(
    r"##\[group\]Run \S|##\[section\]Starting: |travis_fold:start:|section_start:\d"
    r"|(?:travis_time:start:\S{1,40}\s{0,3})?\$ \S"
)
"""What names a step or its command in GitHub Actions, Azure Pipelines, Travis and GitLab."""
_HEAD = re.compile(
    r"\W{0,120}(?:FAILURES|ERRORS|FAILED)\W{0,120}$"  # pytest, PHPUnit, bats
    r"|\s{0,8}(?:Failures|failures|Failed tests|Tests in error|Failed examples|Offenses|Issues|Errors)\b\W{0,8}$"
    r"|\s{0,8}\d+ failing\b|\s{0,8}\d+\) (?:Failure|Error|test)\b|There (?:was|were) \d+ (?:failure|error)"  # mocha
    r"|(?:FAIL|ERROR) in |={60,}\s*$|\s{0,8}● |-{4} .{1,200} stdout -{4}|--- FAIL: |not ok \d|#\s{1,4}Failed test "
    r"|Test Summary Report|The following tests FAILED|\s{0,4}\* What went wrong|Last \d+ lines of output"
    r"|Summary of Failures"
)
"""Heads of what test runners tell at their end of what failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """The lines of a job without time stamps, the group of each line's template, and how often each group occurs."""

    lines: Sequence[str]
    kinds: Sequence[int]
    counts: Counter[int]
    noisy: dict[str, bool] = field(default_factory=dict)

    def common(self) -> int:
        """-> of how many lines, other than those looked at, a template goes through the whole job."""
        return min(_COMMON, max(_RARE, len(self.lines) // _SHARE))

    def noise(self, place: int) -> bool:
        """-> whether a line is known noise; asked for several times, found out once."""
        line = self.lines[place]
        if (known := self.noisy.get(line)) is None:
            known = self.noisy[line] = bool(noise(line, True))
        return known

    def quiet(self, place: int) -> bool:
        """-> whether a line tells that all went well so far: known noise, the start of a step."""
        return _STEP.match(self.lines[place]) is not None or self.noise(place)


def failure(
    lines: Sequence[str], found: Sequence[str], group: dict[str, int], told: Troubles
) -> tuple[set[int], set[int]]:
    """-> the lines to keep of a job: its errors, what stands around them, every stretch that ended badly with the
    header of its step, and the job's end; and of the end the copies that go, of which the first and the last stay."""
    kinds = [group[mask] for mask in found]
    job = Job(lines, kinds, Counter(kinds))
    keep = told.kept | around(lines, told.roots, True)
    for place in told.first:
        keep.update(_before(job, place))
    exits = _exits(lines, found)
    ends = _before_exits(job, exits, told.told)
    reports = _reports(lines, found)
    copies = _copies(job, found, exits, reports) - keep - told.told
    failures = _joined([*((chain, end) for _, chain, end in ends), *reports])
    shown: set[str] = set()
    for first, last in failures:
        keep.update(_stretch(job, first, last, shown, Counter(kinds[first:last])))
    for lead, chain, _ in ends:
        keep.update(_stretch(job, lead, chain, shown, Counter()))
    keep.update(_headers(lines, [*(exits[:-1] or exits), *(first for first, _ in reports)]))
    keep.update(range(max(0, len(lines) - _TAIL), len(lines)))
    keep -= copies
    return keep | traces(lines, keep), copies


def _headers(lines: Sequence[str], failed: Sequence[int]) -> set[int]:
    """-> for each place of a failure the nearest line above it that names a step or its command."""
    headers: set[int] = set()
    done = 0
    for end in sorted(failed):
        above = range(end - 1, done - 1, -1)
        headers.update(islice((at for at in above if _HEADER.match(lines[at])), 1))
        done = end
    return headers


def _copies(job: Job, found: Sequence[str], exits: Sequence[int], reports: Sequence[tuple[int, int]]) -> set[int]:
    """-> the lines after the job's last bad exit, between the first and the last of those alike but for numbers.

    They stand there for being the end of the job, which is mostly cleaning up. A report begun there stays whole.
    """
    closed = max((place for place in exits[:-1] if _CLOSED.match(job.lines[place])), default=len(found))
    end = next((first for first, _ in reports if first > closed), len(found))
    alike: dict[str, list[int]] = defaultdict(list)
    for place in range(closed + 1, end):
        if not is_diagnostic(job.lines[place]):
            alike[found[place]].append(place)
    return {place for places in alike.values() for place in places[1:-1] if found[place].strip()}


def _before(job: Job, place: int) -> list[int]:
    """-> the lines just before an error, back to the last that tells that all went well."""
    near = range(place - 1, max(-1, place - 1 - _BEFORE), -1)
    return [
        one for one in takewhile(lambda one: not job.quiet(one), near) if job.counts[job.kinds[one]] <= job.common()
    ]


def _exits(lines: Sequence[str], found: Sequence[str]) -> list[int]:
    """-> the places of bad exits, and the end of the log, which may be cut."""
    bad = {mask for mask in set(found) if is_failed_status(mask)}
    return [place for place, mask in enumerate(found) if mask in bad and is_failed_status(lines[place])] + [len(lines)]


def _before_exits(job: Job, exits: Sequence[int], told: set[int]) -> list[tuple[int, int, int]]:
    """-> (lead, chain, end) for each bad exit: [chain, end) is the chain of errors before it, [lead, chain) what its
    step told before that, where the step is short, and what it told last where there is no chain."""
    out = []
    done = 0
    for end in exits:
        lowest = max(done, end - _LONGEST)
        chain = max(lowest, _chain(job, end, lowest, told) - _FIRST)
        out.append((min(chain, _step(job, end, lowest), _last_words(job, end, lowest)), chain, end))
        done = end + 1
    return out


def _step(job: Job, end: int, lowest: int) -> int:
    """-> where the step that ends at `end` begins; `end`: too far above, or before `lowest`."""
    return next((at for at in range(end - 1, max(lowest, end - _WHOLE) - 1, -1) if _END.match(job.lines[at])), end)


def _last_words(job: Job, end: int, lowest: int) -> int:
    """-> the first of the last lines before `end` since one that tells that all went well."""
    near = range(end - 1, max(lowest, end - _LEAST) - 1, -1)
    return min(takewhile(lambda place: not job.quiet(place), near), default=end)


def _chain(job: Job, end: int, lowest: int, told: set[int]) -> int:
    """-> the first of the errors before `end` that stand close to each other; `end`: none stands close to it."""
    start = end
    place = end - 1
    while place >= max(lowest, start - _HOP):
        if place in told or (is_diagnostic(job.lines[place]) and not job.quiet(place)):
            start = place
        place -= 1
    return start


def _reports(lines: Sequence[str], found: Sequence[str]) -> list[tuple[int, int]]:
    """-> the stretches [first, last) that begin with the head of a report and end with its step, in order."""
    heads = {mask for mask in set(found) if _HEAD.match(mask)}
    out: list[tuple[int, int]] = []
    end = 0
    for place, mask in enumerate(found):
        if mask in heads:
            last = min(len(lines), place + _REPORT)
            end = next((at for at in range(max(place + 1, end), last) if _END.match(lines[at])), last)
            out.append((place, end))
    return out


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """-> the same places as spans in order that do not overlap."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1]:
            out[-1] = out[-1][0], max(last, out[-1][1])
        else:
            out.append((first, last))
    return out


def _stretch(job: Job, first: int, last: int, shown: set[str], own: Counter[int]) -> set[int]:
    """-> the lines of a stretch that are no noise, no copy of one shown, and not of a template of the whole job.

    `own`: the lines of each template that don't count for that: a failure told a hundred times is still the failure.
    """
    keep = set()
    common = job.common()
    for place in range(first, last):
        line, kind = job.lines[place], job.kinds[place]
        if line in shown or job.counts[kind] - own[kind] > common or job.noise(place):
            continue
        if line.strip():
            shown.add(line)
        keep.add(place)
    return keep
