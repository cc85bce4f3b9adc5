"""What the provider has cached stays the start of what it gets next, our calls of earlier turns included."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.inject import MOST
from headroom_wrap.inject.events import JOINED
from headroom_wrap.inject.requests import Said, Whole, answered, followed, keep, marked, prepared
from headroom_wrap.marker import RETRIEVE
from headroom_wrap.rewrite import rewrite
from headroom_wrap.route import Policy
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire.table import WIRES as MODULES
from tests.inject.provider import WIRES, Block, calls, items, ours, whole
from tests.inject.test_streams import comparable, conversations
from tests.properties.promises import home

JSON = dict[str, Any]
WIRE = {module.name: module for module in MODULES}
POLICY = Policy(way_back="mcp")
LIST = {"anthropic": "messages", "openai_chat": "messages", "openai_responses": "input", "gemini": "contents"}
LONG = "\n".join(
    f"{number}: a line of a log that nobody will want to read again, number {number}" for number in range(400)
)


def weather(wire: str) -> list[JSON]:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    if wire == "anthropic":
        return [{"name": "get_weather", "input_schema": schema}]
    if wire == "openai_chat":
        return [{"type": "function", "function": {"name": "get_weather", "parameters": schema}}]
    if wire == "openai_responses":
        return [{"type": "function", "name": "get_weather", "parameters": schema}]
    return [{"functionDeclarations": [{"name": "get_weather", "parameters": schema}]}]


def user(wire: str, text: str) -> JSON:
    return {"role": "user", "parts": [{"text": text}]} if wire == "gemini" else {"role": "user", "content": text}


def turn(wire: str, blocks: Sequence[Block]) -> list[JSON]:
    """-> the model's turn as it stands in a history."""
    said = items(wire, blocks)
    if wire in ("openai_chat", "openai_responses"):
        return said
    return [{"role": "assistant", "content": said} if wire == "anthropic" else {"role": "model", "parts": said}]


def results(wire: str, blocks: Sequence[Block], text: str) -> list[JSON]:
    """-> the client's answers to its calls; the user goes on where there are none."""
    if not calls(blocks):
        return [user(wire, "go on")]
    made = [_result(wire, block, text) for block in calls(blocks)]
    if wire in ("openai_chat", "openai_responses"):
        return made
    return [{"role": "user", "content": made} if wire == "anthropic" else {"role": "user", "parts": made}]


def _result(wire: str, block: Block, text: str) -> JSON:
    ident, tool = block[1:3]
    if wire == "anthropic":
        return {"type": "tool_result", "tool_use_id": ident, "content": text}
    if wire == "openai_chat":
        return {"role": "tool", "tool_call_id": ident, "content": text}
    if wire == "openai_responses":
        return {"type": "function_call_output", "call_id": ident, "output": text}
    return {"functionResponse": {"name": tool, "id": ident, "response": {"output": text}}}


class Provider:
    """Answers a client's requests with the legs it is given, through all that a worker does; keeps what it got."""

    def __init__(self, wire: str, folder: Path) -> None:
        self.wire, self.folder = wire, folder
        self.store = LocalStore.open(folder)
        self.got: list[JSON] = []
        self.said: list[Sequence[Block]] = []

    def asked(self, body: JSON, legs: Sequence[Sequence[Block]]) -> JSON:
        """-> the client's response."""
        made = prepared(json.dumps(body, ensure_ascii=False).encode(), WIRE[self.wire], self.store, POLICY)
        assert made is not None
        joined, sent, response, ref = JOINED[self.wire](), made.body, {}, ""
        for number, blocks in enumerate(legs, 1):
            self.got.append(json.loads(rewrite(sent, WIRE[self.wire], self.store, POLICY).body))
            self.said.append(blocks)
            joined.begin(last=number > MOST + 1)
            response = joined.whole(whole(self.wire, blocks, number))
            leg, at = joined.leg, joined.turn.mark("results")
            said = Said.of(asdict(Said(leg.items, leg.ours, leg.marks, leg.id, leg.stored, number)))
            if leg.again or leg.shared:
                ref = ref or str(leg.ours[0].arguments["ref"])
                answers = answered(self.folder, self.wire, said)
                joined.turn.marks += marked(self.wire, said, answers, at, together=leg.shared)
            if leg.again:
                sent = followed(sent, self.wire, said, answers)
        if joined.turn.marks:
            keep(self.store, Whole(made.name.hex(), joined.turn.texts, joined.turn.ids, joined.turn.record(), ref))
        return response

    def prefix_holds(self) -> None:
        """Every request begins with the one before and what the model said to it."""
        for earlier, said, later in zip(self.got, self.said, self.got[1:], strict=False):
            known = [*blocks(self.wire, earlier[LIST[self.wire]]), *blocks(self.wire, turn(self.wire, said))]
            assert blocks(self.wire, later[LIST[self.wire]])[: len(known)] == known
            assert earlier["tools"] == later["tools"]


