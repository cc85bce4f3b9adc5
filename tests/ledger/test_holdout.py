"""Bills of conversations in; the measured difference and its interval, or how many are still missing, out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from headroom_wrap.ledger import Holdout, Ledger
from headroom_wrap.ledger.holdout import difference
from headroom_wrap.segment import HOLDOUT, Exchange, Outcome, Usage

HELD = Outcome(None, before=900, after=900, why=HOLDOUT, tool="Read")
OURS = Outcome("…", "code", "9 lines", "ref", 900, 300, "", "Read")


def test_below_twenty_on_a_side_there_is_no_difference() -> None:
    assert difference([1.0] * 19, [1.0] * 500) == Holdout(19, 500)
    assert not Holdout(19, 500).enough


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says() -> None:
    draw = random.Random(4)
    held_by_interval = 0
    for _ in range(200):
        held, ours = ([scale * draw.lognormvariate(0, 0.7) for _ in range(60)] for scale in (1.0, 0.8))
        found = difference(held, ours)
        assert found.low is not None and found.high is not None and found.difference is not None
        assert found.low < found.difference < found.high
        held_by_interval += found.low <= -0.2 <= found.high
    assert 180 <= held_by_interval <= 198


def test_equal_bills_differ_by_nothing() -> None:
    assert difference([2.0] * 20, [2.0] * 20) == Holdout(20, 20, 0.0, 0.0, 0.0)


def test_conversations_are_told_apart_by_what_became_of_their_results(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(44):
        outcome = HELD if number % 2 else OURS
        usage = Usage(1000 if number % 2 else 800, 0)
        base = Exchange("s", "a", "w", "gpt-5", 1.0, 2.0, 200, usage, conversation=str(number))
        for outcomes in ((), (outcome,)):
            ledger.record(
                Exchange(*[getattr(base, name) for name in list(base.__dataclass_fields__)[:8]], outcomes=outcomes,
                         conversation=base.conversation)
            )  # fmt: skip
    ledger.record(Exchange("s", "a", "w", "gpt-5", 1.0, 2.0, 200, Usage(9, 9), conversation="without a result"))
    found = ledger.holdout()
    ledger.close()
    assert (found.held, found.compressed, found.difference) == (22, 22, pytest.approx(-0.2))
