"""Gemini with our tool, plain and in Code Assist's envelope: chunks of several legs in, those of one answer out.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headroom_wrap.inject import JSON, Call, Leg, Turn, dumps, objects, summed
from headroom_wrap.marker import RETRIEVE
from headroom_wrap.retrieve.tool import DESCRIPTION, PARAMETERS, REQUIRED
from headroom_wrap.wire.counts import member

_KEPT = ("type", "description")


def _upper(schema: Mapping[str, Any]) -> JSON:
    """-> a parameter in the subset of OpenAPI that all versions of this wire take."""
    return {key: value.upper() if key == "type" else value for key, value in schema.items() if key in _KEPT}


_SCHEMA = {
    "type": "OBJECT",
    "properties": {name: _upper(schema) for name, schema in PARAMETERS.items()},
    "required": list(REQUIRED),
}
DEFINITION: JSON = {"name": RETRIEVE, "description": DESCRIPTION, "parameters": _SCHEMA}


class Joined:
    """One answer (`inject.Joined`); requests for several candidates get no tool of ours."""

    def __init__(self) -> None:
        self.turn = Turn()
        self.leg = Leg()
        self._last = False
        self._legs = 0
        self._visible: list[JSON] = []
        self._spent: JSON = {}
        self._usage: JSON = {}
        self._head: JSON = {}

    def begin(self, *, last: bool) -> None:
        """A leg begins."""
        self._spent = summed(self._spent, self._usage)
        self.leg, self._usage, self._last = Leg(), {}, last
        self._legs += 1

    def event(self, event: JSON) -> JSON | None:
        """-> what the client gets for a chunk."""
        if "response" in event:
            inner = event["response"]
            made = self._chunk(inner) if isinstance(inner, dict) else inner
            return event if made is inner else {**event, "response": made} if made else None
        return self._chunk(event) or None

    def _chunk(self, chunk: JSON) -> JSON:
        """-> the chunk without what is ours; empty where nothing is left of it."""
        self._head = self._head or {key: chunk[key] for key in ("responseId", "modelVersion") if key in chunk}
        self._usage = {**self._usage, **member(chunk, "usageMetadata")}
        candidates = objects(chunk.get("candidates"))
        if not candidates:
            return self._counted(chunk, chunk)
        candidate, content = candidates[0], member(candidates[0], "content")
        parts = objects(content.get("parts"))
        kept = [part for part in parts if not self._taken(part)]
        reason = candidate.get("finishReason")
        if reason:
            self.leg.settle(reason == "STOP", self._last)
        if len(kept) == len(parts) and not (reason and self.leg.again):
            return self._counted(chunk, chunk)
        if not kept and (not reason or self.leg.again):
            return {}
        if reason and self.leg.again:
            candidate = {key: value for key, value in candidate.items() if key != "finishReason"}
        made = {**chunk, "candidates": [{**candidate, "content": {**content, "parts": kept}}]}
        return self._counted(chunk, made)

    def _counted(self, chunk: JSON, made: JSON) -> JSON:
        if self._legs == 1:
            return made
        usage = {"usageMetadata": summed(self._spent, self._usage)} if "usageMetadata" in chunk else {}
        return {**made, **self._head, **usage}

    def _taken(self, part: JSON) -> bool:
        """-> whether a part is ours: the client doesn't see it."""
        turn, leg = self.turn, self.leg
        call = member(part, "functionCall")
        if call and call.get("name") != RETRIEVE:
            leg.theirs += 1
            turn.ids.append(ident(call))
        elif text := text_of(part):
            turn.said(text)
        elif not call and part != {"text": ""}:
            turn.others += 1
        _joined(leg.items, part)
        if call.get("name") != RETRIEVE:
            return False
        leg.ours.append(Call(str(call.get("id") or ""), dict(member(call, "args")), part))
        leg.marks.append(turn.mark("call", part))
        return True

    def whole(self, response: JSON) -> JSON:
        """-> the client's answer after a leg that is no stream."""
        inner = response["response"] if isinstance(response.get("response"), dict) else response
        made = self._answer(inner)
        if made is inner:
            return response
        return made if inner is response else {**response, "response": made}

    def _answer(self, response: JSON) -> JSON:
        candidate = (objects(response.get("candidates")) or [{}])[0]
        parts = objects(member(candidate, "content").get("parts"))
        kept = [part for part in parts if not self._taken(part)]
        self._visible += kept
        self._usage = dict(member(response, "usageMetadata"))
        self.leg.settle(candidate.get("finishReason") == "STOP", self._last)
        self._head = self._head or {key: response[key] for key in ("responseId", "modelVersion") if key in response}
        if self._legs == 1 and len(kept) == len(parts):
            return response
        content = {"role": "model", **member(candidate, "content"), "parts": self._visible}
        usage = {"usageMetadata": summed(self._spent, self._usage)}
        return {**response, **self._head, "candidates": [{**candidate, "content": content}], **usage}


def text_of(part: Mapping[str, Any]) -> str:
    """-> what a part says to the user, "" for a thought or anything else."""
    text = part.get("text")
    return text if isinstance(text, str) and part.get("thought") is not True else ""


def ident(call: Mapping[str, Any]) -> str:
    """-> what names a call: its id, or what it is where it has none."""
    return str(call.get("id") or f"{call.get('name')} {dumps(call.get('args') or {})}")


def _joined(items: list[JSON], part: JSON) -> None:
    """Add a part; the text of a chunk continues that of the one before."""
    if items and part.keys() == {"text"} == items[-1].keys():
        items[-1] = {"text": items[-1]["text"] + part["text"]}
    elif part.keys() != {"text"} or part["text"]:
        items.append(part)


def result(call: Call, text: str, error: bool) -> JSON:
    """-> the part that answers a call."""
    said = {"error": text} if error else {"output": text}
    response: JSON = {"name": RETRIEVE, "response": said}
    return {"functionResponse": {"id": call.id, **response} if call.id else response}
