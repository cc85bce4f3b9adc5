"""A client's request with our tool in it in; the provider's answers to one or more legs out, as one response.

mitmproxy's hooks can't wait in the middle of a response, so a request that got the tool is routed here, to a server on
loopback. Each leg goes back through mitmproxy's own base-URL listener, under a token that only we know: there it is
rewritten, recorded and sent like any other request, with TLS, HTTP/2 and the user's own proxy. What comes back passes
event by event.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

import h11

from headroom_wrap.inject import JSON, MOST, Mark, dumps
from headroom_wrap.inject.events import JOINED, Splice
from headroom_wrap.proxy.frames import Frame
from headroom_wrap.proxy.http11 import HOP, Answer, Headers, Served, asked
from headroom_wrap.proxy.mitm import error_body
from headroom_wrap.proxy.pool import Workers
from headroom_wrap.wire import Unreadable, Wire
from headroom_wrap.wire.encoding import Decoding
from headroom_wrap.wire.sse import STREAM_CAP

TOKEN = "x-headroom-leg"
WHOLE_CAP = 64 << 20
"""Bytes of a response that is no stream; a longer one ends in an error."""
_NOT_SENT = HOP | {"content-length", "content-encoding", "accept-encoding", "host", TOKEN}
_NOT_AGAIN = {"idempotency-key"}
_NOT_RETURNED = HOP | {"content-length", "content-encoding"}

Origin = tuple[str, str, int]
"""Scheme, host and port of the provider."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A client's request that is answered here. `name`: of its conversation so far (`inject.requests`)."""

    wire: Wire
    origin: Origin
    path: str
    body: bytes
    name: str = ""


class Legs:
    """The server. `base` is the port of mitmproxy's base-URL listener, known once that listens."""

    def __init__(self, workers: Workers) -> None:
        self.base = 0
        self._workers = workers
        self._open: dict[str, Taken] = {}

    async def listen(self) -> None:
        """Accept connections from now on. Raises OSError."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Accept no more."""
        self._server.close()

    async def take(self, came: Taken, encoding: str, passing: Collection[str]) -> str:
        """-> the token under which a request is answered here, "" where it gets no tool and goes its usual way.

        `came` has the client's own body. `passing`: conversations that are sent as they come.
        """
        if "streamGenerateContent" in came.path and "alt=sse" not in came.path:
            return ""
        reply = await self._workers.ask(Frame({"kind": "inject", "path": came.path, "encoding": encoding}, came.body))
        if not reply.body or reply.head["conversation"] in passing:
            return ""
        token = secrets.token_urlsafe(24)
        self._open[token] = replace(came, body=reply.body, name=reply.head["name"])
        return token

    def origin(self, token: str) -> Origin | None:
        """-> where a leg goes, None for a token that isn't ours."""
        taken = self._open.get(token)
        return taken.origin if taken else None

    def forget(self, token: str) -> None:
        """The client's request has ended, wherever it got to."""
        self._open.pop(token, None)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Served(reader, writer)
        with contextlib.suppress(OSError, h11.ProtocolError):
            try:
                headers = await client.request()
                taken = self._open.get(dict(headers).get(TOKEN, ""))
                if taken is not None:
                    await _unless_gone(_Conversation(self, taken, headers, client, self._workers).run(), client)
            finally:
                writer.close()


