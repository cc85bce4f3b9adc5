"""Promise: outside the strings of changed results the body is byte-identical; nothing to do → the very same bytes."""

from __future__ import annotations

from hypothesis import given, settings

from headroom_wrap.rewrite import rewrite
from headroom_wrap.wire import Wire
from tests.properties.captured import captured, every_capture
from tests.properties.promises import first, nothing_else_moves
from tests.strategies import Style, Turn, body, conversations, styles, turn, wires


@given(conversations(), wires, styles)
@settings(max_examples=25, derandomize=True, deadline=None)
def test_only_the_strings_of_changed_results_differ(conversation: list[Turn], wire: Wire, style: Style) -> None:
    assert nothing_else_moves(rewrite, body(wire, conversation, style), wire) >= 1


@given(wires, styles)
@settings(max_examples=10, derandomize=True, deadline=None)
def test_with_nothing_to_do_the_very_same_bytes_object_goes_on(wire: Wire, style: Style) -> None:
    came = body(wire, [turn(kind, 3, 5) for kind in range(7)], style)
    assert first(rewrite, came, wire)[0].body is came


@every_capture
def test_in_what_real_agents_send_only_results_differ(agent: str) -> None:
    assert sum(nothing_else_moves(rewrite, came, wire) for came, wire in captured(agent)) >= 1
