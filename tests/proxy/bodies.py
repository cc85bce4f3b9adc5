"""Request bodies for the proxy tests: an agent that reads the same listing again and again, so that rereads fold."""

from __future__ import annotations

import json
from typing import Any

LISTING = "\n".join(f"src/part_{i}.py:{i * 7}: def step_{i}(value): return value * {i} + offset_{i}" for i in range(60))


def turn(number: int, text: str = LISTING) -> list[dict[str, Any]]:
    call = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": f"rg step src{number}"}}
    result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": text}
    return [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]


def conversation(turns: int, *, extra: str = "", text: str = LISTING) -> bytes:
    """An Anthropic body; from the second turn on there is something to compress. `extra`: raw JSON members."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Tidy up."}]
    for number in range(turns):
        messages += turn(number, text)
    tools = '[{"name": "Bash", "input_schema": {}}]'
    return f'{{"model": "claude-x", {extra} "tools": {tools}, "messages": {json.dumps(messages)}}}'.encode()


def results(body: bytes) -> list[str]:
    """The texts of the tool results in an Anthropic body."""
    blocks = [block for message in json.loads(body, parse_int=str)["messages"] for block in message["content"]]
    return [block["content"] for block in blocks if isinstance(block, dict) and block["type"] == "tool_result"]
