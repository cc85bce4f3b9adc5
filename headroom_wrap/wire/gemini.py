"""Gemini generateContent, plain and in Code Assist: a body in, its function responses' texts out; events in, usage out.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from headroom_wrap.segment import Request, Usage
from headroom_wrap.wire.calls import names_of
from headroom_wrap.wire.counts import count, either, member
from headroom_wrap.wire.located import NOTHING, Located, Shape
from headroom_wrap.wire.reading import Reading, fold

name: str = "gemini"

LEAF_CHARS = 200
"""A function may answer with any object; a string in it that bears no usual name counts from this length on."""

_USUAL = {"output", "content", "error", "result", "stdout", "stderr", "text"}
_NEVER = {"data", "inlineData", "inline_data", "thoughtSignature", "signature", "blob"}


def _deep() -> Shape:
    """-> the shape of an answer: objects within arrays within objects, six levels."""
    shape = Shape()
    for _ in range(6):
        shape = Shape(items=shape, rest=shape)
    return shape


_ANSWER = Shape(keys={"response": _deep()}, rest=Shape())
_ANSWERS = {"functionResponse": _ANSWER, "function_response": _ANSWER}
_PART = Shape(keys=_ANSWERS, whole=re.compile(r'\{\s*"(?:text|thought|functionCall)"'))
_CONTENT = Shape(keys={"parts": Shape(items=_PART)}, whole=re.compile(r'\{\s*"role"\s*:\s*"model"'))
_PATH = re.compile(r":(?:generateContent|streamGenerateContent)\Z")


def _shape(resume_at: int) -> Shape:
    keys = {"contents": Shape(items=_CONTENT, resume_at=resume_at)}
    return Shape(keys={**keys, "request": Shape(keys=keys)})


def matches(path: str) -> bool:
    """-> whether the path generates content, of Gemini itself or of Code Assist (`/v1internal:`); not countTokens."""
    return _PATH.search(path.partition("?")[0]) is not None


def model_of(path: str) -> str:
    """-> the model that a path names (Gemini itself puts it nowhere else), "" where it names none."""
    named = re.search(r"/models/([^/:?]+):", path)
    return named[1] if named else ""


def read(body: str) -> Request:
    """-> the strings in `functionResponse.response` objects. Raises Unreadable."""
    top, turns = fold(body, _shape, lambda top: _asked(top).at("contents"), _Turns(Reading(body)), _Turns.content)
    asked = _asked(top)
    system = _either(asked, "systemInstruction", "system_instruction")
    return turns.reading.request(_tools(asked.at("tools").value), top.at("model").text(), (system, asked.at("tools")))


def _asked(top: Located) -> Located:
    inner = top.at("request")
    return inner if inner.walked() else top


class _Turns:
    """The contents read so far; a call without an id is answered by the next response of its name."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.open: dict[str, list[str]] = {}

    @property
    def body(self) -> str:
        """The body that is read."""
        return self.reading.body

    @body.setter
    def body(self, body: str) -> None:
        self.reading.body = body

    def copy(self) -> _Turns:
        """-> the same, to go on from."""
        turns = _Turns(self.reading.copy())
        turns.open = {tool: [*keys] for tool, keys in self.open.items()}
        return turns

    def content(self, content: Located) -> None:
        """Reads one content: its parts, of which those with answers know their places."""
        role = content.at("role").text()
        if not content.walked() and isinstance(content.value, dict):
            role, parts = content.value.get("role", ""), content.value.get("parts")
        else:
            parts = content.at("parts").items()
        if role == "model":
            self.reading.turn()
        texts = []
        for part in parts if isinstance(parts, list) else ():
            self.answer(part)
            plain = part.plain() if isinstance(part, Located) else part
            if isinstance(plain, dict):
                texts += self.part(plain, role == "model")
        if texts and role != "model":
            self.reading.heard(texts)

    def part(self, part: dict[str, Any], model: bool) -> list[str]:
        """-> the text of a part; a call in it is noted."""
        text = part.get("text")
        said = [text] if isinstance(text, str) and text and part.get("thought") is not True else []
        if said and model:
            self.reading.answer(said[0])
        call = member(part, "functionCall") or member(part, "function_call")
        if call:
            tool = str(call.get("name") or "")
            key = str(call.get("id") or f"{len(self.reading.calls)} {tool}")
            self.open.setdefault(tool, []).append(key)
            self.reading.called(key, tool, call.get("args"))
        return said

    def answer(self, part: object) -> None:
        """A function response, whose strings are segments."""
        answer = _either(part, "functionResponse", "function_response") if isinstance(part, Located) else NOTHING
        if answer is NOTHING:
            return
        tool, key = answer.at("name").text(), answer.at("id").text()
        waiting = self.open.get(tool, [])
        if not key and waiting:
            key = waiting.pop(0)
        elif key in waiting:
            waiting.remove(key)
        for text, failed in _leaves(answer.at("response")):
            self.reading.result(key, [text], tool, failed)


def _either(part: Located, camel: str, snake: str) -> Located:
    found = part.at(camel)
    return part.at(snake) if found is NOTHING else found


def _leaves(response: Located, key: str = "") -> Iterator[tuple[Located, bool]]:
    if response.text() and (key in _USUAL or len(response.text()) >= LEAF_CHARS):
        yield response, key == "error"
    for item in response.items():
        yield from _leaves(item, key)
    for inner, member_ in response.members():
        if inner not in _NEVER:
            yield from _leaves(member_, inner)


def _tools(tools: object) -> tuple[str, ...]:
    """-> the names of the declared functions; a built-in tool ("googleSearch") is the one key of its object."""
    if not isinstance(tools, list):
        return ()
    built_in = [{"name": key} for tool in tools if isinstance(tool, dict) for key in tool if "eclarations" not in key]
    return names_of([*(tool for tool in tools if isinstance(tool, dict)), *built_in])


def usage(event: dict[str, Any], so_far: Usage) -> Usage:
    """-> the counts of the last chunk that has them; thoughts are output, a tool's own prompt is input."""
    counts = member(event, "usageMetadata") or member(member(event, "response"), "usageMetadata")
    prompt = count(counts, "promptTokenCount")
    if prompt is None:
        return so_far
    cached = either(count(counts, "cachedContentTokenCount"), so_far.cache_read)
    answered, thought = count(counts, "candidatesTokenCount"), count(counts, "thoughtsTokenCount")
    output = None if answered is None and thought is None else (answered or 0) + (thought or 0)
    fresh = prompt - (cached or 0) + (count(counts, "toolUsePromptTokenCount") or 0)
    return Usage(input=max(fresh, 0), output=either(output, so_far.output), cache_read=cached)
