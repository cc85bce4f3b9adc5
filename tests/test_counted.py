from __future__ import annotations

from headroom_wrap.counted import counted


def test_one_and_many_are_told_apart() -> None:
    assert [counted(number, "line") for number in (0, 1, 1200)] == ["0 lines", "1 line", "1,200 lines"]
    assert [counted(number, "log was", "logs were") for number in (1, 2)] == ["1 log was", "2 logs were"]
