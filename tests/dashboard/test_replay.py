"""The sums of a replay in, the screens on file out (delete one and run twice to make it anew)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headroom_wrap.dashboard.replay import Replayed, plain, screen
from headroom_wrap.ledger import Part, Totals
from headroom_wrap.replay.run import Count

from .test_stats import SCREENS
from .test_stats import screen as drawn_as

ALL = Totals(
    "", exchanges=4_812, reported=4_812, sessions=61, before=9_100_000, after=5_600_000, removed=70_000_000,
    input=60_000, output=913_900, cache_read=406_040_000, cache_write=17_020_000, unpriced=29, bill=412.4, saved=49.9,
)  # fmt: skip
FOUND = Replayed(
    count=Count(sessions=61, requests=4_812, assumed=112, ours=3),
    all=ALL,
    agents=(replace(ALL, name="claude"), Totals("copilot", 29, before=41_000, after=40_200)),
    sessions=(
        replace(ALL, name="shop/2e874ee4-376a-4511-a686-bb463bb8170c", exchanges=91, bill=12.0, saved=3.1),
        Totals("a-project-with-a-long-name/01a2050a-18af-7223", 12, before=900, after=950, bill=0.1, saved=-0.002),
        *(Totals(f"shop/{number}") for number in range(10)),
    ),
    compressors=(Part("code+numbers", 80, 80, 900_000, 300_000), Part("records", 3, 1, 2_000, 1_500)),
    priced="2026-11-22",
)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_screen_is_the_one_on_file(width: int) -> None:
    drawn = "".join(f"{line.rstrip()}\n" for line in drawn_as(screen(FOUND), width).splitlines())
    file = SCREENS / f"replay-{width}.txt"
    if not file.exists():
        file.write_text(drawn, encoding="utf-8")
        pytest.fail(f"{file} was made; look at it")
    assert drawn == file.read_text(encoding="utf-8")


def test_a_loss_and_an_unknown_bill_are_said_as_such() -> None:
    lost = drawn_as(screen(replace(FOUND, all=replace(ALL, saved=-4.0))), 80)
    assert lost.startswith("1.0 % of the whole bill would have been added · $4.00 of $412.40")
    unknown = drawn_as(screen(replace(FOUND, all=replace(ALL, bill=None, saved=None))), 80)
    assert unknown.startswith("3.50M of 9.10M tokens of tool results left out · effect on the bill –")


def test_without_utf_8_it_is_plain_ascii() -> None:
    assert drawn_as(screen(FOUND), 80, "ascii").isascii()


def test_json_has_the_effect_of_every_group() -> None:
    values = plain(FOUND)
    assert values["all"]["effect"] == pytest.approx(49.9 / 412.4)
    assert [row["effect"] for row in values["agents"]] == [values["all"]["effect"], None]
    assert values["count"] == {"sessions": 61, "requests": 4812, "assumed": 112, "ours": 3}
