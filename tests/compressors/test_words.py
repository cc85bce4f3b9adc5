from __future__ import annotations

from math import inf

from headroom_wrap.compressors.words import large, likely, parts, shares
from headroom_wrap.segment import Segment


def test_names_are_taken_apart_and_also_kept_whole() -> None:
    assert parts("parseHTTPHeader in form_sets.py") == {
        *("parsehttpheader", "parse", "http", "header", "form_sets", "form", "sets")
    }


def test_the_names_that_share_rare_words_with_the_goal_are_likely() -> None:
    names = ["forms/form_main.py", "forms/form_sets.py", "forms/form_pool.py", "forms/other.py"]
    segment = Segment("", "Glob", "pattern=forms/*.py", goal="FormSets lose their prefix in a form")
    assert likely(segment, names, 1) == {1}
    assert likely(segment, names, 9) == {0, 1, 2, 3}
    assert likely(Segment(""), names, 9) == set()


def test_a_word_counts_less_the_more_lines_hold_it_and_nothing_above_a_limit() -> None:
    lines = ["alpha beta", *["alpha"] * 7]
    assert shares(lines, {"alpha": 1.0, "beta": 2.0}) == [2.5, *[0.5] * 7]
    assert shares(lines, {"alpha": 1.0, "beta": 2.0}, 3) == [2.0, *[0.0] * 7]
    assert shares(lines, {}, inf) == [0.0] * 8


def test_a_text_is_large_above_its_budget_of_tokens() -> None:
    assert (large("word " * 1200, 1000), large("word " * 900, 1000), large("word " * 1200)) == (True, False, False)
