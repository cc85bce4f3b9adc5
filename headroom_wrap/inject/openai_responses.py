"""OpenAI Responses with our tool: events of several legs in, those of one response out.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from headroom_wrap.inject import JSON, Call, Leg, Turn, arguments_of, objects, summed
from headroom_wrap.marker import RETRIEVE
from headroom_wrap.retrieve.tool import DESCRIPTION, PARAMETERS, REQUIRED
from headroom_wrap.wire.calls import texts_of
from headroom_wrap.wire.counts import member

_SCHEMA = {"type": "object", "properties": PARAMETERS, "required": list(REQUIRED)}
DEFINITION: JSON = {
    "type": "function",
    "name": RETRIEVE,
    "description": DESCRIPTION,
    "parameters": _SCHEMA,
    "strict": False,
}
CALLS = ("function_call", "custom_tool_call", "local_shell_call", "shell_call", "computer_call", "apply_patch_call")
"""Items that the client answers; the provider runs its own tools itself."""
_BEGIN = ("response.created", "response.in_progress", "response.queued")
_END = ("response.completed", "response.incomplete", "response.failed")


class Joined:
    """One response (`inject.Joined`)."""

    def __init__(self) -> None:
        self.turn = Turn()
        self.leg = Leg()
        self._last = False
        self._legs = 0
        self._sent = 0
        self._dropped = False
        self._number = 0
        self._visible: list[JSON] = []
        self._spent: JSON = {}
        self._head: JSON = {}
        self._places: dict[int, int | None] = {}

    def begin(self, *, last: bool) -> None:
        """A leg begins."""
        self.leg, self._places, self._last = Leg(), {}, last
        self._legs += 1

    def event(self, event: JSON) -> JSON | None:
        """-> what the client gets for an event, numbered anew once something was left out."""
        made = self._made(event)
        if made is None:
            self._dropped = True
            return None
        if "sequence_number" in event:
            if self._dropped and made["sequence_number"] != self._sent:
                made = {**made, "sequence_number": self._sent}
            self._sent += 1
        return made

    def _made(self, event: JSON) -> JSON | None:
        kind = event.get("type")
        if kind in _BEGIN:
            response = member(event, "response")
            self.leg.id = str(response.get("id", ""))
            self._head = self._head or _head(response)
            return event if self._legs == 1 else None
        if kind in _END:
            return self._ended(event)
        place = event.get("output_index")
        if not isinstance(place, int):
            return event
        if kind == "response.output_item.added":
            self._places[place] = None if _ours(member(event, "item")) else self._next()
        if kind == "response.output_item.done":
            self._taken(dict(member(event, "item")))
        shown = self._places.get(place, place)
        if shown is None:
            return None
        return event if shown == place else {**event, "output_index": shown}

    def _next(self) -> int:
        self._number += 1
        return self._number - 1

    def _taken(self, item: JSON) -> None:
        """An item is complete."""
        turn, leg, kind = self.turn, self.leg, str(item.get("type"))
        leg.items.append(item)
        if _ours(item):
            given = arguments_of(str(item.get("arguments") or ""))
            if given is None:
                leg.items.pop()
                return
            leg.ours.append(Call(str(item.get("call_id")), given, item))
            leg.marks.append(turn.mark("call", item))
            return
        self._visible.append(item)
        if kind in CALLS:
            leg.theirs += 1
            turn.ids.append(str(item.get("call_id") or item.get("id")))
        elif kind != "message":
            turn.others += 1
        for text in texts_of(item.get("content")) if kind == "message" else ():
            turn.said(text)

    def _ended(self, event: JSON) -> JSON | None:
        response = member(event, "response")
        made = self._response(dict(response), event.get("type") == "response.completed")
        if self.leg.again:
            return None
        return event if made is response or made == response else {**event, "response": made}

    def _response(self, response: JSON, complete: bool) -> JSON:
        """-> the response as the client gets it, with the items and the usage of all legs."""
        self.leg.id = str(response.get("id", "")) or self.leg.id
        self.leg.stored = response.get("store") is True
        self.leg.settle(complete, self._last)
        self._head = self._head or _head(response)
        usage = response.get("usage")
        if isinstance(usage, dict):
            self._spent = summed(self._spent, usage)
        if self._legs == 1 and not self.leg.ours:
            return response
        output = {"output": [*self._visible]} if response.get("output") else {}
        return {**response, **self._head, **output, **({"usage": self._spent} if usage else {})}

    def whole(self, response: JSON) -> JSON:
        """-> the client's response after a leg that is no stream."""
        for item in objects(response.get("output")):
            self._taken(item)
        made = self._response(response, response.get("status") == "completed")
        return made if self._legs > 1 or self.leg.ours else response


def _head(response: JSON | object) -> JSON:
    """-> what one response keeps of its first leg."""
    found = response if isinstance(response, dict) else {}
    return {key: found[key] for key in ("id", "created_at", "previous_response_id") if key in found}


def _ours(item: JSON | object) -> bool:
    return isinstance(item, dict) and item.get("type") == "function_call" and item.get("name") == RETRIEVE


def result(call: Call, text: str, error: bool) -> JSON:
    """-> the item that answers a call."""
    return {"type": "function_call_output", "call_id": call.id, "output": f"error: {text}" if error else text}
