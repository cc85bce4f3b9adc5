"""The turns of a conversation in, in their order; the `Request` out: what all wires keep track of while reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from headroom_wrap.segment import Request, Segment, Written
from headroom_wrap.wire.calls import Call, call_of, decoded, from_user, goal_of, written_by
from headroom_wrap.wire.located import Located


@dataclass(slots=True)
class Reading:
    """What was read of a conversation so far; a wire reports each user text, assistant text, call and result to it."""

    body: str
    segments: list[Segment] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=dict)
    user: str = ""
    said: str = ""
    first: str = ""
    answered: bool = False

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
        self.said = ""

    def called(self, key: str, tool: str, arguments: object) -> None:
        """The assistant called a tool; `key` is what its result will name."""
        self.answered = True
        arguments = decoded(arguments)
        call = self.calls[key] = call_of(tool, arguments, goal_of(self.user, self.said))
        self.written += written_by(call.path, arguments, len(self.segments))

    def result(self, key: str, texts: Iterable[Located], tool: str = "", error: bool = False) -> None:
        """A tool answered the call `key` with these strings."""
        self.said = ""
        call = self.calls.get(key) or Call(tool, goal=goal_of(self.user, ""))
        for text in texts:
            if text.text() and text.is_string(self.body):
                self.segments.append(
                    Segment(text.text(), call.tool, call.call, call.path, call.goal, error, span=text.span())
                )

    def request(self, tools: tuple[str, ...], model: str) -> Request:
        """-> all of it."""
        return Request(tuple(self.segments), tools, model, tuple(self.written), self.first)
