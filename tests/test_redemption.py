"""Exchanges with misses in; their rate and cost, by compressor and tool, out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli.stats import command
from headroom_wrap.ledger import Ledger
from headroom_wrap.redemption import Misses
from headroom_wrap.segment import Exchange, Outcome, Usage

PRICES = (
    '{"models": {"test-model": {"input": 4, "output": 20, "cache_read": 0.4, "cache_write": 5, "cache_write_1h": 8}}}'
)
LOG = Outcome("…", "logs", "9 lines", "logref", 1000, 400, "", "Bash")
FILE = Outcome("…", "code", "90 lines", "coderef", 5000, 1000, "", "Read")
GET = Outcome(None, before=300, after=300, why="printed by headroom get", tool="Bash", missed="get logref")
AGAIN = Outcome(None, before=200, after=200, why="small", tool="Read", missed="read coderef")
EDIT = Outcome(None, before=20, after=20, why="small", tool="Edit", missed="edit coderef")
OTHER = Outcome(None, before=50, after=50, why="small", tool="Bash")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    (tmp_path / "prices.json").write_text(PRICES)
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


def record(ledger: Ledger, *outcomes: Outcome, usage: Usage, model: str = "test-model", session: str = "s1") -> None:
    exchange = Exchange(session, "claude", "anthropic", model, 1000.0, 1001.0, 200, usage, outcomes, 5000, 4000)
    ledger.record(exchange)


def test_without_misses_the_rate_is_nought(ledger: Ledger) -> None:
    record(ledger, LOG, OTHER, usage=Usage(0, 10, 0, 2500))
    assert ledger.misses() == (Misses("logs", "Bash", 1, 0, 0, 0, 0, 600, 0, 0.0),)
    assert ledger.misses()[0].rate == 0.0


def test_each_miss_counts_against_the_compressor_and_tool_that_left_it_out(ledger: Ledger) -> None:
    record(ledger, LOG, FILE, usage=Usage(0, 10, 0, 9000))
    record(ledger, LOG, FILE, GET, usage=Usage(0, 10, 9000, 500))
    record(ledger, LOG, FILE, GET, AGAIN, OTHER, usage=Usage(0, 10, 9500, 300))
    record(ledger, LOG, FILE, GET, AGAIN, OTHER, EDIT, usage=Usage(0, 10, 9800, 300))
    get = (10 * 20 + 9000 * 0.4 + 500 * 5) / 1e6
    again = (10 * 20 + 9500 * 0.4 + 300 * 5) / 1e6 / 2
    code, logs = ledger.misses()
    assert code == Misses("code", "Read", 1, 1, 0, 1, 1, 4000, 200, pytest.approx(again))
    assert logs == Misses("logs", "Bash", 1, 1, 1, 0, 0, 600, 300, pytest.approx(get))
    assert (code.rate, logs.rate) == (1.0, 1.0)


def test_an_answer_asked_for_again_is_a_miss_of_the_first_and_not_of_itself(ledger: Ledger) -> None:
    again = Outcome("…", "records", "", "logref", 1000, 700, "", "Bash", missed="read logref")
    record(ledger, LOG, usage=Usage(0, 10, 0, 2500))
    record(ledger, LOG, again, usage=Usage(0, 10, 2500, 500))
    record(ledger, LOG, again, again, usage=Usage(0, 10, 2500, 500))
    cost = 2 * (10 * 20 + 2500 * 0.4 + 500 * 5) / 1e6
    assert ledger.misses() == (Misses("logs", "Bash", 1, 1, 0, 2, 0, 600, 1400, pytest.approx(cost)),)
    assert ledger.totals(session="s1")[0].missed == pytest.approx(cost)


def test_a_form_in_which_nothing_is_missing_counts_where_its_original_was_fetched(ledger: Ledger) -> None:
    thinned = Outcome("…", "numbers", "", "thinref", 1000, 800, "", "Read")
    other = Outcome("…", "numbers", "", "otherref", 1000, 800, "", "Read")
    fetched = Outcome(None, before=300, after=300, why="printed by headroom get", tool="Bash", missed="get thinref")
    record(ledger, thinned, other, usage=Usage(0, 10, 0, 2500))
    record(ledger, thinned, other, fetched, usage=Usage(0, 10, 2500, 500))
    cost = (10 * 20 + 2500 * 0.4 + 500 * 5) / 1e6
    assert ledger.misses() == (Misses("numbers", "Read", 1, 1, 1, 0, 0, 200, 300, pytest.approx(cost)),)
    assert ledger.lossless() == frozenset()


def test_a_miss_of_another_session_is_not_counted_and_a_price_that_is_unknown_is_said(ledger: Ledger) -> None:
    record(ledger, LOG, usage=Usage(0, 10, 0, 2500))
    record(ledger, GET, usage=Usage(0, 10, 0, 2500), session="s2")
    assert ledger.misses()[0].missed == 0
    record(ledger, LOG, GET, usage=Usage(0, 10, 2500, 500), model="unheard-of")
    assert (ledger.misses()[0].missed, ledger.misses()[0].cost) == (1, None)


def test_the_command_shows_the_net_saving_and_the_rows(ledger: Ledger) -> None:
    record(ledger, LOG, usage=Usage(0, 10, 0, 2500))
    record(ledger, LOG, GET, usage=Usage(0, 10, 2500, 500))
    cost = (10 * 20 + 2500 * 0.4 + 500 * 5) / 1e6
    out = CliRunner().invoke(command, ["--misses"], catch_exceptions=False, env={"COLUMNS": "120"}).output
    assert "$0.0032 saved, $0.0037 spent on misses: -$0.0005 net, -2.9 % of the whole bill without headroom" in out
    assert "logs, Bash" in out and "100.0 %" in out
    (row,) = json.loads(CliRunner().invoke(command, ["--misses", "--json"]).output)
    assert (row["rate"], row["cost"], row["gets"]) == (1.0, pytest.approx(cost), 1)


def test_misses_that_cost_more_than_was_saved_make_the_net_negative(ledger: Ledger) -> None:
    record(ledger, LOG, usage=Usage(0, 10, 0, 2500))
    record(ledger, LOG, GET, usage=Usage(0, 2000, 90_000, 50_000))
    out = CliRunner().invoke(command, ["--misses"], catch_exceptions=False, env={"COLUMNS": "120"}).output
    assert "-$" in out or "−$" in out


def test_an_empty_ledger_says_so(ledger: Ledger) -> None:
    assert "nothing could be missed" in CliRunner().invoke(command, ["--misses"], catch_exceptions=False).output
