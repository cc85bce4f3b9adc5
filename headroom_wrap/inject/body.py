"""A client's body in; where its tools and turns stand in it out, and the same body with text put in at some places.

Raw text is put in and taken out; what stands elsewhere moves by no byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from headroom_wrap.inject import JSON, anthropic, dumps, gemini, openai_chat, openai_responses
from headroom_wrap.segment import Request
from headroom_wrap.wire import Unreadable
from headroom_wrap.wire.located import Located, Shape, locate


class Edit(NamedTuple):
    """Characters [start, end) of a body become `text`."""

    start: int
    end: int
    text: str


def edited(body: str, edits: Iterable[Edit]) -> str:
    """-> the body with these edits, which must not overlap."""
    pieces, done = [], 0
    for edit in sorted(edits, key=lambda edit: edit[:2]):
        if edit.start < done:
            raise ValueError("edits overlap")
        pieces += [body[done : edit.start], edit.text]
        done = edit.end
    return "".join([*pieces, body[done:]])


@dataclass(frozen=True, slots=True)
class Layout:
    """How a wire writes a conversation: the list of turns, its blocks, who speaks. No `blocks`: items stand flat."""

    definition: JSON
    turns: str
    blocks: str = ""
    model: str = "assistant"

    def shape(self) -> Shape:
        """-> what of a body is walked into."""
        leaf = Shape()
        item = Shape(keys={self.blocks: Shape(items=leaf)}) if self.blocks else Shape(rest=leaf)
        tool = Shape(keys={name: Shape(items=leaf) for name in _DECLARATIONS})
        keys = {self.turns: Shape(items=item), "tools": Shape(items=tool)}
        return Shape(keys={**keys, "request": Shape(keys=keys)} if self.blocks == "parts" else keys)


_DECLARATIONS = ("functionDeclarations", "function_declarations")

LAYOUTS: Mapping[str, Layout] = {
    "anthropic": Layout(anthropic.DEFINITION, "messages", "content"),
    "openai_chat": Layout(openai_chat.DEFINITION, "messages", "tool_calls"),
    "openai_responses": Layout(openai_responses.DEFINITION, "input"),
    "gemini": Layout(gemini.DEFINITION, "contents", "parts", "model"),
}


@dataclass(frozen=True, slots=True)
class Body:
    """A client's body, walked: `top` is the object that holds turns and tools."""

    wire: str
    text: str
    top: Located

    @classmethod
    def read(cls, wire: str, text: str) -> Body:
        """-> a body of this wire. Raises Unreadable."""
        top = locate(text, LAYOUTS[wire].shape())
        inner = top.at("request")
        return cls(wire, text, inner if inner.walked() else top)

    @property
    def layout(self) -> Layout:
        """How its wire writes."""
        return LAYOUTS[self.wire]

    def plain(self, key: str) -> Any:
        """-> a member of the request, without places; numbers as their text."""
        return self.top.at(key).plain()

    def turns(self) -> Located:
        """-> the list of turns."""
        return self.top.at(self.layout.turns)

    def takes_a_tool(self, request: Request) -> bool:
        """-> whether our tool may be put in: see "By injection" in docs/retrieval.md for each reason."""
        if not (request.tools or request.segments) or not (self.turns().items() or self.turns().text()):
            return False
        several = self.plain("n") not in (None, "1")
        if self.wire == "openai_chat":
            return not several and not self.plain("functions")
        if self.wire == "openai_responses":
            return self.plain("background") is not True and not self.plain("conversation")
        if self.wire == "gemini":
            wanted = self.plain("generationConfig") or self.plain("generation_config") or {}
            candidates = wanted.get("candidateCount", wanted.get("candidate_count", "1"))
            return candidates == "1" and self._declared() is not None
        return True

    def _declared(self) -> Located | None:
        """-> the last list of function declarations of a Gemini body that has one in it."""
        found = [tool.at(name) for tool in self.top.at("tools").items() for name in _DECLARATIONS]
        return next((each for each in reversed(found) if each.items()), None)

    def tool(self) -> Edit:
        """-> what puts our tool behind the client's last. Raises Unreadable where its tools are no list."""
        made, tools = dumps(self.layout.definition), self.top.at("tools")
        place = self._declared() if self.wire == "gemini" else tools
        if place is not None and (items := place.items()):
            return Edit(items[-1].end, items[-1].end, f",{made}")
        if not tools.end:
            return Edit(self.top.start + 1, self.top.start + 1, f'"tools":[{made}],')
        if tools.plain() not in (None, []):
            raise Unreadable("its tools are no list")
        return Edit(tools.start, tools.end, f"[{made}]")

    def behind(self, more: Iterable[str]) -> Edit:
        """-> what puts turns behind the last. Raises Unreadable where there is no list of turns."""
        turns, made = self.turns(), ",".join(more)
        if self.wire == "openai_responses" and turns.is_string(self.text):
            first = f'{{"role":"user","content":{self.text[turns.start : turns.end]}}}'
            return Edit(turns.start, turns.end, f"[{first},{made}]")
        if not turns.items():
            raise Unreadable("no list of turns")
        end = turns.items()[-1].end
        return Edit(end, end, f",{made}")
