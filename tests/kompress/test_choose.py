"""Scores and costs in, the runs that go out: the best choice, checked against trying them all."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.kompress import Price, keep
from headroom_wrap.kompress.choose import SCALE

lines = st.lists(st.tuples(st.integers(0, SCALE), st.integers(1, 9000), st.booleans()), min_size=1, max_size=9)


def worth(kept: tuple[bool, ...], scores: list[int], costs: list[int], use: int, marker: int) -> int:
    gone = sum(
        use * cost - score * 100_000 for keeps, score, cost in zip(kept, scores, costs, strict=True) if not keeps
    )
    gaps = sum(1 for place, keeps in enumerate(kept) if not keeps and (place == 0 or kept[place - 1]))
    return gone - gaps * use * marker


@given(lines, st.sampled_from([0.01, 0.2, 3.0]), st.sampled_from([0, 2200]))
def test_no_other_choice_is_worth_more(found: list[tuple[int, int, bool]], use: float, marker: int) -> None:
    scores, costs, must = ([line[part] for line in found] for part in range(3))
    kept = keep([score / SCALE for score in scores], costs, Price(use, marker, 0), [bool(mark) for mark in must])
    rate = round(use * SCALE)
    allowed = (
        each
        for each in product((True, False), repeat=len(costs))
        if all(keeps or not mark for keeps, mark in zip(each, must, strict=True))
    )
    best = max(worth(each, scores, costs, rate, marker) for each in allowed)
    assert worth(tuple(kept), scores, costs, rate, marker) == best


def test_marked_lines_stay_even_where_nothing_is_ever_used() -> None:
    marks = [place % 10 == 4 for place in range(40)]
    kept = keep([0.0] * 40, [2000] * 40, Price(1.0, floor=0), marks)
    assert kept == marks


def test_at_least_the_floor_stays() -> None:
    kept = keep([0.001 + place / 1e5 for place in range(100)], [1000] * 100, Price(5.0, floor=250))
    assert 25 <= sum(kept) < 100


def test_a_short_run_is_not_worth_its_marker() -> None:
    scores = [0.9] * 10 + [0.0] + [0.9] * 10
    assert keep(scores, [1000] * 21, Price(0.5)) == [True] * 21


def test_no_lines_are_no_choice() -> None:
    assert keep([], [], Price(0.1)) == []


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 scores, 1 costs"):
        keep([0.1, 0.2], [100], Price(0.1))
