"""What is read of a body is the same whether or not the bodies read before it are remembered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.segment import Request, Span
from headroom_wrap.wire import Wire, anthropic, openai_chat, reading
from headroom_wrap.wire.reading import REMEMBERED, SMALL
from tests.strategies import LONG, WIRES, Turn, body, turns


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    reading._RECENT.clear()
    yield
    reading._RECENT.clear()


def places(request: Request) -> list[Span]:
    return [segment.span for segment in request.segments]


def afresh(wire: Wire, text: str) -> Request:
    held = list(reading._RECENT)
    reading._RECENT.clear()
    request = wire.read(text)
    reading._RECENT.clear()
    reading._RECENT.extend(held)
    return request


LEAD = Turn("Bash", {"command": "cat all"}, "one line of many\n" * (SMALL // 16))
"""Makes a body long enough to be remembered."""


@given(st.lists(turns(), min_size=1, max_size=8), st.lists(st.tuples(st.integers(0, 8), turns()), max_size=5))
@settings(max_examples=40, derandomize=True, deadline=None)
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_grown_shortened_and_forked_conversations_are_read_as_afresh(
    wire: Wire, conversation: list[Turn], forks: list[tuple[int, Turn]]
) -> None:
    reading._RECENT.clear()
    for place, other in [(len(conversation), LONG), *forks]:
        conversation = [*conversation[:place], other]
        text = body(wire, [LEAD, *conversation]).decode()
        request = wire.read(text)
        assert (request, places(request)) == (afresh(wire, text), places(afresh(wire, text)))


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_of_a_grown_conversation_only_what_is_new_is_read(wire: Wire) -> None:
    short = body(wire, [LEAD, LONG]).decode()
    wire.read(short)
    wire.read(body(wire, [LEAD, LONG, LONG]).decode())
    (known,) = reading._RECENT
    assert all(at > short.rindex("]}") for at, _ in known.marks)


def test_a_body_read_on_one_wire_is_not_gone_on_with_on_another() -> None:
    """The same text is a body of both, but its results stand in other places."""
    text = body(openai_chat, [LEAD, LONG]).decode()
    assert anthropic.read(text).segments == ()
    assert openai_chat.read(text) == afresh(openai_chat, text)
    assert len(openai_chat.read(text).segments) == 2


def test_no_more_is_remembered_than_allowed() -> None:
    large = Turn("Bash", {"command": "cat all"}, "x" * (REMEMBERED // 3))
    for number in range(5):
        anthropic.read(body(anthropic, [Turn("Bash", {"command": f"{number}"}, "no"), large]).decode())
    assert sum(len(known.body) for known in reading._RECENT) <= REMEMBERED
    assert len(reading._RECENT) == 2
