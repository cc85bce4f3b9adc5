"""The tool put into a body: where it stands, what moves, and which requests take none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.inject.body import Body
from headroom_wrap.inject.requests import cost, prepared
from headroom_wrap.marker import RETRIEVE
from headroom_wrap.rewrite import rewrite
from headroom_wrap.route import Policy
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire.calls import names_of
from tests.inject.provider import WIRES
from tests.inject.test_history import LIST, LONG, POLICY, WIRE, results, turn, user, weather
from tests.properties.promises import home

CALL = [("call", "c1", "get_weather", {"city": "Ulm"})]


def made(wire: str, body: Any, policy: Policy = POLICY) -> bytes | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with home() as folder:
        done = prepared(raw, WIRE[wire], LocalStore.open(folder), policy)
    return done.body if done else None


def asks(wire: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "tools": weather(wire), LIST[wire]: [user(wire, "hi")], **more}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("spaces", [None, 1])
def test_the_tool_stands_behind_the_clients_last_and_nothing_else_moves(wire: str, spaces: int | None) -> None:
    raw = json.dumps(asks(wire, big=10**30, odd="\ud83d"), indent=spaces).encode()
    got = made(wire, raw)
    assert got is not None
    added = len(got) - len(raw)
    start = next(place for place in range(len(raw)) if raw[place] != got[place])

    assert got[:start] + got[start + added :] == raw
    assert names_of(json.loads(got)["tools"]) == ("get_weather", RETRIEVE)
    assert made(wire, raw) == got


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "gemini"])
def test_a_history_with_results_and_no_tools_gets_a_list_of_its_own(wire: str) -> None:
    history = [user(wire, "hi"), *turn(wire, CALL), *results(wire, CALL, "sunny")]
    raw = json.dumps({"model": "m", LIST[wire]: history}).encode()
    got = made(wire, raw)

    assert got is not None
    assert got.endswith(raw[1:])
    assert names_of(json.loads(got)["tools"]) == (RETRIEVE,)


NONE = [
    ("anthropic", {"tools": []}),
    ("anthropic", {"tools": [{"name": "Bash", "input_schema": {}}]}),
    ("anthropic", {"tools": [{"name": "mcp__headroom__headroom_retrieve", "input_schema": {}}]}),
    ("anthropic", {"messages": []}),
    ("openai_chat", {"n": 2}),
    ("openai_chat", {"functions": [{"name": "f"}]}),
    ("openai_responses", {"background": True}),
    ("openai_responses", {"conversation": "conv_1"}),
    ("gemini", {"generationConfig": {"candidateCount": 2}}),
    ("gemini", {"tools": [{"googleSearch": {}}]}),
]


@pytest.mark.parametrize(("wire", "more"), NONE)
def test_requests_that_take_no_tool_pass(wire: str, more: dict[str, Any]) -> None:
    policy = Policy() if "Bash" in str(more) else POLICY
    assert made(wire, {**asks(wire), **more}, policy) is None


TAKEN = [
    ("anthropic", {"tool_choice": {"type": "none"}}),
    ("anthropic", {"tool_choice": {"type": "tool", "name": "get_weather"}}),
    ("anthropic", {"tools": [{"name": "f", "input_schema": {}, "cache_control": {"type": "ephemeral"}}]}),
    ("anthropic", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ("openai_chat", {"response_format": {"type": "json_object"}, "n": 1}),
    ("openai_responses", {"input": "hi", "store": False}),
    ("gemini", {"tools": [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]}),
]


@pytest.mark.parametrize(("wire", "more"), TAKEN)
def test_the_list_of_tools_is_the_same_whatever_the_request_asks_for(wire: str, more: dict[str, Any]) -> None:
    got = made(wire, {**asks(wire), **more})
    assert got is not None
    assert names_of(json.loads(got)["tools"])[-1] == RETRIEVE


@pytest.mark.parametrize("choice", ["none", "shell"])
def test_a_user_who_chose_another_way_back_gets_no_tool(choice: str) -> None:
    assert made("anthropic", asks("anthropic"), Policy(way_back=choice)) is None


def test_a_conversation_that_is_left_untouched_gets_no_tool() -> None:
    assert made("anthropic", asks("anthropic"), replace(POLICY, holdout=1.0)) is None


def test_code_assist_has_the_tool_in_its_envelope() -> None:
    got = made("gemini", {"model": "m", "request": asks("gemini")})
    assert got is not None
    assert names_of(json.loads(got)["request"]["tools"]) == ("get_weather", RETRIEVE)


@pytest.mark.parametrize("wire", WIRES)
def test_a_request_with_the_tool_has_a_way_back(wire: str) -> None:
    history = [user(wire, "hi"), *turn(wire, CALL), *results(wire, CALL, LONG)]
    with home() as folder:
        store = LocalStore.open(folder)
        done = prepared(json.dumps({**asks(wire), LIST[wire]: history}).encode(), WIRE[wire], store, POLICY)
        assert done is not None
        outcome = rewrite(done.body, WIRE[wire], store, POLICY).outcomes[0]

    assert outcome.text is not None
    assert f"{RETRIEVE} {outcome.ref}" in outcome.text


@pytest.mark.parametrize("wire", WIRES)
def test_a_conversation_stays_as_it_began(wire: str) -> None:
    first = {**asks(wire)}
    later = {**first, LIST[wire]: [user(wire, "hi"), *turn(wire, CALL), *results(wire, CALL, LONG)]}
    with home() as folder:
        store = LocalStore.open(folder)
        rewrite(json.dumps(later).encode(), WIRE[wire], store, POLICY)
        assert prepared(json.dumps(later).encode(), WIRE[wire], store, POLICY) is None
        assert prepared(json.dumps(first).encode(), WIRE[wire], store, POLICY) is not None
        assert prepared(json.dumps(later).encode(), WIRE[wire], LocalStore.open(folder), POLICY) is not None


@pytest.mark.parametrize("wire", WIRES)
def test_the_definition_is_counted_as_tokens_that_were_added(wire: str) -> None:
    assert 250 < cost(wire) < 450


@pytest.mark.parametrize("wire", WIRES)
@given(text=st.text('[]{}",:\\ ae0123tfn', max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_body_passes_or_takes_the_tool(wire: str, text: str) -> None:
    raw = json.dumps(asks(wire))
    for body in (text, raw[: len(text)] + text, raw.replace("hi", text), raw.replace("get_weather", text)):
        try:
            read = Body.read(wire, body)
        except ValueError:
            continue
        assert read.turns() is not None