async def _unless_gone(answering: Any, client: Served) -> None:
    """Answer, but no longer than there is somebody to answer to."""
    tasks = [asyncio.ensure_future(answering), asyncio.ensure_future(client.gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(ended[0], Exception):
        raise ended[0]


class _Conversation:
    """One request of a client: its legs, one after the other, and the one response."""

    def __init__(self, legs: Legs, taken: Taken, headers: Headers, client: Served, workers: Workers) -> None:
        self._legs, self._taken, self._client, self._workers = legs, taken, client, workers
        self._token = dict(headers)[TOKEN]
        self._sent = [(name, value) for name, value in headers if name not in _NOT_SENT]
        self._joined = JOINED[taken.wire.name]()
        self._splice = Splice(self._joined)
        self._number = 0
        self._ref = ""
        self._first = ""
        self._kept = False

    async def run(self) -> None:
        """Answer the client. Raises OSError or h11.ProtocolError where somebody hung up in the middle."""
        body, again = self._taken.body, True
        while again:
            self._number += 1
            self._splice.begin(last=self._number > MOST + 1)
            async with self._leg(body) as answer:
                again = await self._passed(answer)
            if again:
                body = await self._next(body)

    @contextlib.asynccontextmanager
    async def _leg(self, body: bytes) -> AsyncIterator[Answer]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._legs.base)
        try:
            ours = [("host", "127.0.0.1"), ("accept-encoding", "identity"), (TOKEN, self._token)]
            sent = [pair for pair in self._sent if self._number == 1 or pair[0] not in _NOT_AGAIN]
            yield await asked(reader, writer, self._taken.path, [*sent, *ours], body)
        finally:
            writer.close()

    async def _passed(self, answer: Answer) -> bool:
        """Hand on what a leg answered -> whether another leg follows."""
        kind = answer.header("content-type").lower()
        streamed = "event-stream" in kind
        if answer.status != 200 or not (streamed or ("json" in kind and not self._client.begun)):
            await self._as_it_came(answer)
            return False
        if not streamed:
            return await self._whole(answer)
        if not self._client.begun:
            await self._client.begin(answer.status, _returned(answer))
        await self._stream(answer)
        if not self._joined.leg.again:
            await self._client.end()
        return self._joined.leg.again

    async def _as_it_came(self, answer: Answer) -> None:
        """An error: the client's own, or one in the middle of the stream that it has."""
        if not self._client.begun:
            await self._client.begin(answer.status, [pair for pair in answer.headers if pair[0] not in HOP])
            async for piece in answer.pieces():
                await self._client.write(piece)
        else:
            text = b"".join([piece async for piece in _plain(answer)])
            await self._client.write(_error(self._taken.wire.name, text, answer.status))
        await self._client.end()

    async def _whole(self, answer: Answer) -> bool:
        raw = b"".join([piece async for piece in _plain(answer, WHOLE_CAP)])
        try:
            response = json.loads(raw)
        except ValueError:
            response = None
        if isinstance(response, dict):
            made = self._joined.whole(response)
            if self._joined.leg.again:
                return True
            await self._settled()
            raw = raw if made is response else dumps(made).encode()
        await self._client.begin(answer.status, [*_returned(answer), ("content-length", str(len(raw)))])
        await self._client.write(raw)
        await self._client.end()
        return False

    async def _stream(self, answer: Answer) -> None:
        async for piece in _plain(answer):
            await self._write(*self._splice.feed(piece))
        await self._write(*self._splice.end())

    async def _write(self, at_once: bytes, once_kept: bytes) -> None:
        await self._client.write(at_once)
        if self._joined.leg.settled and not self._joined.leg.again and not self._kept:
            await self._settled()
        await self._client.write(once_kept)

    async def _settled(self) -> None:
        """The client's turn is complete: keep what it won't see of it before it gets the end."""
        self._kept = True
        turn, leg = self._joined.turn, self._joined.leg
        if leg.shared:
            reply = await self._ask("answers", self._said())
            turn.marks += _marks(reply)
        if not turn.marks:
            return
        stored = (self._first or leg.id, leg.id) if self._taken.wire.name == "openai_responses" else ("", "")
        whole = {"before": self._taken.name, "texts": turn.texts, "ids": turn.ids, "record": turn.record()}
        await self._ask("keep", {**whole, "ref": self._ref, "responses": stored})

    async def _next(self, body: bytes) -> bytes:
        """-> the body of the next leg."""
        self._first = self._first or self._joined.leg.id
        reply = await self._ask("follow", self._said(), body)
        self._joined.turn.marks += _marks(reply)
        if not reply.body:
            raise ConnectionAbortedError("no worker could make the next request")
        return reply.body

    def _said(self) -> JSON:
        leg = self._joined.leg
        self._ref = self._ref or str(leg.ours[0].arguments.get("ref", "")).partition(" ")[0]
        calls, marks = [asdict(call) for call in leg.ours], [asdict(mark) for mark in leg.marks]
        said = {"items": leg.items, "ours": calls, "marks": marks, "response": leg.id, "stored": leg.stored}
        return {"said": {**said, "number": self._number}, "at": asdict(self._joined.turn.mark("results"))}

    async def _ask(self, kind: str, given: JSON, body: bytes = b"") -> Frame:
        head = {"kind": kind, "path": self._taken.path, "encoding": ""}
        return await self._workers.ask(Frame(head, body, json.dumps(given).encode()))


def _marks(reply: Frame) -> list[Mark]:
    return [Mark(**each) for each in json.loads(reply.tail or b"[]")]


def _returned(answer: Answer) -> Headers:
    return [pair for pair in answer.headers if pair[0] not in _NOT_RETURNED]


async def _plain(answer: Answer, cap: int = STREAM_CAP) -> AsyncIterator[bytes]:
    """-> a body's pieces without their Content-Encoding. Raises h11.RemoteProtocolError for one that can't be read."""
    try:
        decoding = Decoding(answer.header("content-encoding"), cap)
        async for piece in answer.pieces():
            yield decoding.feed(piece)
    except Unreadable as problem:
        raise h11.RemoteProtocolError(f"an answer that can't be read: {problem}") from None


def _error(wire: str, text: bytes, status: int) -> bytes:
    """-> the event that says in the middle of a stream why it does not go on."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("error"), dict):
        found = json.loads(error_body(status, f"the provider answered {status} to the request after a retrieval"))
    named = wire in ("anthropic", "openai_responses")
    data = {**({"type": "error"} if named else {}), "error": found["error"]}
    return (b"event: error\n" if named else b"") + f"data: {dumps(data)}\n\n".encode()
