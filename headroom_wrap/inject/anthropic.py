"""Anthropic Messages with our tool: events of several legs in, those of one message out.

https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

from typing import Any

from headroom_wrap.inject import JSON, Call, Leg, Turn, arguments_of, objects, place, summed
from headroom_wrap.marker import RETRIEVE
from headroom_wrap.retrieve.tool import DESCRIPTION, PARAMETERS, REQUIRED
from headroom_wrap.wire.counts import member

_SCHEMA = {"type": "object", "properties": PARAMETERS, "required": list(REQUIRED)}
DEFINITION: JSON = {"name": RETRIEVE, "description": DESCRIPTION, "input_schema": _SCHEMA}
_CLIENTS = ("tool_use",)


class Joined:
    """One message (`inject.Joined`)."""

    def __init__(self) -> None:
        self.turn = Turn()
        self.leg = Leg()
        self._last = False
        self._legs = 0
        self._number = 0
        self._visible: list[JSON] = []
        self._spent: JSON = {}
        self._usage: JSON = {}
        self._head: JSON = {}
        self._open: dict[int, _Block] = {}

    def begin(self, *, last: bool) -> None:
        """A leg begins."""
        self.leg, self._open, self._last = Leg(), {}, last
        self._legs += 1

    def event(self, event: JSON) -> JSON | None:
        """-> what the client gets for an event."""
        kind = event.get("type")
        if kind == "message_start":
            return self._started(event)
        if kind == "content_block_start":
            return self._opened(event)
        if kind == "content_block_delta":
            return self._grown(event)
        if kind == "content_block_stop":
            return self._closed(event)
        if kind == "message_delta":
            return self._ending(event)
        return None if kind == "message_stop" and self.leg.again else event

    def _started(self, event: JSON) -> JSON | None:
        message = member(event, "message")
        self.leg.id = str(message.get("id", ""))
        self._usage = dict(member(message, "usage"))
        return event if self._legs == 1 else None

    def _opened(self, event: JSON) -> JSON | None:
        block = _Block(dict(member(event, "content_block")))
        self._open[place(event.get("index"), 0)] = block
        if block.ours:
            return None
        block.number, self._number = self._number, self._number + 1
        return _numbered(event, block.number)

    def _grown(self, event: JSON) -> JSON | None:
        block = self._open.get(place(event.get("index"), 0))
        if block is None:
            return event
        block.grow(dict(member(event, "delta")))
        return None if block.ours else _numbered(event, block.number)

    def _closed(self, event: JSON) -> JSON | None:
        block = self._open.pop(place(event.get("index"), 0), None)
        if block is None:
            return event
        self._taken(block)
        return None if block.ours else _numbered(event, block.number)

    def _taken(self, block: _Block) -> None:
        """A block is complete."""
        made, turn, leg = block.whole(), self.turn, self.leg
        if made is None:
            return
        kind = made.get("type")
        if block.ours:
            leg.ours.append(Call(str(made.get("id")), made["input"], made))
            leg.marks.append(turn.mark("call", made))
        elif kind == "text":
            turn.said(str(made.get("text", "")))
        elif kind in _CLIENTS:
            leg.theirs += 1
            turn.ids.append(str(made.get("id")))
        else:
            turn.others += 1
        if kind != "text" or str(made.get("text", "")).strip():
            leg.items.append(made)

    def _ending(self, event: JSON) -> JSON | None:
        delta = dict(member(event, "delta"))
        self._usage = {**self._usage, **{k: v for k, v in member(event, "usage").items() if v is not None}}
        self.leg.settle(delta.get("stop_reason") == "tool_use", self._last)
        spent = summed(self._spent, self._usage)
        if self.leg.again:
            self._spent = spent
            return None
        if self._legs == 1 and not self.leg.ours:
            return event
        return {**event, "delta": self._stopped(delta), "usage": spent if self._legs > 1 else event.get("usage")}

    def _stopped(self, ending: JSON) -> JSON:
        """-> how the client's message ends: not for a tool where the only one called was ours."""
        alone = ending.get("stop_reason") == "tool_use" and not self.leg.theirs
        return {**ending, "stop_reason": "end_turn"} if alone else ending

    def whole(self, response: JSON) -> JSON:
        """-> the client's message after a leg that is no stream."""
        self.leg.id = str(response.get("id", ""))
        for content in objects(response.get("content")):
            block = _Block(dict(content))
            self._taken(block)
            self._visible += [] if block.ours else [content]
        self._head = self._head or {"id": response.get("id"), "model": response.get("model")}
        self.leg.settle(response.get("stop_reason") == "tool_use", self._last)
        self._spent = summed(self._spent, member(response, "usage"))
        if self._legs == 1 and not self.leg.ours:
            return response
        ending = self._stopped({"stop_reason": response.get("stop_reason")})
        return {**response, **self._head, "content": self._visible, **ending, "usage": self._spent}


class _Block:
    """A content block while it grows."""

    def __init__(self, start: JSON) -> None:
        self.start = start
        self.number = 0
        self.ours = start.get("type") == "tool_use" and start.get("name") == RETRIEVE
        self._texts: dict[str, list[str]] = {}
        self._citations: list[Any] = []

    def grow(self, delta: JSON) -> None:
        """Take in one delta: each of its texts continues the block's member of that name."""
        for key, value in delta.items():
            if key == "citation":
                self._citations.append(value)
            elif key != "type" and isinstance(value, str):
                self._texts.setdefault(key, []).append(value)

    def whole(self) -> JSON | None:
        """-> the block as a message carries it; None for a call of ours that was cut off."""
        made = dict(self.start)
        for key, pieces in self._texts.items():
            if key != "partial_json":
                made[key] = str(made.get(key) or "") + "".join(pieces)
        if self._citations:
            made["citations"] = [*(made.get("citations") or ()), *self._citations]
        if "partial_json" in self._texts:
            given = arguments_of("".join(self._texts["partial_json"]))
            if given is None and self.ours:
                return None
            made["input"] = {} if given is None else given
        return made


def _numbered(event: JSON, number: int) -> JSON:
    return event if event.get("index") == number else {**event, "index": number}


def result(call: Call, text: str, error: bool) -> JSON:
    """-> the block that answers a call."""
    made: JSON = {"type": "tool_result", "tool_use_id": call.id, "content": text}
    return {**made, "is_error": True} if error else made
