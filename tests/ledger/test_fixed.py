"""Requests with their tool definitions in; what these cost and how often they were called out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headroom_wrap.ledger import Fixed, Ledger
from headroom_wrap.segment import Exchange, Usage

PARTS = (("", 3000), ("Bash", 1000), ("mcp__github__search_issues", 1000))
FIRST = Exchange(
    "s", "claude", "anthropic", "gpt-5", 1.0, 2.0, 200, Usage(0, 0, 0, 10_000), conversation="c", fixed=PARTS,
    called=("Bash",),
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


def test_the_fixed_part_is_written_once_and_read_from_then_on(ledger: Ledger) -> None:
    ledger.record(FIRST)
    ledger.record(replace(FIRST, usage=Usage(0, 0, 10_000, 100), called=("Bash", "Bash", "Read")))
    system, bash, search = ledger.fixed()
    cost = (5000 * 1.25 + 5000 * 0.125) / 1e6
    bill = (10_100 * 1.25 + 10_000 * 0.125) / 1e6
    assert system == Fixed(
        "claude",
        "",
        3000,
        2,
        0,
        pytest.approx(cost * 0.6),
        pytest.approx(cost * 0.6 / bill),  # type: ignore[arg-type]
    )
    assert (bash.name, bash.calls, bash.server) == ("Bash", 2, "")
    assert (search.name, search.calls, search.server) == ("mcp__github__search_issues", 0, "github")


def test_calls_of_a_conversation_are_counted_once_and_those_of_another_beside_them(ledger: Ledger) -> None:
    ledger.record(FIRST)
    ledger.record(replace(FIRST, called=("Bash", "Bash")))
    ledger.record(replace(FIRST, called=("Bash", "Bash")))
    ledger.record(replace(FIRST, conversation="d", called=("Bash",)))
    ledger.record(replace(FIRST, conversation="e", called=("Bash",), status=529))
    assert {row.name: row.calls for row in ledger.fixed()}["Bash"] == 3


def test_an_unknown_price_leaves_sizes_and_calls(ledger: Ledger) -> None:
    ledger.record(replace(FIRST, model="nobody-knows"))
    assert [(row.tokens, row.cost, row.share) for row in ledger.fixed()] == [
        (3000, None, None), (1000, None, None), (1000, None, None),
    ]  # fmt: skip


def test_the_same_definitions_are_kept_once_and_go_with_the_last_request(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(FIRST)
    ledger.record(replace(FIRST, session="t"))
    ledger.purge(session="s")
    assert [row.requests for row in ledger.fixed()] == [1, 1, 1]
    ledger.purge(everything=True)
    assert not any(b"search_issues" in path.read_bytes() for path in tmp_path.glob("headroom.db*"))
