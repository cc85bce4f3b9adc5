"""A WebSocket message that carries only what is new, and the history before it, in; one whole body out, and back.

Codex sends `response.create` messages with `previous_response_id` and only the new input items (AGENTS facts: openai
responses over WebSocket). Segments must be decided with what stands before them, so the items sent earlier are put in
front of the new ones, and after rewriting everything up to a boundary item is cut out again: of the message itself
only the literals of changed segments differ.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]

from headroom_wrap.wire import Unreadable

_SPACE = re.compile(r"[ \t\r\n]*")
# Numbers stay text: a 30-digit one must neither be rounded nor cost a conversion. C code all the same.
_VALUES = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)


def top_level(text: str) -> dict[str, tuple[int, int]]:
    """-> where the value of each key of a JSON object starts and ends. Raises Unreadable."""
    places: dict[str, tuple[int, int]] = {}
    at = _after(text, 0, "{")
    try:
        while text[at] != "}":
            key, at = scanstring(text, _after(text, at, '"'), False)
            start = _skip(text, _after(text, at, ":"))
            if key in places:
                raise Unreadable(f"a key twice, at character {start}")
            end = _VALUES.raw_decode(text, start)[1]
            places[key] = (start, end)
            at = _skip(text, end)
            if text[at] == ",":
                at = _skip(text, at + 1)
    except (ValueError, IndexError, RecursionError) as error:
        raise Unreadable(f"no JSON object ({error})") from error
    return places


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _after(text: str, at: int, wanted: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != wanted:
        raise Unreadable(f"{wanted!r} expected at character {at}")
    return at + 1 if wanted != "{" else _skip(text, at + 1)


@dataclass(frozen=True, slots=True)
class Delta:
    """`at`: where the first input item of `text` stands or would stand. `kept`: bytes of the history that still
    precede this message. `items`: the new input items as they came, for the history. `problem`: pass it untouched."""

    text: str
    at: int
    items: bytes
    history: str = ""
    kept: int = 0
    model: str = ""
    generate: bool = True
    problem: str = ""
    boundary: str = ""

    @classmethod
    def read(cls, message: bytes, history: bytes, marks: Mapping[str, int]) -> Delta:
        """-> the parts of a `response.create` message; `marks`: how long the history was after each response.

        Raises Unreadable.
        """
        try:
            text = message.decode()
        except UnicodeDecodeError as error:
            raise Unreadable(str(error)) from error
        places = top_level(text)
        start, end = places.get("input", (0, 0))
        if text[start : start + 1] != "[":
            raise Unreadable("no input array")
        at = _skip(text, start + 1)
        items = text[at : end - 1].rstrip(" \t\r\n").encode()
        model = _string(text, places, "model")
        generate = "generate" not in places or text[slice(*places["generate"])] != "false"
        before = _string(text, places, "previous_response_id")
        if before and before not in marks:
            return cls(text, at, items, model=model, generate=generate, problem="unknown previous_response_id")
        kept = marks[before] if before else 0
        boundary = f'{{"type":"headroom_boundary","id":"{secrets.token_hex(16)}"}}'
        return cls(text, at, items, history[:kept].decode(), kept, model, generate, "", boundary)

    def whole(self) -> bytes:
        """-> the body as it would have been sent over HTTP, with the boundary between old and new items."""
        if not self.history:
            return self.text.encode()
        comma = "," if self.items else ""
        return f"{self.text[: self.at]}{self.history},{self.boundary}{comma}{self.text[self.at :]}".encode()

    def cut(self, body: bytes) -> bytes:
        """-> the message again, from the whole body with segments replaced. Raises ValueError if that isn't so."""
        if not self.history:
            return body
        front, boundary = self.text[: self.at].encode(), self.boundary.encode()
        end = body.index(boundary) + len(boundary) + (1 if self.items else 0)
        if not body.startswith(front):
            raise ValueError("text before the input items was changed")
        return front + body[end:]


def _string(text: str, places: Mapping[str, tuple[int, int]], key: str) -> str:
    start, end = places.get(key, (0, 0))
    return scanstring(text, start + 1, False)[0] if text[start : start + 1] == '"' and end else ""