def blocks(wire: str, messages: Sequence[JSON]) -> list[JSON]:
    """-> a prompt as the provider reads it: who says what, block by block; Gemini's pieces of a text as one."""
    made: list[JSON] = []
    for block in (block for message in messages for block in _blocks(wire, message)):
        if (
            made
            and wire == "gemini"
            and block.keys() == made[-1].keys() == {"role", "text"}
            and block["role"] == made[-1]["role"]
        ):
            made[-1] = {**block, "text": made[-1]["text"] + block["text"]}
        else:
            made.append(block)
    return made


def _blocks(wire: str, message: JSON) -> Iterator[JSON]:
    key = {"anthropic": "content", "gemini": "parts"}.get(wire, "")
    if isinstance(message.get(key), list):
        yield from ({"role": message["role"], **block} for block in message[key])
    else:
        yield {name: value for name, value in message.items() if value not in (None, "")}


def visible(wire: str, legs: Sequence[Sequence[Block]]) -> list[Block]:
    """-> what a client without our tool would have seen; chat has one text."""
    seen = [block for leg in legs for block in leg if block[0] != "call" or block[2] != RETRIEVE]
    if wire != "openai_chat":
        return seen
    texts = {kind: "".join(block[1] for block in seen if block[0] == kind) for kind in ("think", "text")}
    return [*((kind, text) for kind, text in texts.items() if text), *calls(seen)]


@pytest.mark.parametrize("wire", WIRES)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_history_stays_put_with_the_tool(wire: str, data: st.DataObject) -> None:
    with home() as folder:
        provider = Provider(wire, folder)
        history = [user(wire, "what is the weather?")]
        inserted = 0
        for number in range(data.draw(st.integers(2, 4))):
            legs = renamed(data.draw(conversations(wire)), number)
            if data.draw(st.booleans()):
                provider.store = LocalStore.open(folder)  # another process
            response = provider.asked({"tools": weather(wire), LIST[wire]: history}, legs)
            seen = visible(wire, legs)
            assert comparable(wire, response)[OUTPUT[wire]] == comparable(wire, whole(wire, seen, 1))[OUTPUT[wire]]
            text = data.draw(st.sampled_from(["sunny", LONG]))
            history = [*history, *turn(wire, seen), *results(wire, seen, text)]
            inserted += len(legs) - 1
        provider.prefix_holds()
        assert json.dumps(provider.got[-1]).count(f'"{RETRIEVE}"') >= inserted


OUTPUT = {"anthropic": "content", "openai_chat": "choices", "openai_responses": "output", "gemini": "candidates"}


def renamed(legs: list[list[Block]], number: int) -> list[list[Block]]:
    """-> legs whose calls and texts are this turn's own."""
    named = lambda block: (*block[:1], f"t{number}{block[1]}", *block[2:])  # noqa: E731
    return [[named(block) for block in leg] for leg in legs]


@pytest.mark.parametrize("wire", WIRES)
def test_what_was_fetched_is_the_original_and_counts_as_a_miss(wire: str) -> None:
    with home() as folder:
        provider = Provider(wire, folder)
        call = [("call", "c1", "get_weather", {"city": "Ulm"})]
        first = [user(wire, "what is the weather?"), *turn(wire, call), *results(wire, call, LONG)]
        again = prepared(
            json.dumps({"tools": weather(wire), LIST[wire]: first}).encode(), WIRE[wire], provider.store, POLICY
        )
        assert again is not None
        done = rewrite(again.body, WIRE[wire], provider.store, POLICY)
        assert f"{RETRIEVE} {done.outcomes[0].ref}" in done.body.decode()
        ref = done.outcomes[0].ref
        provider.asked(
            {"tools": weather(wire), LIST[wire]: first}, [[ours("c2", ref, lines="7-8")], [("text", "It rains.")]]
        )
        sent = json.dumps(provider.got[1]).encode()
        rows = rewrite(sent, WIRE[wire], provider.store, POLICY).outcomes

    assert [row.missed for row in rows] == ["", f"get {ref}"]
    assert LONG.split("\n")[6] in sent.decode()


