"""Chunks of a response in, the JSON objects that can carry usage out: server-sent events, and whole JSON bodies.

Memory stays bounded and nothing is raised: this only watches a stream that goes to the agent untouched.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from headroom_wrap.wire import Unreadable
from headroom_wrap.wire.encoding import Decoding

EVENT_CAP = 16 << 20
"""Bytes of one event or JSON body; `response.completed` repeats the whole answer and the tool definitions."""
STREAM_CAP = 1 << 30

_USAGE = re.compile(rb'"usage(?:Metadata)?"\s*:\s*\{')


class Events:
    """Server-sent events, under a Content-Encoding or none; `every`: not only the events that carry usage."""

    def __init__(self, encoding: str = "", *, every: bool = False, cap: int = EVENT_CAP) -> None:
        self._every, self._cap = every, cap
        self._bytes = _Quiet(encoding)
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._held = 0
        self._over = False
        self._after_return = False

    def feed(self, chunk: bytes) -> list[dict[str, Any]]:
        """-> the events that this chunk completes, wherever it was split."""
        chunk = self._bytes.feed(chunk)
        if self._after_return and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_return = False
        if not chunk:
            return []
        self._after_return = chunk.endswith(b"\r")
        lines = chunk.splitlines(keepends=True)
        rest = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        found = [event for line in lines for event in self._ended(line.rstrip(b"\r\n"))]
        if rest:
            self._hold(self._line, rest)
        return found

    def end(self) -> list[dict[str, Any]]:
        """-> the last event, where the stream ended without the blank line after it."""
        return self._ended(b"") + self._ended(b"")

    def _ended(self, line: bytes) -> list[dict[str, Any]]:
        if self._line:
            line = b"".join([*self._line, line])
            self._held -= sum(map(len, self._line))
            self._line.clear()
        if not line:
            return self._dispatch()
        if line.startswith(b"data:"):
            self._hold(self._data, line[5:])
        return []

    def _hold(self, where: list[bytes], piece: bytes) -> None:
        """Keeps a piece of the event under way; an event past the cap is given up, and its memory with it."""
        where.append(piece)
        self._held += len(piece)
        if self._held > self._cap:
            self._data.clear()
            self._line[:] = [b":"] if where is self._line else []  # what is still to come of this line is a comment
            self._over, self._held = True, len(self._line)

    def _dispatch(self) -> list[dict[str, Any]]:
        data, over = b"\n".join(self._data), self._over
        self._data.clear()
        self._held, self._over = 0, False
        if over or not data or not (self._every or _USAGE.search(data)):
            return []
        return _objects(data)


class Whole:
    """A JSON response that is no stream, under a Content-Encoding or none; Gemini's may be an array of chunks."""

    def __init__(self, encoding: str = "", *, cap: int = EVENT_CAP) -> None:
        self._cap = cap
        self._bytes = _Quiet(encoding)
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[dict[str, Any]]:
        """-> nothing yet."""
        chunk = self._bytes.feed(chunk)
        self._size += len(chunk)
        if self._size <= self._cap:
            self._pieces.append(chunk)
        else:
            self._pieces.clear()
        return []

    def end(self) -> list[dict[str, Any]]:
        """-> the object of the response, or those of its array."""
        return _objects(b"".join(self._pieces))


def response_events(content_type: str, encoding: str = "") -> Events | Whole:
    """-> what reads a response of this Content-Type and Content-Encoding."""
    return Whole(encoding) if "json" in content_type.lower() else Events(encoding)


def _objects(text: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]


class _Quiet:
    """A decoding that falls silent at the first byte it can't read."""

    def __init__(self, encoding: str) -> None:
        try:
            self._decoding: Decoding | None = Decoding(encoding, STREAM_CAP)
        except Unreadable:
            self._decoding = None

    def feed(self, chunk: bytes) -> bytes:
        if self._decoding is None:
            return b""
        try:
            return self._decoding.feed(chunk)
        except Unreadable:
            self._decoding = None
            return b""
