"""Output of tests, builds and installers in, failures, diagnostics and results out.

Reads
    pytest, unittest, Django and sympy runners, jest, vitest, mocha, bun, cargo, go, Maven, Gradle, pip, apt, npm, tsc,
    eslint, gcc, clang, make, cmake, configure, docker build, terraform. Known by their own lines and not by the
    command, so that several of them may stand in one output.
Keeps
    What tells of a result: errors, summaries, exit lines, places in files, each of the user's own frames once. Below a
    thousand tokens, and where the line model can't run, every other line that is not known noise, too.
Leaves out
    Passed tests where there are more than twenty, progress, downloads, package steps, command echoes; library frames in
    the upper part of traces; the third and later copies of a line; what passed Go tests printed where many ran. Of a
    thousand tokens and more also what the line model expects no use of, unless it tells of a result.
Not for
    Files shown with cat, sed, head or nl; diffs; service logs; whole logs of CI jobs; results marked as errors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from headroom_wrap import kompress
from headroom_wrap.compressors.freedom import LEAST, MOST, is_notice, staying
from headroom_wrap.lines.fold import BLANK, KEEP, folded
from headroom_wrap.lines.frames import is_frame, is_library_frame
from headroom_wrap.lines.job import is_job
from headroom_wrap.lines.noise import noise
from headroom_wrap.lines.notable import is_diagnostic, is_error, is_exit, is_failed_status
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.shown import source_of

_LEAST = 5
_SAMPLE = 300
_TRACE = 8
_SHORT = 24
_MANY = 10
_FEW = 20
_INNER = 3

_PASSES = ("passed test", "passed file", "passed package", "untested package")

_SHOWS_FILE = re.compile(r"\s*(?:cd \S+ && )?(?:cat|sed|nl|head|bat|less|awk)\b(?![^|;&]*\.(?:log|txt|out)\b)[^|;&]*$")
_TICKS = re.compile(
    r"^[ \t]{0,80}(?:(?:Tests?:?|Test Files|Test Suites:)[ \t]{1,40}.{0,200}\d passed|\d{1,9} passing\b)", re.MULTILINE
)
_STARTED = re.compile(r"\s*=== (RUN|CONT|NAME|PAUSE)\s+(\S+)")
_ENDED = re.compile(r"\s*--- (PASS|FAIL|SKIP): (\S+)")
_PYTHON = re.compile(r'\s+File "')
_DIFF = re.compile(r"^diff --git |^@@ -\d", re.MULTILINE)


def output(segment: Segment) -> Compressed | None:
    """-> the output without its known noise, or None where there is too little of it."""
    text = segment.text
    if not segment.way_back or segment.error or _SHOWS_FILE.match(segment.call) or source_of(segment):
        return None
    if _DIFF.search(text) or is_job(text):
        return None
    lines = text.split("\n")
    ticks = _TICKS.search(text) is not None
    frames = [place for place, line in enumerate(lines) if line[:1] in " \t" and is_frame(line)]
    if len(frames) < _TRACE and not any(_label(line, ticks) for line in lines[:: 1 + len(lines) // _SAMPLE] if line):
        return None
    labels = [_label(line, ticks) if line else KEEP for line in lines]
    if sum(1 for label in labels if label) < _LEAST and len(frames) < _TRACE:
        return None
    _fold_passed_go_tests(lines, labels)
    _keep_few_passes(labels)
    _fold_library_frames(lines, frames, labels)
    _fold_repeats(lines, set(frames), labels)
    _fold_seldom_used(segment, lines, labels)
    labels = [BLANK if label == KEEP and not line.strip() else label for label, line in zip(labels, lines, strict=True)]
    return folded(segment, lines, labels)


def _label(line: str, ticks: bool) -> str:
    """-> KEEP or what noise the line is: a step that tells of an error is none ("Building wheel …: status 'error'")."""
    label = noise(line, ticks)
    return KEEP if label and label not in _PASSES and is_error(line) else label


def _fold_passed_go_tests(lines: Sequence[str], labels: list[str]) -> None:
    """Labels what a passed test printed under `go test -v`, where so many ran that no single one was meant."""
    ends = {match[2]: match[1] for match in map(_ENDED.match, lines) if match}
    if len(ends) < _MANY:
        return
    running = ""
    for place, line in enumerate(lines):
        if match := _STARTED.match(line):
            running = match[2]
        elif not line[:1].isspace() and (labels[place] or line[:1] != "["):
            running = running if not _ENDED.match(line) and not line.startswith(("ok", "FAIL", "PASS")) else ""
        if running and not labels[place] and ends.get(running) == "PASS" and not is_error(line):
            labels[place] = "line of a passed test"


def _keep_few_passes(labels: list[str]) -> None:
    """Unlabels passes of which there are few: agents report them by name, and little is saved."""
    counts = Counter(labels)
    few = {label for label, times in counts.items() if label in _PASSES and times <= _FEW}
    for place, label in enumerate(labels):
        if label in few:
            labels[place] = KEEP


def _fold_library_frames(lines: Sequence[str], frames: Sequence[int], labels: list[str]) -> None:
    """Labels frames inside libraries, but for the innermost of each trace, and the source under a Python frame."""
    for at, place in enumerate(frames):
        python = _PYTHON.match(lines[place]) is not None
        inner = at + (_INNER if python else 1)
        goes_on = inner < len(frames) and frames[inner] - place <= (3 * _INNER if python else 1)
        if goes_on and is_library_frame(lines[place]):
            step = 2 if python and _is_deeper(lines[place + 1], lines[place]) else 1
            labels[place : place + step] = ["library frame"] * step


def _is_deeper(line: str, frame: str) -> bool:
    """-> whether a line is the source of a frame; where there is none the exception's message follows."""
    return len(line) - len(line.lstrip()) > len(frame) - len(frame.lstrip())


