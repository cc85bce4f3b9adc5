"""HTTP/1.1 on this machine, by h11: a request from a connection in, an answer in pieces out, and the same as a client.

Only loopback: mitmproxy does TLS, HTTP/2 and the user's own proxy on both sides of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import h11

Headers = list[tuple[str, str]]

HEAD_CAP = 1 << 20
PIECE = 1 << 16
HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade", "expect")
)
"""Headers that are about one connection, not about the message."""


class Served:
    """A connection on which one request came. Raises h11.ProtocolError and OSError where the other side is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._state = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_CAP)
        self.begun = False

    async def request(self) -> Headers:
        """-> its headers, names in lower case; its body says nothing."""
        headers: Headers = []
        while True:
            event = await _next(self._state, self._reader)
            if isinstance(event, h11.Request):
                headers = _text(event.headers)
            elif isinstance(event, h11.EndOfMessage):
                return headers
            elif not isinstance(event, h11.Data):
                raise h11.RemoteProtocolError("the connection ended before the request did")

    async def begin(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Send the head of the answer."""
        self.begun = True
        await self._send(h11.Response(status_code=status, headers=[*headers, ("connection", "close")]))

    async def write(self, piece: bytes) -> None:
        """Send a piece of the answer's body, at once."""
        if piece:
            await self._send(h11.Data(data=piece))

    async def end(self) -> None:
        """The answer is complete."""
        await self._send(h11.EndOfMessage())

    async def gone(self) -> None:
        """-> when the other side hung up; to be called once the request has been read."""
        while await self._reader.read(PIECE):
            pass

    async def _send(self, event: Any) -> None:
        self._writer.write(self._state.send(event) or b"")
        await self._writer.drain()


class Answer:
    """What came back: status, headers in lower case, and the body in pieces."""

    def __init__(self, state: h11.Connection, reader: asyncio.StreamReader, head: h11.Response) -> None:
        self._state, self._reader = state, reader
        self.status = head.status_code
        self.headers = _text(head.headers)

    def header(self, name: str) -> str:
        """-> the first header of this name, "" where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    async def pieces(self) -> AsyncIterator[bytes]:
        """-> the body as it arrives. Raises h11.RemoteProtocolError where it is cut off."""
        while True:
            event = await _next(self._state, self._reader)
            if not isinstance(event, h11.Data):
                return
            yield bytes(event.data)


async def asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, headers: Headers, body: bytes
) -> Answer:
    """-> the head of the answer to a POST. Raises h11.ProtocolError or OSError where there is none."""
    state = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_CAP)
    request = h11.Request(method="POST", target=path, headers=[*headers, ("content-length", str(len(body)))])
    for event in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(state.send(event) or b"")
    await writer.drain()
    while True:
        got = await _next(state, reader)
        if isinstance(got, h11.Response):
            return Answer(state, reader, got)
        if not isinstance(got, h11.InformationalResponse):
            raise h11.RemoteProtocolError("the connection ended before an answer came")


async def _next(state: h11.Connection, reader: asyncio.StreamReader) -> Any:
    while (event := state.next_event()) is h11.NEED_DATA:
        state.receive_data(await reader.read(PIECE))
    return event


def _text(headers: Any) -> Headers:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
