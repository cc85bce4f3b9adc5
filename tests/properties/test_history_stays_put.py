"""Promise: what is sent for the first n turns starts what is sent for n + 1, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headroom_wrap.proxy.frames import Unsettled
from headroom_wrap.rewrite import rewrite
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import Wire
from tests.properties.captured import captured, every_capture
from tests.properties.promises import (
    DISRUPTIONS,
    changed,
    history_stays_put,
    history_stays_put_among_workers,
    home,
)
from tests.strategies import POLICY, WIRES, Style, Turn, conversations, stored, styles, wires


@given(conversations(), wires, styles)
@settings(max_examples=20, derandomize=True, deadline=None)
def test_each_turn_repeats_what_was_sent_for_the_turns_before(
    conversation: list[Turn], wire: Wire, style: Style
) -> None:
    assert history_stays_put(rewrite, conversation, wire, style=style) >= 1


@given(conversations(), wires, st.lists(st.sampled_from(DISRUPTIONS), min_size=2, max_size=5))
@settings(max_examples=25, derandomize=True, deadline=None)
def test_restarts_upgrades_failures_and_other_settings_change_nothing_that_was_sent(
    conversation: list[Turn], wire: Wire, disruptions: list[str]
) -> None:
    history_stays_put(rewrite, conversation, wire, disruptions)


@pytest.mark.parametrize("disruption", [*DISRUPTIONS, "unavailable"])
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_one_disruption_between_two_ordinary_turns_changes_nothing(wire: Wire, disruption: str) -> None:
    assert history_stays_put(rewrite, stored(3, 5), wire, ("", disruption)) >= 1


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is waited for hardly at all."""
    monkeypatch.setattr("headroom_wrap.store.database.BUSY_MS", 1)


@given(conversations(), wires, st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=8, max_size=8))
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whichever_worker_has_a_turn_a_locked_database_changes_nothing_that_was_sent(
    brief: None, conversation: list[Turn], wire: Wire, plan: list[tuple[int, bool]]
) -> None:
    shared = Unsettled()
    history_stays_put_among_workers(conversation, wire, plan, lambda: shared)


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_what_one_worker_could_not_store_another_does_not_decide(brief: None, wire: Wire) -> None:
    shared, plan = Unsettled(), [(0, False), (0, True), (1, False), (0, False), (1, False)]
    assert history_stays_put_among_workers(stored(3, 5), wire, plan, lambda: shared) >= 2
    with pytest.raises(AssertionError, match="after 3 turns, by worker 1"):
        history_stays_put_among_workers(stored(3, 5), wire, plan, Unsettled)


@every_capture
def test_real_conversations_grow_by_what_is_new(agent: str) -> None:
    compared = 0
    with home() as folder:
        earlier: dict[str, Any] = {}
        for came, wire in captured(agent):
            made = rewrite(came, wire, LocalStore.open(folder), POLICY)
            before, after = list(_messages(came)), list(_messages(made.body))
            held = earlier.get(wire.name)
            if held and before[: len(held[0])] == held[0] and held[2]:
                compared += held[2]
                assert after[: len(held[1])] == held[1]
            earlier[wire.name] = (before, after, changed(made))
    if not compared:
        pytest.skip("no run in which a request with a changed result is repeated in a longer one")


def _messages(sent: bytes) -> Iterator[str]:
    whole = json.loads(sent)
    whole = whole.get("request") or whole
    key = next(key for key in ("messages", "input", "contents") if key in whole)
    yield from (json.dumps(message) for message in whole[key])
