"""Anthropic Messages (`/v1/messages`): a body in, its `tool_result` texts out; events in, usage out.

https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from headroom_wrap.segment import Request, Usage
from headroom_wrap.wire.calls import TEXT_TYPES, names_of, texts_of
from headroom_wrap.wire.counts import count, either, member
from headroom_wrap.wire.located import TEXTS, Located, Shape
from headroom_wrap.wire.reading import Reading, fold

name: str = "anthropic"

_RESULT = Shape(keys={"content": TEXTS}, whole=re.compile(r'\{\s*"type"\s*:\s*"(?!tool_result")'))
_MESSAGE = Shape(keys={"content": Shape(items=_RESULT)}, whole=re.compile(r'\{\s*"role"\s*:\s*"(?!user")'))


def _shape(resume_at: int) -> Shape:
    return Shape(keys={"messages": Shape(items=_MESSAGE, resume_at=resume_at)})


def matches(path: str) -> bool:
    """-> whether the path is Messages itself, behind any prefix; not its count_tokens or batches."""
    return path.partition("?")[0].endswith("/v1/messages")


def read(body: str) -> Request:
    """-> the string and text-block contents of the `tool_result` blocks in user messages. Raises Unreadable."""
    top, reading = fold(body, _shape, lambda top: top.at("messages"), Reading(body), _message)
    request = reading.request(
        names_of(top.at("tools").value), top.at("model").text(), (top.at("system"), top.at("tools"))
    )
    edits = str(top.at("context_management").value)
    return replace(request, clears="clear_tool_uses" in edits or "compact" in edits)


def _message(reading: Reading, message: Located) -> None:
    if message.at("role").text() == "user":
        _user(message.at("content"), reading)
    else:
        _assistant(message.plain(), reading)


def _user(content: Located, reading: Reading) -> None:
    texts = [content.text()]
    for block in content.items():
        if block.at("type").text() == "tool_result":
            error = block.at("is_error").value is True
            reading.result(block.at("tool_use_id").text(), strings(block.at("content")), error=error)
        else:
            texts += texts_of([block.plain()])
    if any(texts):
        reading.heard(texts)


def strings(content: Located) -> list[Located]:
    """-> the strings of a result: the content itself, or the `text` of each of its text blocks."""
    if content.text():
        return [content]
    return [block.at("text") for block in content.items() if block.at("type").text() in TEXT_TYPES]


def _assistant(message: object, reading: Reading) -> None:
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return
    reading.turn()
    content = message.get("content")
    for block in content if isinstance(content, list) else [content]:
        for text in texts_of(block):
            reading.answer(text)
        if isinstance(block, dict) and block.get("type") == "thinking":
            reading.thinks(str(block.get("thinking") or ""))
        if isinstance(block, dict) and block.get("type") == "tool_use":
            reading.called(str(block.get("id")), str(block.get("name")), block.get("input"))


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
