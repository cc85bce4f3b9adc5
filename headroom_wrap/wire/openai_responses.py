"""OpenAI Responses, over HTTP and WebSocket: a body in, its tool outputs' texts out; events in, usage out.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from headroom_wrap.segment import Request, Usage
from headroom_wrap.wire.anthropic import strings
from headroom_wrap.wire.calls import joined, names_of, texts_of
from headroom_wrap.wire.counts import count, member, of_prompt
from headroom_wrap.wire.located import NOTHING, TEXTS, Located, Shape
from headroom_wrap.wire.openai_chat import SYSTEM
from headroom_wrap.wire.reading import Reading, fold

name: str = "openai_responses"

_ITEM = Shape(keys={"output": TEXTS}, whole=re.compile(r'\{\s*"(?:role"|type"\s*:\s*"(?!\w+_output"))'))


def _shape(resume_at: int) -> Shape:
    keys = {"input": Shape(items=_ITEM, resume_at=resume_at)}
    return Shape(keys={**keys, "response": Shape(keys=keys)})


_OUTPUTS = {"function_call_output", "custom_tool_call_output", "local_shell_call_output", "shell_call_output"}


def matches(path: str) -> bool:
    """-> whether the path is Responses, behind any prefix; not its compact."""
    return path.partition("?")[0].endswith("/responses")


def read(body: str) -> Request:
    """-> the texts of function, custom tool and shell outputs, in a body or a `response.create`. Raises Unreadable."""
    top, reading = fold(body, _shape, lambda top: _asked(top).at("input"), Reading(body), _turn)
    asked = _asked(top)
    if asked.at("input").text():
        reading.heard([asked.at("input").text()])
    tools = asked.at("tools").value
    offered = [*(tools if isinstance(tools, list) else []), *reading.offered]
    fixed = (asked.at("instructions"), asked.at("tools"))
    request = reading.request(names_of(offered), asked.at("model").text(), fixed)
    compacts = "compaction" in str(asked.at("context_management").value)
    return replace(request, clears=compacts or asked.at("truncation").text() == "auto")


def _asked(top: Located) -> Located:
    inner = top.at("response")
    return inner if inner.walked() else top


def _turn(reading: Reading, item: Located) -> None:
    if item.at("type").text() in _OUTPUTS:
        reading.result(item.at("call_id").text() or item.at("id").text(), _strings(item.at("output")))
    elif isinstance(plain := item.plain(), dict):
        _item(plain, reading)
        if plain.get("role") in SYSTEM:
            reading.told(item)
        more = plain.get("tools") if plain.get("type") == "additional_tools" else None
        reading.offered += more if isinstance(more, list) else []


def _item(item: dict[str, Any], reading: Reading) -> None:
    kind, key = str(item.get("type", "message")), str(item.get("call_id") or item.get("id"))
    if kind == "message" and item.get("role") == "user":
        reading.heard(texts_of(item.get("content")))
    elif kind == "message" and item.get("role") == "assistant":
        for text in texts_of(item.get("content")):
            reading.answer(text)
    elif kind in {"function_call", "custom_tool_call"}:
        reading.called(key, str(item.get("name")), item.get("arguments" if kind == "function_call" else "input"))
    elif kind in {"local_shell_call", "shell_call"}:
        reading.called(key, kind.removesuffix("_call"), _command(member(item, "action")))


def _strings(output: Located) -> list[Located]:
    streams = [block.at(stream) for block in output.items() for stream in ("stdout", "stderr")]
    return strings(output) + [stream for stream in streams if stream is not NOTHING]


def _command(action: Mapping[str, Any]) -> object:
    """-> the arguments of a shell call: one command as a list of words, or several commands."""
    commands, words = action.get("commands"), action.get("command")
    if isinstance(commands, list):
        return {"command": "\n".join(str(command) for command in commands)}
    return {"command": joined(words) if isinstance(words, list) else words}


def usage(event: dict[str, Any], so_far: Usage) -> Usage:
    """-> the counts of `response.completed`, `.incomplete` or `.failed`, or of a whole response."""
    counts = member(event, "usage") or member(member(event, "response"), "usage")
    prompt = count(counts, "input_tokens")
    if prompt is None:
        return so_far
    details = member(counts, "input_tokens_details")
    return of_prompt(
        prompt,
        count(counts, "output_tokens"),
        count(details, "cached_tokens"),
        count(details, "cache_write_tokens"),
    )
