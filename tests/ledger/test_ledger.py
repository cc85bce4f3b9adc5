"""Exchanges in, sums out, to the token and the cent; a simulated provider with a prefix cache is the judge."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest

from headroom_wrap.ledger import Ledger, Part, Passed, Totals, sweep
from headroom_wrap.segment import Exchange, Outcome, Usage
from headroom_wrap.store import UnknownRef
from headroom_wrap.store.database import Database
from headroom_wrap.store.local import LocalStore

MODEL = "test-model"
UNCACHED = Usage(100, 10, 0, 0)
PRICES = (
    '{"models": {"test-model": {"input": 4, "output": 20, "cache_read": 0.4, "cache_write": 5, "cache_write_1h": 8}}}'
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    (tmp_path / "prices.json").write_text(PRICES)
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


def sent(before: int, after: int, name: str = "", tool: str = "Bash", compressor: str = "logs") -> Outcome:
    return Outcome("…", compressor, "some lines", name or f"ref{before}", before, after, "", tool)


def passed(before: int, why: str, tool: str = "Read") -> Outcome:
    return Outcome(None, before=before, after=before, why=why, tool=tool)


def exchange(*outcomes: Outcome, usage: Usage = UNCACHED, **changes: object) -> Exchange:
    base = Exchange("s1", "claude", "anthropic", MODEL, 1000.0, 1001.0, 200, usage, outcomes, 5000, 4000)
    return replace(base, **changes)  # type: ignore[arg-type]


def replayed(outcome: Outcome) -> Outcome:
    return replace(outcome, replayed=True)


def test_an_empty_ledger_has_no_rows(ledger: Ledger) -> None:
    assert (ledger.totals(), ledger.parts(), ledger.passed(), ledger.alarms()) == ((), (), (), ())
    assert (ledger.refs(), ledger.latest()) == (frozenset(), "")


def test_a_request_that_another_session_records_meanwhile_breaks_no_sum(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, models, read = Ledger(tmp_path), map("".join, product(ascii_lowercase, repeat=2)), Database.read

    def then_another(self: Database, sql: str, values: Any = ()) -> list[Any]:
        rows, model = read(self, sql, values), next(models)
        other.record(exchange(sent(900, 300), session=model, agent=model, model=model, fixed=(("", 9), (model, 1))))
        return rows

    monkeypatch.setattr(Database, "read", then_another)

    assert ledger.totals()[0].exchanges >= 1
    assert len(ledger.totals(by="session")) >= 2
    assert len(ledger.fixed()) >= 2
    other.close()


def test_a_removed_token_counts_once_at_the_write_price_and_then_at_the_read_price(ledger: Ledger) -> None:
    first = sent(1000, 400)
    ledger.record(exchange(first, usage=Usage(0, 10, 2000, 500)))
    ledger.record(exchange(replayed(first), passed(50, "small"), usage=Usage(0, 10, 2500, 50)))
    (total,) = ledger.totals()
    assert total == Totals(
        "", exchanges=2, reported=2, sessions=1, before=1050, after=450, removed=1200,
        output=20, cache_read=4500, cache_write=550, saved_read=600.0, saved_write=600.0,
        bill=(20 * 20 + 4500 * 0.4 + 550 * 5) / 1e6, saved=(600 * 0.4 + 600 * 5) / 1e6,
        low=pytest.approx(0.85 * 3240e-6), high=pytest.approx(1.25 * (3240e-6 + 600 * 3e-6)), missed=0.0,
        owed=(20 * 20 + 4500 * 0.4 + 550 * 5) / 1e6, kept=(600 * 0.4 + 600 * 5) / 1e6,
    )  # type: ignore[arg-type]  # fmt: skip
    assert total.effect == pytest.approx(3240 / (4950 + 3240))


def test_a_cold_cache_makes_removed_tokens_count_as_written_again(ledger: Ledger) -> None:
    first = sent(1000, 400)
    ledger.record(exchange(first, usage=Usage(0, 10, 0, 2500)))
    ledger.record(exchange(replayed(first), usage=Usage(0, 10, 0, 2600)))
    (total,) = ledger.totals()
    assert (total.saved_write, total.saved_read) == (1200.0, 0.0)


def test_a_form_that_was_decided_in_another_session_is_new_in_this_one(ledger: Ledger) -> None:
    first = sent(1000, 400)
    ledger.record(exchange(first, usage=Usage(0, 10, 0, 2500)))
    ledger.record(exchange(replayed(first), session="s2", usage=Usage(0, 10, 0, 2500)))
    (total,) = ledger.totals()
    assert (total.before, total.removed, total.saved_write, total.saved_read) == (2000, 1200, 1200.0, 0.0)


def test_a_fork_that_reads_the_warm_cache_counts_at_the_read_price(ledger: Ledger) -> None:
    ledger.record(exchange(replayed(sent(1000, 400)), usage=Usage(0, 10, 3000, 1000)))
    (total,) = ledger.totals()
    assert (total.saved_read, total.saved_write) == (450.0, 150.0)


def test_one_hour_writes_and_plain_input_share_in_proportion(ledger: Ledger) -> None:
    ledger.record(exchange(sent(1000, 0), usage=Usage(100, 10, 0, 300, 600)))
    (total,) = ledger.totals()
    assert (total.saved_input, total.saved_write, total.saved_write_1h) == (100.0, 300.0, 600.0)


def test_subagents_and_side_requests_of_a_session_keep_their_own_history(ledger: Ledger) -> None:
    main, side = sent(1000, 400, "main"), sent(800, 300, "side")
    warm = Usage(0, 1, 5000, 10)
    ledger.record(exchange(main, usage=Usage(0, 1, 0, 4000)))
    ledger.record(exchange(side, usage=Usage(0, 1, 0, 3000)))
    ledger.record(exchange(usage=Usage(50, 1), model="small-model"))
    ledger.record(exchange(replayed(main), sent(500, 200, "more"), usage=warm))
    ledger.record(exchange(replayed(side), usage=warm))
    (total,) = ledger.totals()
    assert total.before == 1000 + 800 + 500
    assert (total.saved_write, total.saved_read) == (600 + 500 + 300, 600 + 500)


def test_requests_that_the_provider_refused_are_no_savings_and_no_bill(ledger: Ledger) -> None:
    ledger.record(exchange(sent(1000, 400), status=529, usage=Usage(), problem="upstream answered 529"))
    ledger.record(exchange(sent(1000, 400), status=0, usage=Usage()))
    (total,) = ledger.totals()
    assert total == Totals("", failed=2, sessions=1)
    assert ledger.alarms() == ("upstream answered 529 (requests: 1)",)


def test_a_growing_form_and_a_dear_request_show_as_negative(ledger: Ledger) -> None:
    ledger.record(exchange(sent(100, 300), usage=Usage(300, 1)))
    (total,) = ledger.totals()
    assert total.removed == -200 and total.effect is not None and total.effect < 0


def test_what_the_provider_did_not_report_is_unknown(ledger: Ledger) -> None:
    ledger.record(exchange(sent(1000, 400), usage=Usage()))
    (total,) = ledger.totals()
    assert (total.exchanges, total.reported, total.removed) == (1, 0, 600)
    assert (total.bill, total.saved, total.effect) == (None, None, None)


def test_a_model_without_a_price_counts_in_tokens_only(ledger: Ledger) -> None:
    ledger.record(exchange(sent(1000, 400), model="nobody-knows"))
    ledger.record(exchange(sent(1000, 400), session="s2"))
    by_model = {total.name: total for total in ledger.totals(by="model")}
    assert (by_model["nobody-knows"].bill, by_model["nobody-knows"].unpriced) == (None, 1)
    (both,) = ledger.totals()
    assert (both.bill, both.unpriced, both.removed) == (by_model[MODEL].bill, 1, 1200)


def test_sums_by_agent_tool_and_compressor(ledger: Ledger) -> None:
    ledger.record(
        exchange(sent(1000, 400), passed(300, "no compressor"), passed(20, "small"), sent(90, 80, tool="Grep"))
    )
    ledger.record(exchange(passed(40, "small"), session="s2", agent="codex"))
    assert [(total.name, total.removed, total.sessions) for total in ledger.totals(by="agent")] == [
        ("claude", 610, 1),
        ("codex", 0, 1),
    ]
    assert ledger.parts(by="tool") == (
        Part("Bash", 1, 1, 1000, 400),
        Part("Grep", 1, 1, 90, 80),
        Part("Read", 3, 0, 360, 360),
    )
    assert ledger.parts(by="compressor") == (Part("logs", 2, 2, 1090, 480),)
    assert ledger.passed() == (Passed("no compressor", 1, 300), Passed("small", 2, 60))
    assert ledger.passed(session="s2") == (Passed("small", 1, 40),)


def test_sums_start_at_the_given_time(ledger: Ledger) -> None:
    ledger.record(exchange(sent(1000, 400), started=100.0))
    ledger.record(exchange(sent(50, 40), started=200.0))
    assert [total.removed for total in ledger.totals(150.0)] == [10]
    assert ledger.totals(300.0) == ()


def test_nothing_saved_on_much_eligible_traffic_is_an_alarm(ledger: Ledger) -> None:
    ledger.record(exchange(passed(15_000, "no compressor"), passed(9_000, "small")))
    assert ledger.alarms() == ()
    ledger.record(exchange(passed(15_000, "no compressor"), agent="codex", session="s2"))
    ledger.record(exchange(passed(15_001, "not smaller"), agent="codex", session="s2"))
    assert ledger.alarms() == ("codex: nothing saved on 30,001 eligible tokens",)
    ledger.record(exchange(sent(1000, 400), agent="codex", session="s3"))
    assert ledger.alarms() == ()


def test_faults_of_compressors_and_blind_requests_are_alarms(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.record(exchange(body_before=300_000, agent="new"))
    faults = (passed(500, "raised ValueError in search"), passed(1, "KeyError in logs"), passed(1, "small"))
    ledger.record(exchange(*faults, passed(1, "stopped after 2 s in logs"), session="s2"))
    assert ledger.alarms() == (
        "KeyError in logs (segments: 1)",
        "raised ValueError in search (segments: 1)",
        "stopped after 2 s in logs (segments: 1)",
        "new: no tool result found in any of 3 large requests; its format may be new",
    )


def test_references_of_one_session_and_of_all_recent_ones(ledger: Ledger) -> None:
    ledger.record(exchange(sent(10, 5, "old"), started=10.0))
    ledger.record(exchange(sent(10, 5, "new"), session="s2", started=99.0))
    assert ledger.refs(session="s1") == {"old"}
    assert ledger.refs(50.0) == {"new"}
    assert ledger.latest() == "s2"


def test_a_sweep_spares_what_active_sessions_sent(ledger: Ledger, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    active, ended = store.keep("of an active session"), store.keep("of an ended one")
    ledger.record(exchange(sent(10, 5, active), started=time.time() - 86400))
    ledger.record(exchange(sent(10, 5, ended), session="s2"))
    for kept in store.objects.files():
        os.utime(kept.path, (1, 1))
    assert sweep(tmp_path, 30, 10**9).originals == 1
    assert store.restore(active) == "of an active session"
    with pytest.raises(UnknownRef, match="expired"):
        store.restore(ended)


def test_purging_a_session_removes_its_rows_only(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(exchange(sent(10, 5, "one", tool="unmistakable")))
    ledger.record(exchange(sent(10, 5, "two"), session="s2", started=5.0))
    assert ledger.purge(session="s1") == 1
    assert ledger.refs() == {"two"}
    assert not any(b"unmistakable" in path.read_bytes() for path in tmp_path.glob("headroom.db*"))
    assert ledger.purge(before=6.0) == 1
    ledger.record(exchange())
    assert ledger.purge(everything=True) == 1
    assert ledger.totals() == ()


def test_a_subscriptions_requests_have_an_effect_and_no_dollars(ledger: Ledger) -> None:
    ledger.record(exchange(sent(1000, 400), login=True))
    ledger.record(exchange(sent(1000, 400), session="s2"))
    mine, both = ledger.totals(session="s1")[0], ledger.totals()[0]
    assert (mine.logins, mine.owed, mine.kept) == (1, None, None)
    assert mine.effect is not None and mine.stretch == pytest.approx(1 / (1 - mine.effect))
    assert both.bill is not None and both.owed == pytest.approx(both.bill / 2) and both.logins == 1


def test_what_was_spent_on_misses_is_subtracted_from_the_headline(ledger: Ledger) -> None:
    first = sent(1000, 400)
    again = replace(passed(600, "printed by headroom get"), missed=f"get {first.ref}")
    ledger.record(exchange(first, usage=Usage(0, 10, 0, 2500)))
    ledger.record(exchange(replayed(first), again, passed(9, "small"), usage=Usage(0, 10, 2500, 700)))
    (total,) = ledger.totals()
    assert total.missed == pytest.approx((10 * 20 + 2500 * 0.4 + 700 * 5) / 2e6)
    assert total.saved is not None and total.net == pytest.approx(total.saved - total.missed)


def test_a_tool_that_we_added_is_subtracted_from_what_was_removed(ledger: Ledger) -> None:
    first = sent(1000, 400)
    ledger.record(exchange(first, usage=Usage(0, 10, 0, 2500), injected=150))
    ledger.record(exchange(replayed(first), usage=Usage(0, 10, 2500, 10), injected=150))
    (total,) = ledger.totals()
    assert (total.saved_write, total.saved_read, total.injected) == (600 - 150, 600 - 150, 300)


def test_a_prefix_that_we_broke_is_counted_against_us_and_is_an_alarm(ledger: Ledger) -> None:
    said = replace(exchange(sent(1000, 400), usage=Usage(0, 10, 0, 2500)), conversation="c")
    ledger.record(said)
    ledger.record(replace(said, outcomes=(replayed(sent(1000, 300)),), usage=Usage(0, 10, 100, 2300)))
    (total,) = ledger.totals()
    assert total.broke == 2400
    assert total.saved_read == pytest.approx(700 * 100 / 2400 + 2400)
    assert "claude: 1 request broke the provider's cache, 2,400 tokens were written again" in ledger.alarms()


def test_a_cache_that_lapsed_by_itself_is_no_break_of_ours(ledger: Ledger) -> None:
    said = replace(exchange(sent(1000, 400), usage=Usage(0, 10, 0, 2500)), conversation="c")
    ledger.record(said)
    ledger.record(replace(said, outcomes=(replayed(sent(1000, 400)), sent(90, 80)), usage=Usage(0, 10, 0, 2600)))
    assert (ledger.totals()[0].broke, ledger.alarms()) == (0, ())


def test_sums_of_one_project_and_of_each_day(ledger: Ledger) -> None:
    ledger.record(exchange(sent(1000, 400), project="a", started=86400.0 * 10))
    ledger.record(exchange(sent(50, 40), project="b", started=86400.0 * 12))
    assert [total.removed for total in ledger.totals(project="a")] == [600]
    assert sorted((total.name[:8], total.removed) for total in ledger.totals(by="day")) == [
        ("1970-01-", 10),
        ("1970-01-", 600),
    ]


def test_lone_surrogates_in_names_do_no_harm(ledger: Ledger) -> None:
    ledger.record(exchange(sent(10, 5, tool="Ba\ud800sh"), model="\udfff"))
    assert ledger.parts() == (Part("Ba?sh", 1, 1, 10, 5),)


def test_processes_record_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from headroom_wrap.ledger import Ledger;"
        "from headroom_wrap.segment import Exchange; ledger = Ledger(Path(sys.argv[1]));"
        "[ledger.record(Exchange(sys.argv[2], 'claude', 'anthropic', 'm', float(n), status=200)) for n in range(50)];"
        "ledger.close()"
    )
    root = str(Path(__file__).parents[2])
    racers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], cwd=root) for name in "abcd"]
    assert [racer.wait() for racer in racers] == [0, 0, 0, 0]
    ledger = Ledger(tmp_path)
    assert [(total.name, total.exchanges) for total in ledger.totals(by="session")] == [(name, 50) for name in "abcd"]
    ledger.close()


@dataclass
class Provider:
    """A prefix cache that bills: what stands in it is read, the rest written; it lapses after a pause."""

    cached: int = 0
    bill: float = 0.0
    usages: list[Usage] = field(default_factory=list)

    def answer(self, prompt: int, pause: bool) -> Usage:
        read = 0 if pause else self.cached
        usage = Usage(3, 40, read, prompt - read - 3)
        self.cached = prompt
        self.bill += (3 * 4 + 40 * 20 + read * 0.4 + (prompt - read - 3) * 5) / 1e6
        self.usages.append(usage)
        return usage


@pytest.mark.parametrize("pauses", [set(), {10}, {5, 6, 20}])
def test_the_whole_bill_figure_agrees_with_a_simulated_provider(ledger: Ledger, pauses: set[int]) -> None:
    direct, ours = Provider(), Provider()
    outcomes: list[Outcome] = []
    for turn in range(40):
        size = 500 + 137 * (turn % 7)
        outcomes.append(sent(size, size // 2, f"ref{turn}") if turn % 3 else passed(size, "no compressor"))
        fixed = 20_000 + 60 * turn
        before, after = (sum(getattr(outcome, side) for outcome in outcomes) for side in ("before", "after"))
        direct.answer(fixed + before, turn in pauses)
        usage = ours.answer(fixed + after, turn in pauses)
        ledger.record(exchange(*(replayed(outcome) for outcome in outcomes[:-1]), outcomes[-1], usage=usage))
    (total,) = ledger.totals()
    assert total.bill == pytest.approx(ours.bill)
    assert total.effect == pytest.approx(1 - ours.bill / direct.bill, rel=0.02)
