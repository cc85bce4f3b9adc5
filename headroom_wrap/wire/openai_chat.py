"""OpenAI Chat Completions (`/chat/completions`): a body in, its `tool` messages' texts out; chunks in, usage out.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from headroom_wrap.segment import Request, Usage
from headroom_wrap.wire.anthropic import strings
from headroom_wrap.wire.calls import names_of, texts_of
from headroom_wrap.wire.counts import count, member, of_prompt
from headroom_wrap.wire.located import NOTHING, TEXTS, Located, Shape
from headroom_wrap.wire.reading import Reading, fold

name: str = "openai_chat"

_MESSAGE = Shape(keys={"content": TEXTS}, whole=re.compile(r'\{\s*"role"\s*:\s*"(?!tool"|function")'))


SYSTEM = ("system", "developer")


def _shape(resume_at: int) -> Shape:
    return Shape(keys={"messages": Shape(items=_MESSAGE, resume_at=resume_at)})


def matches(path: str) -> bool:
    """-> whether the path is Chat Completions, behind any prefix."""
    return path.partition("?")[0].endswith("/chat/completions")


def read(body: str) -> Request:
    """-> the string and text-part contents of messages of the role `tool`, or of old `function`. Raises Unreadable."""
    top, reading = fold(body, _shape, lambda top: top.at("messages"), Reading(body), _message)
    offered = [top.at(key).value for key in ("tools", "functions")]
    tools = [tool for tools in offered if isinstance(tools, list) for tool in tools]
    return reading.request(names_of(tools), top.at("model").text(), (NOTHING, top.at("tools")))


def _message(reading: Reading, message: Located) -> None:
    role = message.at("role").text()
    if role in {"tool", "function"}:
        tool = message.at("name").text()
        key = message.at("tool_call_id").text() if role == "tool" else _old(tool)
        reading.result(key, strings(message.at("content")), tool)
        return
    plain = message.plain()
    if not isinstance(plain, dict):
        return
    if plain.get("role") in SYSTEM:
        reading.told(message)
    if plain.get("role") == "user":
        reading.heard(texts_of(plain.get("content")))
    elif plain.get("role") == "assistant":
        reading.turn()
        for text in texts_of(plain.get("content")):
            reading.answer(text)
        for key, tool, arguments in _calls(plain):
            reading.called(key, tool, arguments)


def _calls(message: dict[str, Any]) -> Iterator[tuple[str, str, object]]:
    old = member(message, "function_call")
    if old:
        yield _old(str(old.get("name"))), str(old.get("name")), old.get("arguments")
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        asked = (member(call, "function") or member(call, "custom")) if isinstance(call, dict) else {}
        if asked:
            yield str(call.get("id")), str(asked.get("name", "")), asked.get("arguments", asked.get("input"))


def _old(tool: str) -> str:
    """-> the key of a call before calls had ids: its function's name."""
    return f"function {tool}"


def usage(event: dict[str, Any], so_far: Usage) -> Usage:
    """-> the counts of the last chunk, or of a whole completion. DeepSeek names its cached tokens differently."""
    counts = member(event, "usage")
    prompt = count(counts, "prompt_tokens")
    if prompt is None:
        return so_far
    details = member(counts, "prompt_tokens_details")
    read = count(details, "cached_tokens")
    read = count(counts, "prompt_cache_hit_tokens", "cached_tokens") if read is None else read
    return of_prompt(prompt, count(counts, "completion_tokens"), read, count(details, "cache_write_tokens"))
