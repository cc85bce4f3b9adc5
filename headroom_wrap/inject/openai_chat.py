"""OpenAI Chat Completions with our tool: chunks of several legs in, those of one completion out.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from typing import Any

from headroom_wrap.inject import JSON, Call, Leg, Turn, arguments_of, objects, place, summed
from headroom_wrap.marker import RETRIEVE
from headroom_wrap.retrieve.tool import DESCRIPTION, PARAMETERS, REQUIRED
from headroom_wrap.wire.counts import member

_SCHEMA = {"type": "object", "properties": PARAMETERS, "required": list(REQUIRED)}
_FUNCTION = {"name": RETRIEVE, "description": DESCRIPTION, "parameters": _SCHEMA}
DEFINITION: JSON = {"type": "function", "function": _FUNCTION}
_FOR_TOOLS = ("tool_calls", "stop", "function_call")
"""Servers that speak this wire also end a turn with calls by "stop"."""


class Joined:
    """One completion (`inject.Joined`); requests for several choices get no tool of ours."""

    def __init__(self) -> None:
        self.turn = Turn()
        self.leg = Leg()
        self._last = False
        self._legs = 0
        self._sent = 0
        self._spent: JSON = {}
        self._head: JSON = {}
        self._visible: JSON = {}
        self._message: JSON = {}
        self._calls: dict[int, _Growing] = {}

    def begin(self, *, last: bool) -> None:
        """A leg begins."""
        self.leg, self._message, self._calls, self._last = Leg(), {}, {}, last
        self._legs += 1

    def event(self, event: JSON) -> JSON | None:
        """-> what the client gets for a chunk."""
        choices = event.get("choices")
        self._head = self._head or {key: event[key] for key in ("id", "created", "model") if key in event}
        if "error" in event and not choices:
            return event
        made = event
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            choice = self._choice(choices[0])
            if choice is not choices[0]:
                made = {**event, "choices": [choice] if choice else []}
        made = self._counted(made)
        if made is event and self._legs == 1:
            return event
        if not made.get("choices") and not made.get("usage"):
            return None
        return made if self._legs == 1 else {**made, **self._head}

    def _choice(self, choice: JSON) -> JSON:
        """-> the choice without what is ours; empty where nothing is left of it."""
        delta, reason = member(choice, "delta"), choice.get("finish_reason")
        kept = self._kept(dict(delta))
        if not reason:
            if kept == delta:
                return choice
            return {**choice, "delta": kept} if kept else {}
        self._ended(str(reason))
        if self.leg.again:
            return {**choice, "delta": kept, "finish_reason": None} if kept else {}
        reason = self._reason(str(reason))
        return choice if kept == delta and reason == choice["finish_reason"] else {
            **choice, "delta": kept, "finish_reason": reason
        }  # fmt: skip

    def _reason(self, reason: str) -> str:
        return "stop" if reason == "tool_calls" and not self.leg.theirs else reason

    def _kept(self, delta: JSON) -> JSON:
        """-> what the client gets of a delta."""
        calls = delta.pop("tool_calls", None)
        for key, value in delta.items():
            self._grown(key, value)
        if self._legs > 1:
            delta.pop("role", None)
            delta = {key: value for key, value in delta.items() if value is not None}
        content = delta.get("content")
        if isinstance(content, str):
            self.turn.said(content)
        kept = [made for call in objects(calls) if (made := self._called(call)) is not None]
        return {**delta, "tool_calls": kept} if kept or calls == [] else delta

    def _grown(self, key: str, value: Any) -> None:
        before = self._message.get(key)
        if isinstance(before, str) and isinstance(value, str) and key != "role":
            self._message[key] = before + value
        elif isinstance(before, list) and isinstance(value, list):
            self._message[key] = [*before, *value]
        elif value is not None or key not in self._message:
            self._message[key] = value

    def _called(self, call: JSON) -> JSON | None:
        """-> a piece of a call of the client's, None for one of ours."""
        index = place(call.get("index"), len(self._calls))
        known = self._calls.get(index)
        if known is None:
            known = self._calls[index] = _Growing(dict(call), self._sent)
            self._sent += not known.ours
        else:
            known.grow(call)
        if known.ours:
            return None
        return call if index == known.number else {**call, "index": known.number}

    def _ended(self, reason: str) -> None:
        """The turn is complete: the message as it is sent up again, and our calls in it."""
        calls = [made for index in sorted(self._calls) if (made := self._taken(self._calls[index])) is not None]
        if calls:
            self.leg.items = [{**self._message, "role": "assistant", "tool_calls": calls}]
        self.leg.settle(reason in _FOR_TOOLS, self._last)

    def _taken(self, call: _Growing) -> JSON | None:
        made = call.whole()
        function = member(made, "function")
        if not call.ours:
            self.leg.theirs += 1
            self.turn.ids.append(str(made.get("id")))
            return made
        given = arguments_of(str(function.get("arguments") or ""))
        if given is None:
            return None
        self.leg.ours.append(Call(str(made.get("id")), given, made))
        self.leg.marks.append(self.turn.mark("call", made))
        return made

    def _counted(self, event: JSON) -> JSON:
        """-> the chunk with the usage of all legs; none of a leg that another one follows."""
        usage = event.get("usage")
        if not isinstance(usage, dict):
            return event
        if self.leg.again:
            self._spent = summed(self._spent, usage)
            return {**event, "usage": None}
        return {**event, "usage": summed(self._spent, usage)} if self._spent else event

    def whole(self, response: JSON) -> JSON:
        """-> the client's completion after a leg that is no stream."""
        choices = objects(response.get("choices")) or [{}]
        message = dict(member(choices[0], "message"))
        self._message = {key: value for key, value in message.items() if key != "tool_calls"}
        calls = objects(message.get("tool_calls"))
        if isinstance(content := message.get("content"), str):
            self.turn.said(content)
        self._calls = {index: _Growing(dict(call), index) for index, call in enumerate(calls)}
        reason = str(choices[0].get("finish_reason"))
        self._ended(reason)
        self._head = self._head or {key: response[key] for key in ("id", "created", "model") if key in response}
        self._spent = summed(self._spent, member(response, "usage"))
        theirs = [call for call, known in zip(calls, self._calls.values(), strict=True) if not known.ours]
        self._visible = _continued(self._visible, self._message)
        if self._legs == 1 and len(theirs) == len(calls):
            return response
        shown = {**self._visible, "tool_calls": theirs} if theirs else self._visible
        choice = {**choices[0], "message": shown, "finish_reason": self._reason(reason)}
        return {**response, **self._head, "choices": [choice], "usage": self._spent}


