"""Streams of several legs, split at every byte: the client gets one valid response with the exact continuation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.inject import MOST, summed
from headroom_wrap.inject.events import JOINED, Splice
from headroom_wrap.marker import RETRIEVE
from tests.inject.provider import WIRES, Block, calls, events, heard, in_order, ours, stream, usage, whole

WORDS = st.text('abcé \n😀"\\{}', min_size=1, max_size=12).filter(str.strip)
TEXT = st.tuples(st.just("text"), WORDS)
THINK = st.tuples(st.just("think"), WORDS)
SPOKEN = st.lists(st.one_of(TEXT, THINK), max_size=3)
OURS = st.builds(lambda: ours("", "4f2a9c0d1e2", lines="1-9"))
THEIRS = st.builds(lambda city: ("call", "", "get_weather", {"city": city}), WORDS)


@st.composite
def conversations(draw: st.DrawFn, wire: str) -> list[list[Block]]:
    """-> legs: each but the last ends with our calls alone; the last may mix them with the client's."""
    legs = [[*draw(SPOKEN), *draw(st.lists(OURS, min_size=1, max_size=2))] for _ in range(draw(st.integers(0, 3)))]
    last = [*draw(SPOKEN), *draw(st.permutations(draw(st.lists(st.one_of(THEIRS, OURS), max_size=3))))]
    if calls(last) and all(call[2] == RETRIEVE for call in calls(last)):
        last.append(draw(THEIRS))
    legs.append(last if calls(last) else [*last, ("text", "end")])
    count = iter(range(1000))
    named = [
        [(*block[:1], f"c{next(count)}", *block[2:]) if block[0] == "call" else block for block in leg] for leg in legs
    ]
    return [in_order(wire, leg) for leg in named]


def spliced(wire: str, legs: Sequence[Sequence[Block]], sizes: Sequence[int] = ()) -> tuple[bytes, Splice, Any]:
    joined = JOINED[wire]()
    splice, got = Splice(joined), b""
    for number, blocks in enumerate(legs, 1):
        splice.begin(last=number > MOST + 1)
        for chunk in cut(stream(wire, blocks, number), sizes):
            got += b"".join(splice.feed(chunk))
        got += b"".join(splice.end())
        assert joined.leg.again is (number < len(legs))
    return got, splice, joined


def cut(raw: bytes, sizes: Sequence[int]) -> list[bytes]:
    places = sorted({size % (len(raw) + 1) for size in sizes})
    return [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]


def expected(wire: str, legs: Sequence[Sequence[Block]]) -> dict[str, Any]:
    """-> the response of a model that had said all this without our tool."""
    visible = [block for blocks in legs for block in blocks if block[0] != "call" or block[2] != RETRIEVE]
    counts: dict[str, Any] = {}
    for number in range(1, len(legs) + 1):
        counts = summed(counts, usage(wire, number))
    made = whole(wire, visible, 1)
    made["usageMetadata" if wire == "gemini" else "usage"] = counts
    return made


