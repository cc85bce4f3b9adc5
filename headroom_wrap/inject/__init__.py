"""`headroom_retrieve` for clients without shell and MCP: a body in, one with the tool out; legs in, one response out.

A client's request becomes one or more *legs*: each is a request to the provider. Where the model called our tool and
none of the client's, the next leg is the same request with that turn and the tool's answer behind it. The client gets
one response without a trace of our calls; when it sends that turn back, they are put in again where they were, because
the provider's cache holds them. Nothing here waits, reads a clock or knows a socket.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

JSON = dict[str, Any]

MOST = 5
"""Retrievals in a row that one request of a client may lead to; then the tool answers that it is enough."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of our tool: the name its answer refers to, its arguments, and the block or item as the model gave it."""

    id: str
    arguments: Mapping[str, Any]
    block: JSON


@dataclass(frozen=True, slots=True)
class Mark:
    """What the client does not see of a turn, and where: after so many characters of text, calls, and other blocks.

    `kind` "call": `what` is a call of ours. "results": the answers to the calls before it, which end that leg's turn.
    "with theirs": answers that go up with the client's own, at the front of what follows the turn. `what` is JSON,
    without the brackets of a list.
    """

    chars: int
    calls: int
    others: int
    kind: str
    what: str


@dataclass(slots=True)
class Turn:
    """What a client sees of the model's turn, and where our calls stand in it.

    `texts`: its text, in pieces; `ids`: its own calls, by what names them; `others`: blocks that are neither.
    """

    texts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    others: int = 0
    marks: list[Mark] = field(default_factory=list)
    chars: int = 0

    def said(self, text: str) -> None:
        """The client got this text."""
        self.texts.append(text)
        self.chars += len(text)

    def mark(self, kind: str, *what: object) -> Mark:
        """-> a mark at the end of what has been said so far."""
        return Mark(self.chars, len(self.ids), self.others, kind, ",".join(map(dumps, what)))

    def record(self) -> str:
        """-> the marks as text, for the store."""
        return json.dumps([asdict(mark) for mark in self.marks])


def marks_of(record: str) -> list[Mark]:
    """-> the marks that `Turn.record` wrote."""
    return [Mark(**each) for each in json.loads(record)]


@dataclass(slots=True)
class Leg:
    """One response of the provider: the turn as the model gave it (`items`), our calls in it, how many of the client's.

    `again`: it ended with calls of our tool alone, so another leg follows. `settled`: the turn is complete, which of
    the two it was is known. `id`: the response's own; `stored`: the provider says that it keeps it.
    """

    items: list[JSON] = field(default_factory=list)
    ours: list[Call] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    theirs: int = 0
    again: bool = False
    settled: bool = False
    id: str = ""
    stored: bool = False

    def settle(self, ended_for_tools: bool, most: bool) -> None:
        """The turn is complete. `most`: no further leg is allowed."""
        self.settled = True
        self.again = bool(self.ours) and not self.theirs and ended_for_tools and not most

    @property
    def shared(self) -> bool:
        """Whether the turn calls our tool and the client's: the answers go up together, with the client's."""
        return bool(self.ours) and self.theirs > 0


class Joined(Protocol):
    """One client's response, made of legs; each wire has its own. `turn` is what the client has seen of it."""

    turn: Turn
    leg: Leg

    def begin(self, *, last: bool) -> None:
        """A leg begins; `last`: our tool has been called often enough, its calls are dropped now."""

    def event(self, event: JSON) -> JSON | None:
        """-> what the client gets for an event, the very same object where nothing is to be changed; None: nothing."""

    def whole(self, response: JSON) -> JSON:
        """-> the client's response after a leg that is no stream: the very same object where nothing is changed."""


def dumps(value: object) -> str:
    """-> compact JSON, letters as they are, a lone surrogate escaped."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def objects(value: object) -> list[JSON]:
    """-> the objects in a list, [] for anything else: nothing a provider sends may end a stream."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def place(value: object, otherwise: int) -> int:
    """-> an index."""
    return value if isinstance(value, int) else otherwise


def arguments_of(text: str) -> Mapping[str, Any] | None:
    """-> the object that a model wrote as arguments, None where it is none (cut off by a token limit)."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def summed(one: Mapping[str, Any], other: Mapping[str, Any]) -> JSON:
    """-> two legs' usage: counts added, at any depth; anything else as the later one says."""
    made = {**one, **other}
    for key in one.keys() & other.keys():
        first, second = one[key], other[key]
        if isinstance(first, dict) and isinstance(second, dict):
            made[key] = summed(first, second)
        elif _count(first) and _count(second):
            made[key] = first + second
        elif second is None:
            made[key] = first
    return made


def _count(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
