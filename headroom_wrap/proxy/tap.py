"""A response's chunks in, the same chunks out at once; what the provider counted is read from them in passing."""

from __future__ import annotations

from headroom_wrap.segment import Usage
from headroom_wrap.wire import Unreadable, Wire
from headroom_wrap.wire.encoding import decoded
from headroom_wrap.wire.sse import response_events

ERROR_CAP = 16 << 10
"""Bytes of an error response that are looked at."""


class Tap:
    """`flow.response.stream`: called with every chunk, and with b"" at the end. Changes no byte and raises nothing."""

    def __init__(self, wire: Wire | None, status: int, kind: str, encoding: str) -> None:
        self._wire = wire
        self._encoding = encoding
        self._error = bytearray() if status >= 400 else None
        self._events = response_events(kind, encoding)
        self._usage = Usage()

    def __call__(self, chunk: bytes) -> bytes:
        """-> the chunk itself."""
        if self._wire and chunk:
            if self._error is None:
                for event in self._events.feed(chunk):
                    self._usage = self._wire.usage(event, self._usage)
            elif len(self._error) < ERROR_CAP:
                self._error += chunk
        return chunk

    def finish(self) -> Usage:
        """-> the counts, however the end came; call it once."""
        if self._wire and self._error is None:
            for event in self._events.end():
                self._usage = self._wire.usage(event, self._usage)
        return self._usage

    def error(self) -> bytes:
        """-> the beginning of an error response, as text; empty where there is none or it can't be read."""
        try:
            return decoded(bytes(self._error or b""), self._encoding, 16 * ERROR_CAP)
        except Unreadable:
            return b""
