"""What a provider can tell from a request: its JSON in; its tools, the results so far and the prompt's items out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from headroom_wrap.demo.script import Tool

JSON = dict[str, Any]

CHARS_PER_TOKEN = 4
"""The scripted provider has no tokenizer; English and code come to about four characters a token."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the scripted model sees it. `items` is the prompt in order, for the prompt cache; no cache marks.

    `begins`: the turns before the model's first answer, a summary of earlier ones included: they tell a subagent's
    conversation from its parent's. `compacts`: the provider is to put a summary in the place of what came before.
    """

    tools: tuple[Tool, ...]
    results: int
    items: tuple[str, ...]
    model: str = "scripted"
    stream: bool = True
    thinking: bool = False
    begins: str = ""
    compacts: bool = False

    @property
    def tokens(self) -> int:
        """-> the prompt's tokens, at four characters each."""
        return tokens_of(self.items)


def tokens_of(items: Sequence[str]) -> int:
    """-> the tokens of prompt items, at four characters each."""
    return sum(map(len, items)) // CHARS_PER_TOKEN


def anthropic(body: JSON) -> Asked:
    """-> what a Messages request asks."""
    messages = body.get("messages", [])
    blocks = [block for message in messages for block in _blocks(message.get("content"))]
    return Asked(
        tools=tuple(Tool(tool["name"], _parameters(tool.get("input_schema"))) for tool in body.get("tools") or ()),
        results=sum(block.get("type") == "tool_result" for block in blocks),
        items=_items(body.get("tools"), body.get("system"), *messages),
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        thinking=(body.get("thinking") or {}).get("type", "disabled") != "disabled",
        begins=_begins(messages),
    )


def chat(body: JSON) -> Asked:
    """-> what a Chat Completions request asks."""
    messages = body.get("messages", [])
    functions = [tool["function"] for tool in body.get("tools") or () if tool.get("type") == "function"]
    return Asked(
        tools=tuple(Tool(each["name"], _parameters(each.get("parameters"))) for each in functions),
        results=sum(message.get("role") == "tool" for message in messages),
        items=_items(body.get("tools"), *messages),
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        begins=_begins(messages),
    )


def responses(body: JSON) -> Asked:
    """-> what a Responses request asks; tools may stand in an input item `additional_tools`, in namespaces."""
    given = body.get("input") or []
    entries: list[JSON] = [{"role": "user", "content": given}] if isinstance(given, str) else given
    added = [tool for entry in entries if entry.get("type") == "additional_tools" for tool in entry.get("tools", ())]
    return Asked(
        tools=tuple(_responses_tools([*(body.get("tools") or ()), *added])),
        results=sum(str(entry.get("type", "")).endswith("_output") for entry in entries),
        items=_items(body.get("tools"), body.get("instructions"), *entries),
        model=body.get("model", ""),
        stream=bool(body.get("stream")),
        begins=_begins(entries),
        compacts=any(entry.get("type") == "compaction_trigger" for entry in entries),
    )


def gemini(body: JSON) -> Asked:
    """-> what a generateContent request asks, with or without the Code Assist envelope."""
    request: JSON = body.get("request", body)
    contents = request.get("contents", [])
    parts = [part for content in contents for part in content.get("parts", ())]
    functions = [each for tool in request.get("tools") or () for each in tool.get("functionDeclarations", ())]
    return Asked(
        tools=tuple(
            Tool(each["name"], _parameters(each.get("parametersJsonSchema") or each.get("parameters")))
            for each in functions
        ),
        results=sum("functionResponse" in part for part in parts),
        items=_items(request.get("tools"), request.get("systemInstruction"), *contents),
        model=body.get("model", "gemini"),
        begins=_begins(contents),
    )


def _begins(turns: Iterable[JSON]) -> str:
    ask = ("user", "system", "developer", "compaction")
    asks = takewhile(lambda turn: turn.get("role", turn.get("type")) in ask, turns)
    return json.dumps(list(asks), ensure_ascii=False)


def _responses_tools(tools: Iterable[JSON]) -> Iterable[Tool]:
    for tool in tools:
        if tool.get("type") == "namespace":
            yield from _responses_tools(tool.get("tools", ()))
        elif "name" in tool:
            yield Tool(tool["name"], _parameters(tool.get("parameters")), tool.get("type") == "custom")


def _parameters(schema: JSON | None) -> tuple[str, ...]:
    return tuple((schema or {}).get("properties", {}))


def _blocks(content: Any) -> list[JSON]:
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _items(*parts: Any) -> tuple[str, ...]:
    """-> the prompt's parts as text, without the cache marks, which move from turn to turn."""
    return tuple(json.dumps(_unmarked(part)) for part in parts if part)


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unmarked(each) for key, each in value.items() if key != "cache_control"}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value
