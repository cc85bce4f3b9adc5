"""Rows in, screens out, compared with the files in `screens/` (delete one and run twice to make it anew)."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from headroom_wrap.dashboard.stats import dashboard
from headroom_wrap.dashboard.summary import brief
from headroom_wrap.dashboard.view import View
from headroom_wrap.dashboard.words import Readable, money, one_line, share, tokens
from headroom_wrap.ledger import Part, Passed, Totals

SCREENS = Path(__file__).parent / "screens"
EVER = Totals(
    "", exchanges=116, failed=4, reported=110, sessions=4, before=360_000, after=240_000, removed=1_730_000,
    input=60_000, output=13_900, cache_read=6_040_000, cache_write=170_200, cache_write_1h=1_000,
    unpriced=29, bill=2.15, saved=0.572,
)  # fmt: skip
VIEW = View(
    today=Totals("", exchanges=3, reported=3, before=900, after=950, removed=-50, output=9, bill=0.01, saved=-0.0002),
    week=Totals("", exchanges=9, before=900, after=900),
    ever=EVER,
    agents=(replace(EVER, name="claude"),),
    models=(
        Totals("claude-opus-4-5-20251101", 87, reported=87, before=260_000, after=160_000, bill=2.15, saved=0.572),
        Totals("someone/a-local-model-with-a-very-long-name-q4_k_m-instruct", 29, before=100_000, after=80_000),
        *(Totals(f"model-{number}", exchanges=1) for number in range(8)),
    ),
    tools=(Part("Bash", 30, 22, 260_000, 160_000), Part("mcp__github__search\nissues", 33, 19, 100_000, 80_000)),
    compressors=(Part("records+reread", 28, 28, 90_000, 40_000),),
    passed=(Passed("no compressor", 12, 65_700), Passed("raised ValueError in search", 1, 700), Passed("small", 9, 31)),
    alarms=("upstream answered 529 (requests: 1)",),
    priced="2026-11-22",
)  # fmt: skip
EMPTY = View(Totals(), Totals(), Totals(), (), (), (), (), (), (), "2026-11-22")


def screen(what: Readable, width: int, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=file, width=width, color_system=None, highlight=False).print(what)
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("name", ["stats-60", "stats-80", "stats-140", "summary-60", "summary-80", "empty-60"])
def test_the_screen_is_the_one_on_file(name: str) -> None:
    kind, width = name.split("-")
    what = {"stats": dashboard(VIEW), "summary": brief(VIEW), "empty": dashboard(EMPTY)}[kind]
    drawn = "".join(f"{line.rstrip()}\n" for line in screen(what, int(width)).splitlines())
    file = SCREENS / f"{name}.txt"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(drawn, encoding="utf-8")
        pytest.fail(f"{file} was made; look at it")
    assert drawn == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for what in (dashboard(VIEW), brief(VIEW), dashboard(EMPTY), brief(EMPTY)):
        assert max(map(len, screen(what, width).splitlines())) <= width


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_terminals_without_utf_8_get_plain_characters(encoding: str) -> None:
    for what in (dashboard(VIEW), brief(VIEW)):
        assert screen(what, 80, encoding).isascii()


def test_zero_negative_and_unknown_are_shown_as_they_are() -> None:
    drawn = screen(dashboard(VIEW), 80)
    assert "-2.0 %        –   21.0 %   estimated" in drawn
    assert "-$0.0002        –   $0.572   estimated" in drawn
    assert screen(brief(EMPTY), 80).startswith("headroom: no request")


def test_a_bill_that_grew_is_said_to_have_grown() -> None:
    drawn = screen(brief(View(VIEW.today, VIEW.today, VIEW.today, (), (), (), (), (), (), "")), 80)
    assert "2.0 % of the whole bill added · $0.0002 of $0.0098 · estimated" in drawn


def test_numbers_are_short_and_exact_where_small() -> None:
    assert [tokens(count) for count in (0, 999, 1000, 999_949, 999_950, -2500, None)] == [
        "0", "999", "1.0k", "999.9k", "1.00M", "-2.5k", "–",
    ]  # fmt: skip
    assert [money(dollars) for dollars in (0.0, 12.3, 0.041, -0.2, 0.0004, None)] == [
        "$0.00", "$12.30", "$0.041", "-$0.200", "$0.0004", "–",
    ]  # fmt: skip
    assert [share(0.124), share(None), share(1, 0), share(0, 5)] == ["12.4 %", "–", "–", "0.0 %"]


def test_control_characters_never_reach_the_terminal() -> None:
    assert one_line("a\x1b]0;evil\x07\n b\x00") == "a ]0;evil b"
