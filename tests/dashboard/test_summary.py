"""A session's ledger in, its summary and its live line out."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from headroom_wrap.dashboard.summary import live_line, summary
from headroom_wrap.ledger import Ledger
from headroom_wrap.segment import Exchange, Outcome, Usage


@pytest.fixture
def home(tmp_path: Path) -> Path:
    outcome = Outcome("form", "logs", "lines", "r", 1000, 400, tool="Bash")
    first = Exchange(
        "s1", "claude", "anthropic", "claude-opus-4-5", 1e9, 1e9, 200, Usage(0, 10, 2000, 500), (outcome,), 9000, 5000
    )
    ledger = Ledger(tmp_path)
    ledger.record(first)
    ledger.record(replace(first, session="s2", model="nobody-knows"))
    ledger.close()
    return tmp_path


def drawn(home: Path, session: str) -> str:
    file = io.StringIO()
    Console(file=file, width=100, color_system=None).print(summary(home, session))
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_the_summary_is_of_this_session(home: Path) -> None:
    assert drawn(home, "s1") == (
        "headroom  50.3 % of the whole bill saved (47.6 to 63.9 %) · $0.0044 of $0.0088 · estimated\n"
        "removed   600 of 1.0k tokens of tool results (60.0 %), counted\n"
        "provider  2.0k read, 500 written, 0 plain, 10 out, reported in 1 of 1 request\n"
        "more      headroom stats --session s1\n"
    )


def test_the_live_line_is_short_and_says_what_is_known(home: Path) -> None:
    assert live_line(home, "s1") == "headroom 50.3 % of the bill saved · 600 of 1.0k tokens removed · 1 request"
    assert live_line(home, "s2") == "headroom 600 of 1.0k tokens removed · 1 request"
    assert live_line(home, "nobody") == ""


def test_a_session_without_requests_says_so(home: Path) -> None:
    assert drawn(home, "nobody") == "headroom: no request of this session passed through the proxy.\n"


def test_a_ledger_that_cannot_be_read_is_said_and_never_raised(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert live_line(tmp_path / "file", "s1") == ""
    assert drawn(tmp_path / "file", "s1").startswith("headroom: ")


def test_bad_prices_are_said_and_never_raised(home: Path) -> None:
    (home / "prices.json").write_text("{}")
    assert live_line(home, "s1") == ""
    assert "prices.json" in drawn(home, "s1")
