from __future__ import annotations

from typing import Any

import pytest

from headroom_wrap.segment import Usage
from headroom_wrap.wire import openai_responses
from tests.wire.conversations import READ, SHELL, dumps, rows


def session() -> dict[str, Any]:
    said = [{"type": "output_text", "text": "First a look."}]
    return {
        "model": "gpt-x",
        "instructions": "You are.",
        "tools": [{"type": "function", "name": "Bash"}, {"type": "web_search"}],
        "input": [
            {
                "type": "additional_tools",
                "tools": [{"type": "namespace", "name": "functions", "tools": [{"name": "js"}]}],
            },
            {"role": "user", "content": [{"type": "input_text", "text": "tidy up"}]},
            {"type": "message", "role": "assistant", "content": said},
            {"type": "reasoning", "encrypted_content": "c2VjcmV0", "summary": []},
            {"type": "function_call", "call_id": "c1", "name": "Bash", "arguments": '{"command":"ls -l"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "3 files"},
            {"role": "assistant", "content": "Now the file."},
            {"type": "function_call", "call_id": "c2", "name": "Read", "arguments": '{"file_path":"a.py","limit":20}'},
            {"call_id": "c2", "type": "function_call_output", "output": [{"type": "input_text", "text": "x = 1\n"}]},
        ],
    }


def test_results_carry_their_tool_their_call_and_what_the_agent_is_after() -> None:
    request = openai_responses.read(dumps(session()))
    assert rows(request) == [SHELL, READ]
    assert (request.tools, request.model, request.first) == (("Bash", "web_search", "js"), "gpt-x", "tidy up")


def test_a_websocket_frame_is_read_flat_and_nested() -> None:
    for frame in ({"type": "response.create", **session()}, {"type": "response.create", "response": session()}):
        assert rows(openai_responses.read(dumps(frame))) == [SHELL, READ]


def test_the_commands_of_a_script_are_its_call() -> None:
    script = 'const r = await tools.exec_command({cmd: "rg \\"a\\" src", workdir: "/w"});\ntext(r.output);'
    items = [
        {"type": "custom_tool_call", "call_id": "c1", "name": "exec", "input": script},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "hit"}]},
        {"type": "custom_tool_call", "call_id": "c2", "name": "exec", "input": "text(1 + 1)"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "2"},
    ]
    found = openai_responses.read(dumps({"input": items})).segments
    assert [(segment.tool, segment.call) for segment in found] == [("exec", 'rg "a" src'), ("exec", "text(1 + 1)")]


def test_shells_of_both_kinds_are_read() -> None:
    items = [
        {
            "type": "local_shell_call",
            "call_id": "c1",
            "action": {"type": "exec", "command": ["bash", "-lc", "ls | wc"]},
        },
        {"type": "local_shell_call_output", "call_id": "c1", "output": "3"},
        {"type": "shell_call", "call_id": "c2", "action": {"commands": ["ls", "pwd"]}},
        {"type": "shell_call_output", "call_id": "c2", "output": [{"stdout": "out", "stderr": "err", "outcome": {}}]},
    ]
    assert rows(openai_responses.read(dumps({"input": items}))) == [
        ("3", "local_shell", "ls | wc", "", "", False),
        ("out", "shell", "ls\npwd", "", "", False),
        ("err", "shell", "ls\npwd", "", "", False),
    ]


def test_an_input_that_is_one_text_has_no_segments() -> None:
    request = openai_responses.read(dumps({"input": "hello"}))
    assert (request.segments, request.first) == ((), "hello")


def test_cached_tokens_are_taken_out_of_the_prompt() -> None:
    counts = {"input_tokens": 100, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 60}}
    expected = Usage(input=40, output=7, cache_read=60)
    for event in (
        {"type": "response.completed", "response": {"usage": counts}},
        {"object": "response", "usage": counts},
    ):
        assert openai_responses.usage(event, Usage()) == expected
    assert openai_responses.usage({"type": "response.created", "response": {"usage": None}}, expected) == expected


@pytest.mark.parametrize(
    ("members", "clears"),
    [
        ({}, False),
        ({"truncation": "disabled"}, False),
        ({"truncation": "auto"}, True),
        ({"context_management": [{"type": "compaction", "compact_threshold": 200_000}]}, True),
    ],
)
def test_a_request_says_whether_the_provider_may_drop_or_sum_up_old_turns(
    members: dict[str, Any], clears: bool
) -> None:
    assert openai_responses.read(dumps({**session(), **members})).clears is clears
    assert (
        openai_responses.read(dumps({"type": "response.create", "response": {**session(), **members}})).clears is clears
    )
