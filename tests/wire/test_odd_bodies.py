"""Bodies whose members are of other kinds than a provider's: each is read or refused, and no other way."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.wire import Unreadable, Wire, anthropic, gemini, openai_chat, openai_responses
from headroom_wrap.wire.located import splice
from tests.wire import conversations, test_gemini, test_openai_chat, test_openai_responses

SESSIONS: list[tuple[Wire, dict[str, Any]]] = [
    (anthropic, conversations.anthropic()),
    (openai_chat, test_openai_chat.session()),
    (openai_responses, test_openai_responses.session()),
    (gemini, test_gemini.session()),
    (gemini, {"model": "m", "request": test_gemini.session(ids=False)}),
]
ODD = st.sampled_from(
    [None, True, 7, "", "text", "\ud800", [], {}, [[["a"]]], {"type": {}}, [{"type": []}], {"name": []}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inner:
        yield (*path, key)
        yield from places(member, (*path, key))


def put(body: Any, path: tuple[Any, ...], odd: Any) -> Any:
    body = copy.deepcopy(body)
    at = body
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = odd
    return body


@given(st.data(), st.sampled_from(SESSIONS), ODD)
def test_any_member_may_be_of_any_kind(data: st.DataObject, session: tuple[Wire, dict[str, Any]], odd: Any) -> None:
    wire, body = session
    changed = put(body, data.draw(st.sampled_from(list(places(body)))), odd)
    text = json.dumps(changed, ensure_ascii=data.draw(st.booleans()))
    segments = wire.read(text).segments
    assert json.loads(splice(text, [(segment.span, segment.text) for segment in segments])) == changed


@pytest.mark.parametrize("depth", [100, 300, 500, 900, 980, 2000])
@pytest.mark.parametrize("session", SESSIONS)
def test_any_member_may_be_nested_deeply(session: tuple[Wire, dict[str, Any]], depth: int) -> None:
    wire, body = session
    for path in places(body):
        for opening, closing in (("[", "]"), ('{"tools":[', "]}"), ('{"edits":[', "]}")):
            deep = opening * depth + closing * depth
            text = json.dumps(put(body, path, "DEEP")).replace('"DEEP"', deep)
            with contextlib.suppress(Unreadable):
                wire.read(text)


@given(st.binary(max_size=200))
def test_what_is_no_json_is_refused_on_every_wire(raw: bytes) -> None:
    for wire, _ in SESSIONS:
        with contextlib.suppress(Unreadable):
            assert wire.read(raw.decode("utf-8", "replace")).segments == ()
