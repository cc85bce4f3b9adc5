"""The turns of a conversation in, in their order; the `Request` out: what all wires keep track of while reading."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from headroom_wrap.segment import Request, Segment, Written, fingerprint
from headroom_wrap.wire import Unreadable
from headroom_wrap.wire.calls import Call, call_of, cut, decoded, from_user, goal_of, written_by
from headroom_wrap.wire.located import NOTHING, Located, Shape, locate


@dataclass(slots=True)
class Reading:
    """What was read of a conversation so far; a wire reports each user text, assistant text, call and result to it."""

    body: str
    segments: list[Segment] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=dict)
    user: str = ""
    said: str = ""
    thought: str = ""
    first: str = ""
    answered: bool = False
    offered: list[object] = field(default_factory=list)
    system: str = ""

    def copy(self) -> Reading:
        """-> a reading that can go on from here, leaving this one as it is."""
        lists = {
            "segments": [*self.segments],
            "written": [*self.written],
            "calls": {**self.calls},
            "offered": [*self.offered],
        }
        return replace(self, **lists)  # type: ignore[arg-type]

    def heard(self, texts: list[str]) -> None:
        """The user wrote these text blocks."""
        self.said = ""
        self.user = from_user(texts) or self.user
        if not self.answered:
            self.first = "\n".join(text for text in (self.first, *texts) if text)

    def answer(self, text: str) -> None:
        """The assistant wrote this."""
        self.answered = True
        self.said = f"{self.said}\n{text}" if self.said and text else self.said or text

    def turn(self) -> None:
        """A message of the assistant begins."""
        self.answered = True
        self.said = self.thought = ""

    def thinks(self, text: str) -> None:
        """The assistant thought this aloud before a call.

        It tells compressors what a result is wanted for, but names no decision: clients may drop it from later turns.
        """
        self.thought = f"{self.thought}\n{text}" if self.thought else text

    def called(self, key: str, tool: str, arguments: object) -> None:
        """The assistant called a tool; `key` is what its result will name."""
        self.answered = True
        arguments = decoded(arguments)
        call = call_of(tool, arguments, goal_of(self.user, self.said))
        self.calls[key] = replace(call, said=cut(self.said), thought=cut(self.thought))
        self.written += written_by(call.path, arguments, len(self.segments))

    def result(self, key: str, texts: Iterable[Located], tool: str = "", error: bool = False) -> None:
        """A tool answered the call `key` with these strings."""
        self.said = ""
        call = self.calls.get(key) or Call(tool, goal=goal_of(self.user, ""))
        for text in texts:
            if text.text() and text.is_string(self.body):
                digest = fingerprint(call.tool, call.call, call.goal, str(error), text.text())
                segment = Segment(text.text(), call.tool, call.call, call.path, call.goal, error, span=text.span())
                self.segments.append(replace(segment, said=call.said, thought=call.thought, digest=digest))

    def told(self, message: Located) -> None:
        """The agent's own instructions stand in this message."""
        self.system += self.body[message.start : message.end]

    def request(self, tools: tuple[str, ...], model: str, fixed: tuple[Located, ...] = ()) -> Request:
        """-> all of it; `fixed`: where the system prompt and the tool definitions stand."""
        system, offered = (self.body[at.start : at.end] for at in (fixed or (NOTHING, NOTHING)))
        called = tuple(call.tool for call in self.calls.values())
        texts = (self.system + system, offered)
        return Request(tuple(self.segments), tools, model, tuple(self.written), self.first, called=called, fixed=texts)


class Turns(Protocol):
    """What a wire has read of a conversation so far."""

    body: str

    def copy(self: T) -> T:
        """-> the same, to go on from."""


T = TypeVar("T", bound=Turns)
MARKS = 4
"""Places near the end of a body from which a later one may go on: agents move a cache marker in the last messages."""

SMALL = 30_000
REMEMBERED = 12_000_000
"""Characters of all bodies that are remembered: a few conversations at once, in 25 MB with what was read of them."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A body read lately, and after some of its turns: where they end, and what had been read by then.

    `step`: what took them in; another wire finds other results in the same text.
    """

    body: str
    step: object
    marks: tuple[tuple[int, Turns], ...]


_RECENT: deque[Remembered] = deque()


def fold(
    body: str,
    shape: Callable[[int], Shape],
    turns: Callable[[Located], Located],
    start: T,
    step: Callable[[T, Located], None],
) -> tuple[Located, T]:
    """-> the walked body, and `start` after `step` took in each of its turns. Raises Unreadable.

    An agent sends its whole conversation again with each request. What stands before the first character that differs
    from a body read lately is not read again: reading it took 15 us a call, 18 ms of a 2 MB body; now what is new does.
    """
    at, state = _resumed(body, start, step)
    top = locate(body, shape(at))
    if not top.walked():
        raise Unreadable("not a JSON object")
    items = turns(top).items()
    marks: list[tuple[int, Turns]] = []
    for index, item in enumerate(items):
        step(state, item)
        if index >= len(items) - MARKS:
            marks.append((item.end, state.copy()))
    if marks and len(body) > SMALL:
        _remember(Remembered(body, step, tuple(marks)), at)
    return top, state


def _remember(new: Remembered, at: int) -> None:
    """Keep a body instead of the one that it continues, and forget the oldest ones beyond what may be remembered."""
    for known in tuple(_RECENT):
        ended = known.step is new.step and at in [mark for mark, _ in known.marks]
        if ended and _same(new.body, known.body, at):
            _RECENT.remove(known)
    _RECENT.append(new)
    while len(_RECENT) > 1 and sum(len(known.body) for known in _RECENT) > REMEMBERED:
        _RECENT.popleft()


def _resumed(body: str, start: T, step: object) -> tuple[int, T]:
    """The furthest place up to which a body read lately is the same, and what had been read by then."""
    best: tuple[int, Turns] = (0, start)
    for known in tuple(_RECENT):
        for at, state in reversed(known.marks if known.step is step else ()):
            if at > best[0] and _same(body, known.body, at):
                best = (at, state)
                break
    at, found = best
    if not at or not isinstance(found, type(start)):
        return 0, start
    state = found.copy()
    state.body = body
    return at, state


def _same(body: str, known: str, at: int) -> bool:
    near = max(0, at - 64)
    return body[near:at] == known[near:at] and body[:near] == known[:near]
