"""Promise: error lines, file:line diagnostics, failing test names and exit codes stand verbatim in what is sent."""

from __future__ import annotations

from hypothesis import given, settings

from headroom_wrap.rewrite import rewrite
from headroom_wrap.wire import Wire
from tests.properties.promises import errors_survive
from tests.strategies import LONG, Turn, conversations, wires


@given(conversations(plant=True), wires)
@settings(max_examples=40, derandomize=True, deadline=None)
def test_planted_error_lines_reach_the_model(conversation: list[Turn], wire: Wire) -> None:
    assert LONG.needles
    assert errors_survive(rewrite, conversation, wire) >= 1
