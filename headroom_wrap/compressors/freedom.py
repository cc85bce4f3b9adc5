"""A segment and its lines in, which of them the trained model lets stay out, at a price by what the agent is after.

Shared by the compressors that ask the model what may go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from headroom_wrap import kompress
from headroom_wrap.segment import Segment
from headroom_wrap.syntax.shown import chosen, stem

LEAST = 1000
"""Tokens below which a text is left alone: what can go of it is not worth its losses. From 600 to 1,000 the share saved
at an expected loss of 2 % rises from 19 to 22 % on sources that the model had not seen."""

MOST = 400_000
"""Characters above which a text is left to others: what the model needs to look at grows to a hundred times that."""

_IN_FULL = re.compile(r"(?i)\b(?:in full|fully|whole|entire(?:ly)?|complete(?:ly)?|every line|line by line)\b")
_TEST_FILE = re.compile(
    r"(?:^|[_.-])(?i:tests?|specs?)(?:$|[_.-])|(?:Test|Spec)s?(?:$|[A-Z_])"
)  # test_a, a_test, a.spec, ATest, TestsOfA; not latest, inspect
_TESTS = re.compile(r"(?i)\b(?:tests?|testing|specs?)\b")
_CONFLICT = re.compile(r"^(?: *\d{1,9}(?:→|\t|:| ?\|) ?)?<{7} ", re.MULTILINE)
_LAST_WORDS = 300
"""Characters at the end of what the user wrote that are taken for the wish; what is pasted above them is not."""

SILENT = 0.7
"""The share of the price for a call before which the agent said nothing: what it wants is unknown. With models that had
not seen the source, the first 60 results of each source keep 97.8 % of what was used at 27.1 % saved, without it 97.2:
some silent reads are copied from. Of 400 each it makes no difference (95.2 and 95.6 % at 35.3 % saved)."""

NAMED = 0.5
"""The share of the price for a file that the agent has just named: it is about to work on it. Of 16,032 real results,
with models that had not seen the source, 93.2 instead of 91.3 % of the used strings stand at the same saving with it
and with tests left whole where tests are spoken of: new ones are patterned on old ones, and most of the results that
lost the most were of that kind."""

PICKED, FEW = 0.3, 300
"""The share of the price where the agent picked up to `FEW` lines out of the middle of a file: it knows why. At one
price, with models that had not seen the source, whole sessions keep 98.2 % of the evidence with it and 97.0 % without,
at 15.9 and 16.0 % of the bill saved."""

_CUT = re.compile(
    r"(?i)\btruncated\b.*\b(?:output|result|response)|\b(?:output|result|response|bytes|characters|tokens|lines)\b.*\btruncated"
    r"|\b(?:output|result) (?:was )?(?:saved|written|persisted) (?:to|in)\b|<persisted-output>"
)
"""Where an agent's own tool says that it cut the result, and where the rest is."""

_NOTICE = 400
"""Characters that such a line stays under."""


def freedom(segment: Segment) -> float:
    """-> the share of its kind's price that a result may be pruned at, by what is known of the agent's intent.

    0 where it has to stay whole (`_whole`); `NAMED` where the agent has just named the file, `SILENT` where it said
    nothing, and of each `PICKED` where it picked these lines.
    """
    if _whole(segment):
        return 0.0
    share = NAMED if _named(segment) else 1.0 if segment.intent else SILENT
    return share * PICKED if _picked(segment) else share


def caution(segment: Segment) -> str:
    """-> why of a result that the trained model answers for nothing was left out, in words for the user; "": the model
    does not answer for such results.

    What is said beside "no line safe to leave out" lowered the price; whether a line would have gone without it is not
    known (of 60 results of each source 14 of 42 would have).
    """
    lines = segment.text.split("\n")
    if not segment.way_back or len(segment.text) > MOST or kompress.price(tool=segment.tool, call=segment.call) is None:
        return ""
    if sum(kompress.costs(lines)) < 100 * LEAST:
        return ""
    if why := _whole(segment):
        return f"kept whole: {why}"
    silent = "" if segment.intent else "agent said nothing"
    why = "lines were picked" if _picked(segment) else "file just named" if _named(segment) else silent
    return f"no line safe to leave out ({why})" if why else "no line safe to leave out"


def _whole(segment: Segment) -> str:
    """-> why a result has to stay whole: the user or the agent wants it in full, it is a test and tests are spoken of,
    or it holds merge conflicts; "": it has not."""
    said = f"{segment.goal.removesuffix(segment.said)[-_LAST_WORDS:]}\n{segment.intent}"
    if _IN_FULL.search(said):
        return "wanted in full"
    if _CONFLICT.search(segment.text):
        return "merge conflict"
    return "tests spoken of" if _TEST_FILE.search(stem(segment)) and _TESTS.search(said) else ""


def _named(segment: Segment) -> bool:
    file = stem(segment)
    return bool(file) and re.search(rf"(?<!\w){re.escape(file)}(?!\w)", segment.intent) is not None


def _picked(segment: Segment) -> bool:
    return 0 < chosen(segment) <= FEW


def is_notice(line: str) -> bool:
    """-> whether an agent's own tool says that it cut the result."""
    return len(line) < _NOTICE and _CUT.search(line) is not None


def staying(
    segment: Segment, lines: Sequence[str], must: Callable[[], Sequence[bool]], share: float = 1.0, least: int = LEAST
) -> list[bool] | None:
    """-> for each line, or other part of the text that holds no line end, whether it stays at `share` of the price.

    `must`: which stay in any case; only asked where the model is. None: no price is safe for this result, it has fewer
    than `least` tokens, or the model can't run.
    """
    price, share = kompress.price(tool=segment.tool, call=segment.call), share * freedom(segment)
    if price is None or not share:
        return None
    costs = kompress.costs(lines)
    if sum(costs) < 100 * least:
        return None
    scores = kompress.scores(lines, tool=segment.tool, call=segment.call, goal=segment.goal)
    return None if scores is None else kompress.keep(scores, costs, replace(price, use=price.use * share), must())