def test_a_purge_takes_what_was_printed_of_an_original() -> None:
    with home() as folder:
        provider = Provider("anthropic", folder)
        ref = provider.store.keep("a secret\n")
        asks = {"tools": weather("anthropic"), "messages": [user("anthropic", "hi")]}
        provider.asked(asks, [[ours("c1", ref)], [("text", "B.")]])
        assert "a secret" in json.dumps(provider.got[1])
        provider.store.purge(refs=[ref])
        said = [*asks["messages"], *turn("anthropic", [("text", "B.")]), user("anthropic", "more")]
        provider.asked({**asks, "messages": said}, [[("text", "C.")]])

    assert provider.got[-1]["messages"] == said


def test_a_client_that_drops_thinking_still_gets_its_calls_put_in() -> None:
    legs: list[list[Block]] = [[("think", "hm"), ("text", "A."), ours("c1", "4f2a")], [("think", "so"), ("text", "B.")]]
    with home() as folder:
        provider = Provider("anthropic", folder)
        history = [user("anthropic", "hi")]
        provider.asked({"tools": weather("anthropic"), "messages": history}, legs)
        kept = [("text", "A."), ("text", "B.")]
        history = [*history, *turn("anthropic", kept), user("anthropic", "more")]
        provider.asked({"tools": weather("anthropic"), "messages": history}, [[("text", "C.")]])
        roles = [message["role"] for message in provider.got[-1]["messages"]]
        said = [block["type"] for message in provider.got[-1]["messages"][1:4] for block in message["content"]]

    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert said == ["text", "tool_use", "tool_result", "text"]


def test_another_answer_to_the_same_question_gets_nothing_put_in() -> None:
    with home() as folder:
        provider = Provider("anthropic", folder)
        history = [user("anthropic", "hi")]
        provider.asked({"tools": weather("anthropic"), "messages": history}, [[ours("c1", "4f2a")], [("text", "B.")]])
        history = [*history, *turn("anthropic", [("text", "Never said.")]), user("anthropic", "more")]
        provider.asked({"tools": weather("anthropic"), "messages": history}, [[("text", "C.")]])

    assert provider.got[-1]["messages"] == history


def test_a_response_that_the_provider_stores_is_continued_by_its_last_leg() -> None:
    wire = "openai_responses"
    legs: list[list[Block]] = [
        [ours("c1", "4f2a")],
        [ours("c2", "4f2a"), ("call", "c3", "get_weather", {"city": "Ulm"})],
    ]
    with home() as folder:
        store = LocalStore.open(folder)
        joined = JOINED[wire]()
        body = json.dumps({"tools": weather(wire), "input": "hi", "store": True}).encode()
        made = prepared(body, WIRE[wire], store, POLICY)
        assert made is not None
        joined.begin(last=False)
        joined.whole({**whole(wire, legs[0], 1), "store": True})
        leg = joined.leg
        said = Said(leg.items, leg.ours, leg.marks, leg.id, leg.stored)
        second = json.loads(followed(made.body, wire, said, answered(folder, wire, said)))
        joined.begin(last=False)
        response = joined.whole({**whole(wire, legs[1], 2), "store": True})
        leg = joined.leg
        said = Said(leg.items, leg.ours, leg.marks, leg.id, leg.stored)
        answers = answered(folder, wire, said)
        joined.turn.marks += marked(wire, said, answers, joined.turn.mark("results"), together=True)
        keep(store, Whole(made.name.hex(), [], ["c3"], joined.turn.record(), responses=("resp_1", "resp_2")))
        theirs = {"type": "function_call_output", "call_id": "c3", "output": "sunny"}
        asks = {"tools": weather(wire), "previous_response_id": "resp_1", "input": [theirs]}
        third = prepared(json.dumps(asks).encode(), WIRE[wire], store, POLICY)
        assert third is not None
        sent = json.loads(third.body)

    assert (second["previous_response_id"], [item["call_id"] for item in second["input"]]) == ("resp_1", ["c1"])
    assert (response["id"], [item["call_id"] for item in response["output"]]) == ("resp_1", ["c3"])
    assert (sent["previous_response_id"], [item["call_id"] for item in sent["input"]]) == ("resp_2", ["c2", "c3"])
