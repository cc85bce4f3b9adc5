"""Anthropic Messages (`/v1/messages`): a body in, its `tool_result` texts out; events in, usage out.

https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headroom_wrap.segment import Request, Usage
from headroom_wrap.wire import Unreadable
from headroom_wrap.wire.calls import names_of
from headroom_wrap.wire.counts import count, either, member
from headroom_wrap.wire.located import Located, Shape, locate
from headroom_wrap.wire.reading import Reading

name: str = "anthropic"

_BLOCKS = Shape(items=Shape(keys={"content": Shape(items=Shape(rest=Shape()))}))
_SHAPE = Shape(keys={"messages": Shape(items=Shape(keys={"content": _BLOCKS}))})


def matches(path: str) -> bool:
    """-> whether the path is Messages itself, behind any prefix; not its count_tokens or batches."""
    return path.partition("?")[0].endswith("/v1/messages")


def read(body: str) -> Request:
    """-> the string and text-block contents of the `tool_result` blocks in user messages. Raises Unreadable."""
    top = locate(body, _SHAPE)
    if not top.walked():
        raise Unreadable("not a JSON object")
    reading = Reading(body)
    for message in top.at("messages").items():
        if message.at("role").text() == "user":
            _user(message.at("content"), reading)
        elif message.at("role").text() == "assistant":
            _assistant(message.at("content"), reading)
    request = reading.request(names_of(top.at("tools").value), top.at("model").text())
    return replace(request, clears="clear_tool_uses" in str(top.at("context_management").value))


def _user(content: Located, reading: Reading) -> None:
    texts = [content.text()] if content.text() else []
    for block in content.items():
        kind = block.at("type").text()
        if kind == "tool_result":
            reading.result(block.at("tool_use_id").text(), texts_of(block.at("content")), error=_failed(block))
        elif kind == "text":
            texts.append(block.at("text").text())
    if texts:
        reading.heard(texts)


def _failed(block: Located) -> bool:
    return block.at("is_error").value is True


def texts_of(content: Located) -> list[Located]:
    """-> the strings of a result: the content itself, or the `text` of each of its text blocks."""
    if content.text():
        return [content]
    kinds = {"text", "input_text", "output_text"}
    return [block.at("text") for block in content.items() if block.at("type").text() in kinds]


def _assistant(content: Located, reading: Reading) -> None:
    reading.said = ""
    reading.answer(content.text())
    for block in content.items():
        kind = block.at("type").text()
        if kind == "text":
            reading.answer(block.at("text").text())
        elif kind == "tool_use":
            reading.called(block.at("id").text(), block.at("name").text(), block.at("input").value)


def usage(event: dict[str, Any], so_far: Usage) -> Usage:
    """-> the counts after a `message_start`, `message_delta` or whole message; a later count replaces an earlier one.

    `message_delta` repeats the cache writes as one sum, without their lifetimes: what is known to be written for an
    hour is subtracted from it again.
    """
    counts = member(event, "usage") or member(member(event, "message"), "usage")
    if not counts:
        return so_far
    split = member(counts, "cache_creation")
    hour = either(count(split, "ephemeral_1h_input_tokens"), so_far.cache_write_1h)
    written = count(split, "ephemeral_5m_input_tokens")
    total = count(counts, "cache_creation_input_tokens")
    if written is None and total is not None:
        written = max(total - (hour or 0), 0)
    return Usage(
        input=either(count(counts, "input_tokens"), so_far.input),
        output=either(count(counts, "output_tokens"), so_far.output),
        cache_read=either(count(counts, "cache_read_input_tokens"), so_far.cache_read),
        cache_write=either(written, so_far.cache_write),
        cache_write_1h=hour,
    )
