from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.segment import Span
from headroom_wrap.wire import Unreadable, anthropic
from headroom_wrap.wire.located import Located, Shape, locate, splice

TEXT = st.text(st.characters(codec=None), max_size=20)
NUMBERS = st.sampled_from(["0", "-0.0", "1e5", "1E-400", "123456789012345678901234567890", "NaN", "-Infinity"])
DEEP = Shape(items=Shape(items=Shape(), rest=Shape()), rest=Shape(items=Shape(rest=Shape()), rest=Shape()))


def spaced(space: str, *parts: str) -> str:
    return space.join(("", *parts, ""))


@st.composite
def written(draw: st.DrawFn, depth: int = 4) -> str:
    """-> JSON as some agent may write it: any spacing, any number, letters escaped or not."""
    space = draw(st.sampled_from(["", " ", "\n\t", "\r\n "]))
    kind = draw(st.sampled_from(["string", "number", "word", "list", "object"] if depth else ["string", "number"]))
    if kind == "string":
        text = draw(TEXT)
        return spaced(space, json.dumps(text, ensure_ascii=draw(st.booleans())))
    if kind in {"number", "word"}:
        return spaced(space, draw(NUMBERS if kind == "number" else st.sampled_from(["true", "false", "null"])))
    values = draw(st.lists(written(depth=depth - 1), max_size=4))
    if kind == "list":
        return spaced(space, "[" + ",".join(values) + space + "]")
    keys = draw(st.lists(TEXT, min_size=len(values), max_size=len(values), unique=True))
    members = (spaced(space, json.dumps(key)) + ":" + value for key, value in zip(keys, values, strict=True))
    return spaced(space, "{" + ",".join(members) + space + "}")


def strings(body: str, found: Located) -> list[Located]:
    if found.text() and found.is_string(body):
        return [found]
    inner = [*found.items(), *(member for _, member in found.members())]
    return [string for value in inner for string in strings(body, value)]


def plain(text: str) -> object:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


@pytest.mark.slow
@given(written(), st.sampled_from([DEEP, Shape()]))
@settings(max_examples=300)
def test_what_is_located_is_what_json_says_and_spans_hold_their_strings(body: str, shape: Shape) -> None:
    found = locate(body, shape)
    assert found.plain() == plain(body)
    for string in strings(body, found):
        assert json.loads(body[string.start : string.end]) == string.value


@pytest.mark.slow
@given(written(), TEXT)
@settings(max_examples=300)
def test_a_splice_leaves_every_character_outside_its_spans(body: str, text: str) -> None:
    found = strings(body, locate(body, DEEP))
    edited = splice(body, [(string.span(), text) for string in found])
    at, done = 0, 0
    for string in found:
        outside = body[done : string.start]
        assert edited[at : at + len(outside)] == outside
        value, at = json.JSONDecoder().raw_decode(edited, at + len(outside))
        assert value == text
        done = string.end
    assert edited[at:] == body[done:]


@given(written())
def test_no_edits_give_the_very_same_object(body: str) -> None:
    assert splice(body, []) is body


@given(written(), st.integers(0, 400))
def test_a_body_that_is_cut_off_is_located_as_json_would_or_refused(body: str, keep: int) -> None:
    cut = body[:keep]
    try:
        expected = plain(cut)
    except ValueError:
        with pytest.raises(Unreadable):
            locate(cut, DEEP)
    else:
        assert locate(cut, DEEP).plain() == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "{",
        '{"a"',
        '{"a":}',
        '{"a":1,}',
        "[1,]",
        '{"a":1} x',
        "[01]",
        '"\\u12"',
        "-",
        "\ufeff{}",
        '{"a":"line\nbreak"}',
        "[" * 100_000 + "]" * 100_000,
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
    ],
)
def test_what_is_no_json_or_has_a_key_twice_is_refused(body: str) -> None:
    with pytest.raises(Unreadable):
        locate(body, DEEP)


def test_a_key_twice_on_the_way_to_a_result_is_refused() -> None:
    for body in (
        '{"messages":[],"messages":[]}',
        '{"messages":[{"role":"user","role":"user","content":[]}]}',
        '{"messages":[{"role":"user","content":[{"type":"tool_result","content":"a","content":"b"}]}]}',
    ):
        with pytest.raises(Unreadable, match="twice"):
            anthropic.read(body)


def test_200_levels_and_numbers_of_5000_digits_are_read() -> None:
    body = '{"messages":[],"n":' + "9" * 5000 + ',"deep":' + "[" * 200 + "]" * 200 + "}"
    assert anthropic.read(body).segments == ()


@pytest.mark.parametrize(
    ("original", "text", "expected"),
    [
        ('"a"', "é·\ud800\n", '"é·\\ud800\\n"'),
        ('"\\u00e9"', "é·", '"\\u00e9\\u00b7"'),
        ('"\\u001b"', "é·", '"é·"'),
        ('"é\\u00e9"', "é", '"é"'),
    ],
)
def test_a_new_text_is_escaped_the_way_the_agent_escapes(original: str, text: str, expected: str) -> None:
    assert splice(original, [(Span(0, len(original)), text)]) == expected


@pytest.mark.parametrize("spans", [[Span(0, 3), Span(0, 3)], [Span(1, 3)], [Span(0, 1)]])
def test_spans_that_overlap_or_hold_no_string_are_refused(spans: list[Span]) -> None:
    with pytest.raises(ValueError, match="no string literal"):
        splice('"a"', [(span, "x") for span in spans])