def _continued(one: JSON, other: JSON) -> JSON:
    """-> a message whose texts are those of both."""
    made = {**one, **{key: value for key, value in other.items() if value is not None or key not in one}}
    for key in one.keys() & other.keys() - {"role"}:
        if isinstance(one[key], str) and isinstance(other[key], str):
            made[key] = one[key] + other[key]
    return made


class _Growing:
    """A call while its arguments arrive."""

    def __init__(self, start: JSON, number: int) -> None:
        self.start = {key: value for key, value in start.items() if key != "index"}
        self.number = number
        self.ours = member(start, "function").get("name") == RETRIEVE
        self._arguments = [str(member(start, "function").get("arguments") or "")]
        self._input = [str(member(start, "custom").get("input") or "")]

    def grow(self, piece: JSON) -> None:
        """Take in one more piece."""
        self._arguments.append(str(member(piece, "function").get("arguments") or ""))
        self._input.append(str(member(piece, "custom").get("input") or ""))

    def whole(self) -> JSON:
        """-> the call as a message carries it."""
        if "custom" in self.start:
            return {**self.start, "custom": {**self.start["custom"], "input": "".join(self._input)}}
        arguments = "".join(self._arguments)
        return {
            **self.start,
            "type": "function",
            "function": {**member(self.start, "function"), "arguments": arguments},
        }


def result(call: Call, text: str, error: bool) -> JSON:
    """-> the message that answers a call."""
    return {"role": "tool", "tool_call_id": call.id, "content": f"error: {text}" if error else text}