@pytest.mark.parametrize("wire", WIRES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_client_gets_one_valid_response_with_the_exact_continuation(wire: str, data: st.DataObject) -> None:
    legs = data.draw(conversations(wire))
    sizes = data.draw(st.lists(st.integers(0, 10**6), max_size=12))
    got, _, joined = spliced(wire, legs, sizes)

    assert comparable(wire, heard(wire, got)) == comparable(wire, expected(wire, legs))
    assert RETRIEVE.encode() not in got
    assert [call.id for call in joined.leg.ours] == [call[1] for call in calls(legs[-1]) if call[2] == RETRIEVE]


def comparable(wire: str, response: dict[str, Any]) -> dict[str, Any]:
    """-> a response without what tells a stream from a whole response, and texts in one piece."""
    made = json.loads(json.dumps(response))
    if wire == "gemini":
        parts = made["candidates"][0]["content"]["parts"]
        made["candidates"][0]["content"]["parts"] = [part for part in parts if part != {"text": ""}]
    return made


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_split_at_any_byte_gives_the_same_bytes(wire: str) -> None:
    blocks = [("text", "Found 😀"), ours("c1", "4f2a"), ("call", "c2", "get_weather", {"city": "Ulm"})]
    raw = stream(wire, blocks, 1)
    once = fed(wire, [raw])

    assert heard(wire, once) == heard(wire, spliced(wire, [blocks])[0])
    assert fed(wire, [raw[place : place + 1] for place in range(len(raw))]) == once
    for place in range(1, len(raw)):
        assert fed(wire, [raw[:place], raw[place:]]) == once


def fed(wire: str, chunks: Sequence[bytes]) -> bytes:
    splice = Splice(JOINED[wire]())
    splice.begin()
    return b"".join([piece for chunk in chunks for piece in splice.feed(chunk)] + list(splice.end()))


@pytest.mark.parametrize("wire", WIRES)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_without_a_call_of_ours_no_byte_is_changed(wire: str, data: st.DataObject) -> None:
    blocks = in_order(wire, [*data.draw(SPOKEN), ("text", "end"), ("call", "c1", "get_weather", {"city": "Ulm"})])
    got, _, joined = spliced(wire, [blocks], data.draw(st.lists(st.integers(0, 10**6), max_size=5)))

    assert got == stream(wire, blocks, 1)
    assert not joined.leg.ours


@pytest.mark.parametrize("wire", WIRES)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_whole_responses_come_to_the_same_as_streams(wire: str, data: st.DataObject) -> None:
    legs = data.draw(conversations(wire))
    joined = JOINED[wire]()
    for number, blocks in enumerate(legs, 1):
        joined.begin(last=False)
        came = whole(wire, blocks, number)
        made = joined.whole(came)
        assert joined.leg.again is (number < len(legs))

    assert comparable(wire, made) == comparable(wire, expected(wire, legs))
    touched = any(call[2] == RETRIEVE for blocks in legs for call in calls(blocks))
    assert (made is came) is not touched


@pytest.mark.parametrize("wire", WIRES)
def test_everything_before_a_call_passes_with_the_chunk_it_came_in(wire: str) -> None:
    raw = stream(wire, in_order(wire, [("text", "I look."), ours("c1", "4f2a9c0d1e2")]), 1)
    first = raw.index(b"ook.")
    end = raw.index(b"\n\n", first) + 2
    splice = Splice(JOINED[wire]())
    splice.begin()

    assert splice.feed(raw[:end]) == (raw[:end], b"")


@pytest.mark.parametrize("wire", WIRES)
def test_a_model_that_will_not_stop_calling_gets_no_further_leg(wire: str) -> None:
    joined = JOINED[wire]()
    splice = Splice(joined)
    splice.begin(last=True)
    blocks = in_order(wire, [("text", "I look."), ours("c1", "4f2a9c0d1e2")])
    got = b"".join(splice.feed(stream(wire, blocks, 1)))

    assert not joined.leg.again
    assert comparable(wire, heard(wire, got)) == comparable(wire, whole(wire, blocks[:1], 1))


def test_a_call_of_ours_that_a_token_limit_cut_off_is_dropped() -> None:
    raw = stream("anthropic", [("text", "I look."), ours("c1", "4f2a9c0d1e2")], 1)
    raw = raw.replace(b'4f2a9c0d1e2\\"}', b"4f2a").replace(
        b'"tool_use", "stop_sequence"', b'"max_tokens", "stop_sequence"'
    )
    splice = Splice(joined := JOINED["anthropic"]())
    splice.begin()
    got = heard("anthropic", b"".join(splice.feed(raw)))

    assert not joined.leg.again
    assert (got["stop_reason"], got["content"]) == ("max_tokens", [{"type": "text", "text": "I look."}])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """-> where anything stands in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inner for found in places(each, (*path, key)))]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, [None], {"a": 1}])
def test_no_event_however_odd_ends_a_stream(wire: str, junk: Any) -> None:
    blocks = in_order(wire, [("text", "I look."), ours("c1", "4f2a"), ("call", "c2", "get_weather", {"city": "Ulm"})])
    came, once = events(stream(wire, blocks, 1)), [whole(wire, blocks, 1)]
    for given_, index, path in [(came, i, p) for i, event in enumerate(came) for p in places(event) if p] + [
        (once, 0, p) for p in places(once[0]) if p
    ]:
        odd = json.loads(json.dumps(given_))
        at = odd[index]
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = junk
        joined = JOINED[wire]()
        joined.begin(last=False)
        for event in odd:
            assert isinstance(joined.event(event) if given_ is came else joined.whole(event), (dict, type(None)))
