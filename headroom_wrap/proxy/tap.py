"""A response's chunks in, the same chunks out at once; the provider's counts and the model are read in passing."""

from __future__ import annotations

from typing import Any

from headroom_wrap.segment import Usage
from headroom_wrap.wire import Unreadable, Wire
from headroom_wrap.wire.counts import model_in
from headroom_wrap.wire.encoding import decoded
from headroom_wrap.wire.sse import response_events

ERROR_CAP = 16 << 10
"""Bytes of an error response that are looked at."""


class Tap:
    """`flow.response.stream`: called with every chunk, and with b"" at the end. Changes no byte and raises nothing.

    `model`: what the response says it is of, "" so far.
    """

    def __init__(self, wire: Wire | None, status: int, kind: str, encoding: str) -> None:
        self._wire = wire
        self._encoding = encoding
        self._error = bytearray() if status >= 400 else None
        self._events = response_events(kind, encoding)
        self._usage = Usage()
        self.model = ""

    def __call__(self, chunk: bytes) -> bytes:
        """-> the chunk itself."""
        if self._wire and chunk:
            if self._error is None:
                self._read(self._wire, self._events.feed(chunk))
            elif len(self._error) < ERROR_CAP:
                self._error += chunk
        return chunk

    def finish(self) -> Usage:
        """-> the counts, however the end came; call it once."""
        if self._wire and self._error is None:
            self._read(self._wire, self._events.end())
        return self._usage

    def _read(self, wire: Wire, events: list[dict[str, Any]]) -> None:
        for event in events:
            self._usage = wire.usage(event, self._usage)
            self.model = self.model or model_in(event)

    def error(self) -> bytes:
        """-> the beginning of an error response, as text; empty where there is none or it can't be read."""
        try:
            return decoded(bytes(self._error or b""), self._encoding, 16 * ERROR_CAP)
        except Unreadable:
            return b""
