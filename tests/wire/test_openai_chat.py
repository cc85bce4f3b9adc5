from __future__ import annotations

import json
from typing import Any

from headroom_wrap.segment import Usage
from headroom_wrap.wire import openai_chat
from tests.wire.conversations import READ, SHELL, dumps, rows


def call(key: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}


def session() -> dict[str, Any]:
    return {
        "model": "gpt-x",
        "tools": [{"type": "function", "function": {"name": "Bash"}}, {"type": "custom", "custom": {"name": "js"}}],
        "messages": [
            {"role": "system", "content": "You are."},
            {"role": "user", "content": "tidy up"},
            {
                "role": "assistant",
                "content": "First a look.",
                "tool_calls": [call("c1", "Bash", '{"command":"ls -l"}')],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "3 files"},
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "Now the file."}],
                "tool_calls": [call("c2", "Read", '{"file_path":"a.py","limit":20}')],
            },
            {"content": [{"type": "text", "text": "x = 1\n"}], "role": "tool", "tool_call_id": "c2", "name": "Read"},
        ],
    }


def test_results_carry_their_tool_their_call_and_what_the_agent_is_after() -> None:
    request = openai_chat.read(dumps(session()))
    assert rows(request) == [SHELL, READ]
    assert (request.tools, request.model, request.first) == (("Bash", "js"), "gpt-x", "tidy up")


def test_a_function_of_old_is_found_by_its_name() -> None:
    messages = [
        {"role": "assistant", "content": None, "function_call": {"name": "sh", "arguments": '{"cmd":["ls","-l"]}'}},
        {"role": "function", "name": "sh", "content": "3 files"},
        {"role": "tool", "tool_call_id": "lost", "name": "other", "content": "stray"},
    ]
    request = openai_chat.read(dumps({"messages": messages, "functions": [{"name": "sh"}]}))
    assert rows(request) == [("3 files", "sh", "ls -l", "", "", False), ("stray", "other", "", "", "", False)]
    assert request.tools == ("sh",)


def test_of_a_shell_run_with_a_script_the_script_is_the_call() -> None:
    arguments = json.dumps({"command": ["bash", "-lc", "rg -n TODO | head"]})
    messages = [
        {"role": "assistant", "tool_calls": [call("c", "shell", arguments), call("d", "shell", "{not json")]},
        {"role": "tool", "tool_call_id": "c", "content": "a"},
        {"role": "tool", "tool_call_id": "d", "content": "b"},
    ]
    found = openai_chat.read(dumps({"messages": messages})).segments
    assert [segment.call for segment in found] == ["rg -n TODO | head", "{not json"]


def test_cached_tokens_are_taken_out_of_the_prompt() -> None:
    counts = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 60}}
    assert openai_chat.usage({"usage": counts}, Usage()) == Usage(input=40, output=7, cache_read=60)
    assert openai_chat.usage({"usage": None}, Usage(input=1)) == Usage(input=1)
    deepseek = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_cache_hit_tokens": 64}
    assert openai_chat.usage({"usage": deepseek}, Usage()) == Usage(input=36, output=7, cache_read=64)
