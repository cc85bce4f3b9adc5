"""Promise: tokens sent ≤ tokens received, per tool result, markers included; and the counts recorded are true."""

from __future__ import annotations

from hypothesis import given, settings

from headroom_wrap.rewrite import rewrite
from headroom_wrap.wire import Wire
from tests.properties.captured import captured, every_capture
from tests.properties.promises import never_larger
from tests.strategies import Style, Turn, body, conversations, styles, wires


@given(conversations(), wires, styles)
@settings(max_examples=25, derandomize=True, deadline=None)
def test_no_result_takes_more_tokens_than_it_did(conversation: list[Turn], wire: Wire, style: Style) -> None:
    assert never_larger(rewrite, body(wire, conversation, style), wire) >= 1


@every_capture
def test_no_result_of_a_real_agent_takes_more_tokens(agent: str) -> None:
    assert sum(never_larger(rewrite, came, wire) for came, wire in captured(agent)) >= 1
