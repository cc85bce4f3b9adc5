"""OpenAI Responses, over HTTP and WebSocket: a body in, its tool outputs' texts out; events in, usage out.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from typing import Any

from headroom_wrap.segment import Request, Usage
from headroom_wrap.wire import Unreadable
from headroom_wrap.wire.anthropic import texts_of
from headroom_wrap.wire.calls import joined, names_of
from headroom_wrap.wire.counts import count, member, of_prompt
from headroom_wrap.wire.located import NOTHING, Located, Shape, locate
from headroom_wrap.wire.reading import Reading

name: str = "openai_responses"

_LEAVES = Shape(items=Shape(rest=Shape()))
_BODY = {"input": Shape(items=Shape(keys={"output": _LEAVES, "content": _LEAVES}))}
_SHAPE = Shape(keys={**_BODY, "response": Shape(keys=_BODY)})

_OUTPUTS = {"function_call_output", "custom_tool_call_output", "local_shell_call_output", "shell_call_output"}


def matches(path: str) -> bool:
    """-> whether the path is Responses, behind any prefix; not its compact."""
    return path.partition("?")[0].endswith("/responses")


def read(body: str) -> Request:
    """-> the texts of function, custom tool and shell outputs, in a body or a `response.create`. Raises Unreadable."""
    return _read(body, Reading(body))


def _read(body: str, reading: Reading) -> Request:
    top = locate(body, _SHAPE)
    if not top.walked():
        raise Unreadable("not a JSON object")
    inner = top.at("response")
    asked = inner if inner.walked() else top
    if asked.at("input").text():
        reading.heard([asked.at("input").text()])
    tools = asked.at("tools").value
    offered = list(tools) if isinstance(tools, list) else []
    for item in asked.at("input").items():
        _item(item, reading)
        if item.at("type").text() == "additional_tools" and isinstance(item.at("tools").value, list):
            offered += item.at("tools").value
    return reading.request(names_of(offered), asked.at("model").text())


def _item(item: Located, reading: Reading) -> None:
    kind, key = item.at("type").text(), (item.at("call_id").text() or item.at("id").text())
    if kind in _OUTPUTS:
        reading.result(key, _texts(item.at("output")))
    elif kind in {"function_call", "custom_tool_call"}:
        arguments = item.at("arguments") if kind == "function_call" else item.at("input")
        reading.called(key, item.at("name").text(), arguments.value)
    elif kind in {"local_shell_call", "shell_call"}:
        reading.called(key, kind.removesuffix("_call"), _command(item.at("action").value))
    elif kind in {"", "message"}:
        _message(item, reading)


def _texts(output: Located) -> list[Located]:
    streams = [block.at(stream) for block in output.items() for stream in ("stdout", "stderr")]
    return texts_of(output) + [stream for stream in streams if stream is not NOTHING]


def _command(action: object) -> object:
    """-> the arguments of a shell call: one command as a list of words, or several commands."""
    if not isinstance(action, dict):
        return None
    commands = action.get("commands")
    if isinstance(commands, list):
        return {"command": "\n".join(str(command) for command in commands)}
    words = action.get("command")
    return {"command": joined(words) if isinstance(words, list) else words}


def _message(item: Located, reading: Reading) -> None:
    role, texts = item.at("role").text(), [part.text() for part in texts_of(item.at("content"))]
    if role == "user":
        reading.heard(texts)
    elif role == "assistant":
        for text in texts:
            reading.answer(text)


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
