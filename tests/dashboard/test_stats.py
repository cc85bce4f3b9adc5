"""Rows in, screens out, compared with the files in `screens/` (delete one and run twice to make it anew)."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from headroom_wrap.dashboard import fixed, session, sessions
from headroom_wrap.dashboard.misses import misses
from headroom_wrap.dashboard.stats import dashboard, measured
from headroom_wrap.dashboard.summary import brief
from headroom_wrap.dashboard.words import Cropped, Readable, money, one_line, share, tokens
from headroom_wrap.ledger import Calibration, Fixed, Holdout, Listed, Part, Passed, Sent, Totals, Turn, Window
from headroom_wrap.ledger.view import Context, View
from headroom_wrap.redemption import Misses

SCREENS = Path(__file__).parent / "screens"
EVER = Totals(
    "", exchanges=116, failed=4, reported=110, sessions=4, before=360_000, after=240_000, removed=1_730_000,
    input=60_000, output=13_900, cache_read=6_040_000, cache_write=170_200, cache_write_1h=1_000,
    unpriced=29, bill=2.15, saved=0.31, low=0.27, high=0.34, missed=0.028, owed=1.9, kept=0.25, logins=12, marks=5100,
)  # fmt: skip
MONTHS = tuple(
    Totals(f"2026-11-{day:02}", before=3000 * day, after=2000 * day + 900 * (day % 3)) for day in range(1, 18)
)
FIXED = (
    Fixed("claude", "", 2900, 116, 0, 0.21, 0.098),
    Fixed("claude", "Bash", 2400, 116, 61, 0.17, 0.081),
    Fixed("claude", "mcp__github__create_issue", 400, 116, 0, 0.03, 0.014),
    Fixed("claude", "mcp__github__search_issues_and_pull_requests_of_all", 700, 116, 0, 0.05, 0.024),
    Fixed("claude", "WebFetch", 520, 116, 0, None, None),
    Fixed("other-agent", "shell\nwith", 120, 3, 2, None, None),
)
SENT = Sent("Bash", "logs", "188 of 200 lines", "4f2a9c0d1e2", 12_000, 900, "", True, False, "", 18)
TURNS = (
    Turn(1, 0.0, "claude", "claude-opus-4-5", "c", 200, "", 20_000, 90, 0, 20_000, 0),
    Turn(2, 60.0, "claude", "claude-opus-4-5", "c", 200, "", 32_900, 400, 20_000, 12_900, 11_100, (
        SENT,
        replace(SENT, tool="mcp__github__search_issues", replayed=True, omitted=""),
        Sent("Read", "", "", "", 300, 300, "printed by headroom get", False, False, "get 4f2a9c0d1e2", 0),
    )),
    Turn(3, 120.0, "claude", "claude-opus-4-5", "c", 529, "upstream\nanswered 529", None, None, None, None, 11_100),
)  # fmt: skip
VIEW = View(
    today=Totals(
        "", exchanges=3, reported=3, before=900, after=950, removed=-50, output=9, bill=0.01, saved=-0.0002,
        low=-0.0003, high=-0.0001, owed=0.01, kept=-0.0002,
    ),
    week=Totals("", exchanges=9, before=900, after=900),
    ever=EVER,
    agents=(replace(EVER, name="claude"),),
    models=(
        Totals("claude-opus-4-5-20251101", 87, reported=87, before=260_000, after=160_000, bill=2.15, saved=0.283),
        Totals("someone/a-local-model-with-a-very-long-name-q4_k_m-instruct", 29, before=100_000, after=80_000),
        *(Totals(f"model-{number}", exchanges=1) for number in range(8)),
    ),
    tools=(Part("Bash", 30, 22, 260_000, 160_000), Part("mcp__github__search\nissues", 33, 19, 100_000, 80_000)),
    compressors=(Part("records+reread", 28, 28, 90_000, 40_000),),
    passed=(Passed("no compressor", 12, 65_700), Passed("raised ValueError in search", 1, 700), Passed("small", 9, 31)),
    alarms=("upstream answered 529 (requests: 1)",),
    priced="2026-11-22",
    days=MONTHS,
    projects=(replace(EVER, name="webshop"), Totals("", 3)),
    misses=(Misses("logs", "Bash", 22, 3, 2, 1, 0, 90_000, 4000, 0.028),),
    fixed=FIXED,
    holdout=Holdout(7, 63),
    calibrations=(Calibration("claude-*", 1.184, 1.15, 1.21, 212), Calibration("gpt-*", 1.0, 1.0, 1.0)),
    context=Context("20261122-101500-4f2a9c", tuple(range(20_000, 99_000, 900)), tuple(range(20_000, 160_000, 1590))),
)  # fmt: skip
SESSION = replace(VIEW, window=Window(session="20261122-101500-4f2a9c"), turns=TURNS)
EMPTY = View(priced="2026-11-22")
LISTED = (
    Listed("20261122-101500-4f2a9c", "claude", "shop", 1_795_000_000.0, 116, 360_000, 240_000, 0.116),
    Listed("8b1f6f0e-51c0-4d0a-9a2e-2f4a0d7d2c11", "", "a-project-of-long-name", 1_794_900_000.0, 2, 500, 550, None),
)
SCREENS_OF = {
    "stats": dashboard(VIEW), "session": session.dashboard(SESSION), "fixed": fixed.dashboard(FIXED),
    "sessions": sessions.dashboard(LISTED), "summary": brief(SESSION), "empty": dashboard(EMPTY),
    "misses": misses(VIEW.misses, VIEW.ever),
}  # fmt: skip


def screen(what: Readable, width: int, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=file, width=width, color_system=None, highlight=False).print(what)
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


NAMES = [f"{kind}-{width}" for kind in ("stats", "session", "sessions", "fixed", "misses") for width in (60, 80, 140)]


@pytest.mark.parametrize("name", [*NAMES, "stats-40", "summary-60", "summary-80", "empty-60"])
def test_the_screen_is_the_one_on_file(name: str) -> None:
    kind, width = name.split("-")
    what = SCREENS_OF[kind]
    drawn = "".join(f"{line.rstrip()}\n" for line in screen(what, int(width)).splitlines())
    file = SCREENS / f"{name}.txt"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(drawn, encoding="utf-8")
        pytest.fail(f"{file} was made; look at it")
    assert drawn == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 140])
def test_every_stored_result_of_a_session_shows_what_to_give_to_get(width: int) -> None:
    shown = screen(session.dashboard(SESSION), width).splitlines()
    assert sum("→" in line and SENT.ref in line for line in shown) == 2


def test_what_several_unused_tools_take_is_said_to_be_of_all_together() -> None:
    shown = screen(fixed.dashboard(FIXED), 140)
    assert "github, 2 tools: never called in 116 requests; together 1.1k tokens in each, $0.080" in shown
    assert "(WebFetch): never called in 116 requests; 520 tokens in each, " in shown


@pytest.mark.parametrize("width", [40, 60, 80, 120, 140])
def test_a_reason_for_what_was_not_saved_is_never_cut(width: int) -> None:
    why = "no line safe to leave out (agent said nothing)"
    shown = screen(dashboard(replace(VIEW, passed=(Passed(why, 12, 65_700),))), width)
    said = shown.partition("not saved, and why")[2]
    assert all(word in said for word in why.split()) and "…" not in said.partition("misses:")[0]


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for what in (*SCREENS_OF.values(), brief(EMPTY), fixed.dashboard(()), sessions.dashboard(())):
        assert max(map(len, screen(what, width).splitlines())) <= width


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_terminals_without_utf_8_get_plain_characters(encoding: str) -> None:
    for what in SCREENS_OF.values():
        assert screen(what, 80, encoding).isascii()


def test_zero_negative_and_unknown_are_shown_as_they_are() -> None:
    drawn = screen(dashboard(VIEW), 80)
    assert "-2.0 %        –   11.6 %   estimated" in drawn
    assert "-$0.0002        –   $0.250   estimated" in drawn
    assert screen(brief(EMPTY), 80).startswith("headroom: no request")


def test_a_bill_that_grew_is_said_to_have_grown() -> None:
    drawn = screen(brief(View(VIEW.today, VIEW.today, VIEW.today)), 120)
    assert "2.0 % of the whole bill added (-3.1 to -1.0 %) · $0.0002 of $0.0098 · estimated" in drawn


def test_a_subscription_sees_its_limits_stretched_and_no_dollars() -> None:
    sums = Totals("", exchanges=9, reported=9, bill=2.0, saved=0.3, low=0.2, high=0.4, missed=0.0, logins=9)
    drawn = screen(brief(View(ever=sums)), 100)
    assert "13.0 % of the whole bill saved (9.1 to 16.7 %) · limits last 1.15 × as long · estimated" in drawn
    assert "$" not in drawn


def test_a_holdout_with_enough_conversations_shows_its_interval() -> None:
    assert measured(Holdout(41, 300, -0.12, -0.21, -0.02)) == (
        "-12.0 % of the bill (95 %: -21.0 to -2.0 %), 300 compressed conversations beside 41 untouched ones"
    )
    assert measured(Holdout(7, 63)) == "not yet: 7 of 20 untouched and 20 of 20 compressed conversations"


def test_what_does_not_fit_on_the_screen_is_said_in_its_last_line() -> None:
    file = io.StringIO()
    Console(file=file, width=80, height=20, color_system=None).print(Cropped(dashboard(VIEW), 20), end="")
    lines = file.getvalue().splitlines()
    assert len(lines) == 20 and lines[-1].strip().endswith(
        "more lines: make the window taller, or run it without --watch"
    )
    whole = io.StringIO()
    Console(file=whole, width=80, color_system=None).print(Cropped(dashboard(VIEW), 500), end="")
    assert "more lines" not in whole.getvalue()


def test_only_what_was_asked_for_being_empty_is_said_otherwise() -> None:
    assert screen(dashboard(View(window=Window(project="none"))), 80).startswith(
        "Nothing recorded of what was asked for"
    )


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
