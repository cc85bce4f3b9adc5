from __future__ import annotations

from typing import Any

import pytest

from headroom_wrap.segment import Usage, Written
from headroom_wrap.wire import Unreadable, anthropic
from headroom_wrap.wire.table import wire_for
from tests.wire.conversations import READ, SHELL, dumps, rows
from tests.wire.conversations import anthropic as session


def result(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t9", "content": content, **more}]}


def test_results_carry_their_tool_their_call_and_what_the_agent_is_after() -> None:
    request = anthropic.read(dumps(session()))
    assert rows(request) == [SHELL, READ]
    assert (request.tools, request.model, request.first) == (("Bash", "web_search"), "claude-x", "tidy up")


def test_what_the_agent_thought_is_known_beside_what_it_said_and_names_no_decision() -> None:
    made = session()
    first = anthropic.read(dumps(made)).segments[0]
    assert (first.said, first.thought, first.intent) == ("First a look.", "hm", "hm\nFirst a look.")
    assert first.goal.removesuffix(first.said) == "tidy up\n"
    del made["messages"][1]["content"][0]
    without = anthropic.read(dumps(made)).segments[0]
    assert (without.thought, without.fingerprint()) == ("", first.fingerprint())


def test_spans_are_where_the_strings_stand() -> None:
    body = dumps(session())
    spans = [segment.span for segment in anthropic.read(body).segments]
    assert [body[span.start : span.end] for span in spans] == ['"3 files"', '"x = 1\\n"']


def test_an_error_result_says_so() -> None:
    body = dumps({"messages": [result("boom", is_error=True)]})
    assert rows(anthropic.read(body)) == [("boom", "", "", "", "", True)]


def test_nothing_but_tool_results_is_a_segment() -> None:
    blocks = [
        {"type": "mcp_tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "from afar"}]},
        {"type": "web_search_tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "hit"}]},
        {"type": "tool_result", "tool_use_id": "t3", "content": [{"type": "tool_reference", "tool_name": "x"}]},
        {"type": "tool_result", "tool_use_id": "t4", "content": [{"type": "text", "text": 5}, {"type": "text"}, 7]},
        {"type": "tool_result", "tool_use_id": "t5", "content": 12},
        {"type": "tool_result", "tool_use_id": "t6"},
    ]
    messages = [
        {"role": "user", "content": blocks},
        {"role": "assistant", "content": [*blocks, *result("x")["content"]]},
        {"role": "system", "content": result("x")["content"]},
        "odd",
        None,
    ]
    assert anthropic.read(dumps({"messages": messages, "system": result("x")})).segments == ()


def test_the_role_may_stand_last() -> None:
    message = {"content": result("found")["content"], "role": "user"}
    assert [segment.text for segment in anthropic.read(dumps({"messages": [message]})).segments] == ["found"]


def test_what_the_agent_wrote_is_noted_with_what_stood_before_it() -> None:
    body = session()
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]
    for place, (name, arguments) in enumerate(
        [
            ("Write", {"file_path": "n.py", "content": "y = 2\n"}),
            ("MultiEdit", {"file_path": "a.py", "edits": edits}),
            ("apply_patch", {"input": "*** Begin Patch\n*** Update File: p.py\n@@\n-o\n+n\n+m\n k\n+l\n*** End Patch"}),
            ("Bash", {"command": "true", "content": "no file"}),
        ]
    ):
        block = {"type": "tool_use", "id": f"w{place}", "name": name, "input": arguments}
        body["messages"].append({"role": "assistant", "content": [block]})
    assert anthropic.read(dumps(body)).written == (
        Written("y = 2\n", "n.py", 2),
        Written("b", "a.py", 2),
        Written("d", "a.py", 2),
        Written("n\nm", "p.py", 2),
        Written("l", "p.py", 2),
    )


@pytest.mark.parametrize("body", ["[]", '"text"', "not json", '{"messages":['])
def test_a_body_of_another_kind_is_refused(body: str) -> None:
    with pytest.raises(Unreadable):
        anthropic.read(body)


@pytest.mark.parametrize("body", ["{}", '{"messages":{}}', '{"messages":[[]],"tools":{},"model":1}'])
def test_a_body_of_odd_shape_has_no_segments(body: str) -> None:
    assert anthropic.read(body).segments == ()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/messages", "anthropic"),
        ("/any/prefix/v1/messages?beta=true", "anthropic"),
        ("/v1/messages/count_tokens", None),
        ("/v1/messages/batches", None),
        ("/v1/chat/completions", "openai_chat"),
        ("/responses", "openai_responses"),
        ("/backend-api/codex/responses", "openai_responses"),
        ("/v1/responses/compact", None),
        ("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", "gemini"),
        ("/v1internal:generateContent", "gemini"),
        ("/v1beta/models/gemini-x:countTokens", None),
        ("/v1/embeddings", None),
    ],
)
def test_a_path_names_its_wire(path: str, name: str | None) -> None:
    wire = wire_for(path)
    assert (wire.name if wire else None) == name


def test_a_later_count_replaces_an_earlier_one() -> None:
    start = {
        "input_tokens": 5,
        "output_tokens": 1,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    }
    usage = anthropic.usage({"type": "message_start", "message": {"usage": start}}, Usage())
    assert usage == Usage(5, 1, 100, 10, 20)
    delta = {"output_tokens": 50, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 100}
    usage = anthropic.usage({"type": "message_delta", "usage": delta}, usage)
    assert usage == Usage(5, 50, 100, 10, 20)
    assert anthropic.usage({"type": "message_stop"}, usage) == usage


def test_a_whole_message_has_its_counts_and_odd_ones_are_unsaid() -> None:
    counts = {
        "input_tokens": 5,
        "output_tokens": True,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": -1,
    }
    assert anthropic.usage({"type": "message", "usage": counts}, Usage()) == Usage(input=5, cache_write=30)
    assert anthropic.usage({"usage": [1]}, Usage()) == Usage()
