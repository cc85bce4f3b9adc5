from __future__ import annotations

import pytest

from headroom_wrap.lines.fold import counted, summary


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (1, "passed test", "1 passed test"),
        (3, "passed test", "3 passed tests"),
        (1, "line of a deleted file", "1 line of a deleted file"),
        (2, "line of a deleted file", "2 lines of a deleted file"),
        (2, "other line", "2 other lines"),
    ],
)
def test_lines_are_counted_in_words(number: int, noun: str, said: str) -> None:
    assert counted(number, noun) == said


def test_a_summary_names_the_most_frequent_kinds_first() -> None:
    labels = ["line of a deleted file", *["passed test"] * 2, "", " ", "binary line", "copied file", "emitted file"]
    assert summary(labels) == "2 passed tests, 1 line of a deleted file, 1 binary line, 1 copied file, 1 other line"
