from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.proxy.delta import Delta, top_level
from headroom_wrap.wire import Unreadable

HISTORY = b'{"type":"function_call","call_id":"c1"},{"type":"message","x":"\xc3\xbc"}'


def message(items: str, before: str = '"r1"') -> bytes:
    return (
        f'{{ "type":"response.create", "model":"g", "previous_response_id":{before}, '
        f'"input":[{items}], "n": 123456789012345678901234567890.10 }}'
    ).encode()


@pytest.mark.parametrize("items", ['{"type":"function_call_output","output":"öl"}', "", ' {"a":1} , {"b":[2]} '])
def test_the_history_goes_in_front_of_the_new_items_and_comes_out_again(items: str) -> None:
    sent = message(items)
    delta = Delta.read(sent, HISTORY + b",more", {"r1": len(HISTORY)})
    whole = delta.whole()
    inputs = json.loads(whole)["input"]
    old = json.loads(b"[" + HISTORY + b"]")
    assert inputs[: len(old)] == old
    assert inputs[len(old) + 1 :] == json.loads(f"[{items}]")
    assert delta.cut(whole) == sent
    assert delta.cut(whole.replace(b"\xc3\xb6l", b"oil").replace(b'"c1"', b'"c99"')) == sent.replace(
        b"\xc3\xb6l", b"oil"
    )
    assert (delta.kept, delta.model, delta.items) == (len(HISTORY), "g", items.strip().encode())


def test_the_first_message_of_a_connection_is_the_whole_body() -> None:
    sent = message('{"a":1}', before="null")
    delta = Delta.read(sent, b"", {})
    assert (delta.whole(), delta.cut(sent), delta.kept) == (sent, sent, 0)


def test_a_message_without_a_predecessor_forgets_the_history() -> None:
    delta = Delta.read(message("1", before="null"), HISTORY, {"r1": len(HISTORY)})
    assert (delta.history, delta.kept) == ("", 0)


def test_a_message_after_an_unknown_response_is_left_alone() -> None:
    assert Delta.read(message("1"), HISTORY, {}).problem == "unknown previous_response_id"


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"[]", b"{", b'{"input":[1]', b'{"input":"text"}', b'{"a":1}', b'{"input":[],"input":[]}', b"\xff",
        b'{"a" 1}', b'{"input":' + b"[" * 100_000, b'{"input":[1,]}',
    ],
)  # fmt: skip
def test_what_is_no_such_message_is_unreadable(sent: bytes) -> None:
    with pytest.raises(Unreadable):
        Delta.read(sent, b"", {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=5), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_value_of_an_object_is_found_where_it_stands(
    value: dict[str, object], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    places = top_level(text)
    assert list(places) == list(value)
    found = {key: json.loads(text[start:end]) for key, (start, end) in places.items()}
    assert json.dumps(found) == json.dumps(value)