def _fold_repeats(lines: Sequence[str], frames: set[int], labels: list[str]) -> None:
    """Labels exact copies of a line after its second, errors excepted. Lines that differ in a number are no copies:
    agents go on to use those numbers (folding them lost a quarter of what was used)."""
    seen: Counter[str] = Counter()
    for place, line in enumerate(lines):
        if len(line) >= _SHORT and labels[place] == KEEP:
            seen[line] += 1
            if seen[line] > 2 and not is_error(line):
                labels[place] = "repeated frame" if place in frames else "repeated line"


def _fold_seldom_used(segment: Segment, lines: Sequence[str], labels: list[str]) -> None:
    """Labels lines that no rule knows where the line model expects no use of them; nothing that tells of a result.

    Of 254 real outputs, judged by models that had not seen the source, 48 instead of 39 % is saved with the same 228 of
    233 used strings; deleting runs of lines at random loses three more at 43 and eight at 46 %. Only frames decide
    how much: all of them kept 42 %, none 52 %.
    """
    if len(segment.text) > MOST or not kompress.available():
        return
    left = [line for line, label in zip(lines, labels, strict=True) if label == KEEP]
    if sum(kompress.costs(left)) < 100 * LEAST:
        return
    stays = staying(segment, lines, lambda: _results(lines)) or []
    for place, stay in enumerate(stays):
        if not stay and labels[place] == KEEP:
            labels[place] = "rarely used line"


def _results(lines: Sequence[str]) -> list[bool]:
    """-> which lines stay whatever the model says: errors, exits, places in files, and the user's own frames once."""
    frames: set[str] = set()
    out: list[bool] = []
    source = False
    for line in lines:
        told = source or is_error(line) or is_exit(line) or is_failed_status(line) or is_notice(line)
        source = False
        if not told and is_diagnostic(line) and line not in frames and not is_library_frame(line):
            told = True
            source = _PYTHON.match(line) is not None  # its next line is the statement
            frames.update([line] if is_frame(line) else ())
        out.append(told)
    return out
