"""A segment and what was sent before it in; what becomes of it out: who answers for it, and is that worth it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType

from headroom_wrap import envelope, numbering, reread, tokens
from headroom_wrap.compressors import STACK, named
from headroom_wrap.compressors.clean import clean
from headroom_wrap.compressors.freedom import caution
from headroom_wrap.compressors.lines_by_use import lines_by_use
from headroom_wrap.marker import INSIDE, PRINTED, WAY_BACK, is_marker, ref_of
from headroom_wrap.segment import HOLDOUT, Compressed, Compressor, Outcome, Segment
from headroom_wrap.settings import BadSetting, Settings
from headroom_wrap.syntax.shown import numbers_lines


@dataclass(frozen=True, slots=True)
class Policy:
    """What a user chose, fixed for a run: decisions already made are replayed whatever it says.

    `way_back`: "auto" (from the tools of the request), "shell", "mcp" or "none". `stop_after`: seconds that one
    compressor may take on one segment, 0: no limit. `floor`: tokens under which a segment is sent as it came.
    `skip_tools`: tools whose results are never touched. `stack`: the compressors asked, in order.
    `lossless`: (compressor, tool) that leave nothing out, because it was missed too often in past runs (`priors`).
    `holdout`: the share of conversations that is left untouched to compare the others with, from 0 to 1.
    """

    way_back: str = "auto"
    stop_after: float = 0.0
    floor: int = 200
    skip_tools: tuple[str, ...] = ()
    stack: tuple[Compressor, ...] = STACK
    lossless: frozenset[tuple[str, str]] = frozenset()
    holdout: float = 0.0


DEFAULT = Policy()


def policy(settings: Settings) -> Policy:
    """-> what the settings say. Raises BadSetting for a compressor that there is not."""
    try:
        stack = named(settings.compressors)
    except ValueError as error:
        raise BadSetting(f"{settings.origin('compressors')}: {error}") from None
    return Policy(settings.way_back, settings.stop_after, settings.floor, settings.skip_tools, stack)


WORTH = 12
"""Tokens that an answer must save at least: a changed segment is one more thing for the model to understand."""

SUBAGENTS = frozenset(("agent", "task", "invoke_agent", "spawn_agent", "codebase_investigator", "generalist"))
"""Tools whose result is a subagent's report (Claude Code, opencode, Qwen Code, Gemini CLI, Cline), in lower case: what
it read is pruned already, and its report is the answer that was wanted. Of 199 real ones a question at the top
(`sentences`) would have pruned 4, at 3 of the 6 strings that the agent went on to use.
"""

MAX_CHARS = 8_000_000
"""A longer text is sent as it came: at 3 MB/s it would hold up its session for seconds."""


AGAIN = 0.1
"""Seconds after which a time limit that was not heeded is raised again."""


class Stopped(BaseException):
    """The time limit of a compressor ran out. Not an Exception, so that no compressor can swallow it."""


@dataclass(slots=True)
class Answer:
    """What the stack made of a text: the new text, who had a part, what is missing, the originals to keep."""

    text: str
    by: list[str] = field(default_factory=list)
    omitted: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    asked: str = "envelope"


def route(segment: Segment, seen: reread.Seen | None, policy: Policy) -> tuple[Outcome, tuple[str, ...]]:
    """-> what becomes of a segment, and the originals that must be stored before it is sent.

    A changed segment's whole text is among them, so that every change can be looked at later; the others are the
    payloads that markers refer to.

    Never raises for what a compressor does: one that raises or overruns leaves the segment as it came, and `why` says
    so (the first of the two fail-open places).
    """
    if len(segment.text) > MAX_CHARS:
        size = tokens.estimate(segment.text)
        return Outcome(None, before=size, after=size, tool=segment.tool, why="too large"), ()
    before = tokens.count(segment.text)
    as_came = Outcome(None, before=before, after=before, tool=segment.tool)
    if why := _passes(segment, before, policy):
        return replace(as_came, why=why), ()
    answer = Answer(segment.text)
    try:
        with _time_limit(policy.stop_after):
            _compress(segment, answer, policy)
            _refer(segment, answer, seen)
            _thin(segment, answer)
        if not answer.by:
            return replace(as_came, why=_why(segment, policy)), ()
        return _judged(segment, answer, as_came)
    except Stopped:
        return replace(as_came, why=f"stopped after {policy.stop_after:g} s in {answer.asked}"), ()
    except Exception as error:  # noqa: BLE001 - fail-open place 1 of 2: around the compressors of one segment
        return replace(as_came, why=f"{type(error).__name__} in {answer.asked}"), ()


def _passes(segment: Segment, before: int, policy: Policy) -> str:
    """Why a segment is not even looked at; empty: it is."""
    if policy.holdout >= 1:
        return HOLDOUT
    if segment.error:
        return "error result"
    if segment.tool in policy.skip_tools:
        return "skipped tool"
    if PRINTED in segment.text[:200] or f"{WAY_BACK} " in segment.call:
        return "printed by headroom get"
    return "small" if before < policy.floor else ""


def _compress(segment: Segment, answer: Answer, policy: Policy) -> None:
    found = envelope.pieces(segment.text)
    new = [_piece(replace(segment, text=piece.text), answer, policy) for piece in found]
    answer.text = envelope.put_back(segment.text, found, new)


def _piece(segment: Segment, answer: Answer, policy: Policy) -> str:
    """The payload of an envelope, cleaned, and then as the first compressor that answers for it leaves it."""
    segment = replace(segment, ref=ref_of(segment.text))
    original = segment.text
    for compressor in (clean, *policy.stack):
        answer.asked = compressor.__name__
        given = _given(segment, compressor, policy)
        made = compressor(given)
        if made is None or not _sound(made, given):
            continue
        segment = replace(segment, text=made.text)
        answer.by.append(compressor.__name__)
        if made.omitted:
            answer.omitted.append(made.omitted)
            answer.originals.append(original)
        if compressor is not clean:
            break
    return segment.text


def _given(segment: Segment, compressor: Compressor, policy: Policy) -> Segment:
    """The segment as a compressor gets it: without a way back where it is to leave out nothing."""
    lossless = segment.tool.lower() in SUBAGENTS or (compressor.__name__, segment.tool) in policy.lossless
    return replace(segment, way_back="") if lossless else segment


def _why(segment: Segment, policy: Policy) -> str:
    """Why a segment is sent as it came that was looked at and that nobody had a part in."""
    asked = caution(_given(segment, lines_by_use, policy)) if lines_by_use in policy.stack else ""
    return asked or "no compressor"


def _sound(made: Compressed, segment: Segment) -> bool:
    """Whether an answer may be used at all: not blank, smaller, and nothing missing that could not be fetched."""
    if not made.text.strip() or (made.omitted and not segment.way_back):
        return False
    return len(made.text) < len(segment.text) or tokens.count(made.text) < tokens.count(segment.text)


def _refer(segment: Segment, answer: Answer, seen: reread.Seen | None) -> None:
    answer.asked = "reread"
    if seen is not None and (text := reread.refer(answer.text, segment, seen)):
        answer.text = text
        answer.by.append("reread")


def _thin(segment: Segment, answer: Answer) -> None:
    answer.asked = "numbers"
    if numbers_lines(segment) and (text := numbering.thin(answer.text)):
        answer.text = text
        answer.by.append("numbers")


def _judged(segment: Segment, answer: Answer, as_came: Outcome) -> tuple[Outcome, tuple[str, ...]]:
    after = tokens.count(answer.text)
    if after > as_came.before - WORTH:
        return replace(as_came, why="not smaller"), ()
    made = replace(as_came, text=answer.text, compressor="+".join(answer.by), after=after, ref=ref_of(segment.text))
    made = replace(made, omitted="; ".join(answer.omitted), marks=_marks(answer.text))
    return made, tuple(dict.fromkeys((segment.text, *answer.originals)))


def _marks(text: str) -> int:
    """-> the tokens of the markers in a text."""
    lines = [line for line in text.split("\n") if line.lstrip().startswith("[") and is_marker(line)]
    return tokens.count("\n".join([*lines, *INSIDE.findall(text)]))


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise Stopped in the block once it has computed for `seconds`, where the platform and the thread allow it.

    Processor time, so that a busy machine changes nothing. `re` looks for signals every 4,096 steps, so a runaway
    pattern is interrupted too. The timer goes on firing: raised in a callback of the garbage collector, Stopped is
    lost. The proxy's worker has a second, harder limit for what this can't reach.
    """
    if not seconds or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Stopped

    previous = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
