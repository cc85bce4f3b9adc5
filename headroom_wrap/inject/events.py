"""Chunks of a streamed response in, its server-sent events out: the bytes of each, and the JSON object it carries.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from headroom_wrap.inject import JSON, Joined, anthropic, dumps, gemini, openai_chat, openai_responses
from headroom_wrap.wire.sse import EVENT_CAP

JOINED: dict[str, Callable[[], Joined]] = {
    "anthropic": anthropic.Joined,
    "openai_chat": openai_chat.Joined,
    "openai_responses": openai_responses.Joined,
    "gemini": gemini.Joined,
}

_END = re.compile(rb"\r?\n\r?\n|\r\r")


class Event(NamedTuple):
    """One event: its bytes with the blank line, and its data; None where that is no JSON object ("[DONE]")."""

    raw: bytes
    data: JSON | None

    def carrying(self, data: JSON) -> bytes:
        """-> the bytes of the same event with other data."""
        kept = [line for line in self.raw.splitlines() if line and not line.startswith(b"data:")]
        return b"\n".join([*kept, b"data: " + dumps(data).encode(), b"", b""])

    @property
    def ends(self) -> bool:
        """Whether it says that the stream is over ("[DONE]")."""
        return self.data is None and b"[DONE]" in self.raw


class Events:
    """Cuts a stream into events, wherever its chunks were split; keeps no more than the event under way."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> list[Event]:
        """-> the events that this chunk completes."""
        looked = max(len(self._held) - 3, 0)
        self._held += chunk
        found, done = [], 0
        while match := _END.search(self._held, looked):
            found.append(_event(bytes(self._held[done : match.end()])))
            done = looked = match.end()
        del self._held[:done]
        if len(self._held) > EVENT_CAP:  # no provider's: it passes unread
            found.append(Event(bytes(self._held), None))
            self._held.clear()
        return found

    def end(self) -> list[Event]:
        """-> what stands behind the last blank line."""
        rest, self._held = bytes(self._held), bytearray()
        return [_event(rest)] if rest else []


def _event(raw: bytes) -> Event:
    data = b"\n".join(line[5:] for line in raw.splitlines() if line.startswith(b"data:"))
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return Event(raw, None)
    return Event(raw, found if isinstance(found, dict) else None)


class Splice:
    """One client's stream, made of the streams of its legs."""

    def __init__(self, joined: Joined) -> None:
        self._joined = joined
        self._events = Events()

    def begin(self, *, last: bool = False) -> None:
        """A leg begins (`Joined.begin`)."""
        self._joined.begin(last=last)
        self._events = Events()

    def feed(self, chunk: bytes) -> tuple[bytes, bytes]:
        """-> what the client gets for a chunk at once, and what it gets once its turn has been kept."""
        return self._spliced(self._events.feed(chunk))

    def end(self) -> tuple[bytes, bytes]:
        """-> the same for what stands behind the last blank line of a leg."""
        return self._spliced(self._events.end())

    def _spliced(self, events: list[Event]) -> tuple[bytes, bytes]:
        parts: tuple[list[bytes], list[bytes]] = ([], [])
        for event in events:
            made = None if event.data is None else self._joined.event(event.data)
            leg = self._joined.leg
            ready = parts[leg.settled]
            if made is not None:
                ready.append(event.raw if made is event.data else event.carrying(made))
            elif event.data is None and not (leg.again and event.ends):
                ready.append(event.raw)
        return b"".join(parts[0]), b"".join(parts[1])
