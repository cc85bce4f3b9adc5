"""Bodies of all wires in; the tokens of their system prompt and of each tool definition out."""

from __future__ import annotations

import json

import pytest

from headroom_wrap.tokens import count
from headroom_wrap.wire import anthropic, gemini, openai_chat, openai_responses
from headroom_wrap.wire.fixed import sizes

SCHEMA = {"type": "object", "properties": {"path": {"type": "string", "description": "The file"}}}
SYSTEM = "You are a careful agent. " * 40


def test_anthropic_definitions_are_counted_and_deferred_ones_are_not() -> None:
    tools = [
        {"name": "Read", "input_schema": SCHEMA},
        {"name": "mcp__github__search", "input_schema": SCHEMA, "defer_loading": True},
        {"type": "bash_20250124", "name": "bash"},
    ]
    body = json.dumps({"model": "m", "system": [{"type": "text", "text": SYSTEM}], "tools": tools, "messages": []})
    found = dict(sizes(*anthropic.read(body).fixed))
    assert list(found) == ["", "Read", "bash"]
    assert found["Read"] == count(json.dumps(tools[0]))
    assert count(SYSTEM) < found[""] < 1.1 * count(SYSTEM)


def test_chat_takes_its_system_messages_and_functions() -> None:
    tools = [{"type": "function", "function": {"name": "read_file", "parameters": SCHEMA}}]
    said = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "hello"}]
    found = sizes(*openai_chat.read(json.dumps({"messages": said, "tools": tools})).fixed)
    assert [name for name, _ in found] == ["", "read_file"]
    assert count(SYSTEM) < found[0][1] < 1.1 * count(SYSTEM)


def test_responses_takes_instructions_developer_messages_and_groups() -> None:
    group = {
        "type": "namespace",
        "name": "mcp__git",
        "tools": [{"name": "log", "parameters": SCHEMA}, {"name": "show"}],
    }
    body = {
        "instructions": SYSTEM,
        "input": [{"type": "message", "role": "developer", "content": SYSTEM}],
        "tools": [{"type": "function", "name": "shell", "parameters": SCHEMA}, {"type": "web_search"}, group],
    }
    found = dict(sizes(*openai_responses.read(json.dumps(body)).fixed))
    assert list(found) == ["", "shell", "web_search", "mcp__git.log", "mcp__git.show"]
    assert found[""] > 2 * count(SYSTEM)


def test_gemini_takes_the_system_instruction_and_declarations() -> None:
    tools = [{"functionDeclarations": [{"name": "read_file", "parameters": SCHEMA}]}, {"googleSearch": {}}]
    asked = {"systemInstruction": {"parts": [{"text": SYSTEM}]}, "contents": [], "tools": tools}
    for body in (asked, {"model": "g", "request": asked}):
        assert [name for name, _ in sizes(*gemini.read(json.dumps(body)).fixed)] == ["", "read_file", "googleSearch"]


@pytest.mark.parametrize("tools", ["", "null", "{}", "[1, null]", "[{}]", "[" * 5000])
def test_odd_definitions_are_no_error(tools: str) -> None:
    assert sum(size for name, size in sizes("", tools) if name) == 0


def test_every_call_of_a_conversation_is_named_in_order() -> None:
    use = [{"type": "tool_use", "id": str(n), "name": name, "input": {}} for n, name in enumerate(("Read", "Bash"))]
    body = {"messages": [{"role": "user", "content": "go"}, {"role": "assistant", "content": use}]}
    assert anthropic.read(json.dumps(body)).called == ("Read", "Bash")
