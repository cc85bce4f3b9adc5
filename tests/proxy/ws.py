"""Both ends of a WebSocket for the proxy tests, over wsproto, which comes with mitmproxy."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections import deque
from typing import Any

from wsproto import ConnectionType, WSConnection, events
from wsproto.connection import Connection
from wsproto.extensions import PerMessageDeflate

from tests.proxy.loopback import Handler

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class End:
    """One end: whole messages out and in."""

    def __init__(self, line: socket.socket, protocol: Connection | WSConnection) -> None:
        self.line, self.protocol = line, protocol
        self.waiting: deque[bytes] = deque()
        self.frames: list[bytes] = []
        self.closed = False

    def send(self, message: bytes | dict[str, Any]) -> None:
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.line.sendall(self.protocol.send(events.TextMessage(text.decode())))

    def receive(self) -> bytes:
        """The next message; b"" when the other end has closed."""
        while not self.waiting and not self.closed:
            data = self.line.recv(65536)
            self.protocol.receive_data(data or None)
            for event in self.protocol.events():
                self._take(event)
        return self.waiting.popleft() if self.waiting else b""

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.TextMessage):
            self.frames.append(event.data.encode())
            if event.message_finished:
                self.waiting.append(b"".join(self.frames))
                self.frames.clear()
        elif isinstance(event, (events.CloseConnection, events.RejectConnection)):
            self.closed = True

    def close(self) -> None:
        self.line.sendall(self.protocol.send(events.CloseConnection(1000)))
        self.line.close()


def client(port: int, path: str = "/v1/responses", *, deflate: bool = True) -> End:
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    protocol = WSConnection(ConnectionType.CLIENT)
    offers = [PerMessageDeflate()] if deflate else []
    line.sendall(protocol.send(events.Request(host=f"127.0.0.1:{port}", target=path, extensions=offers)))
    accepted: list[events.Event] = []
    while not accepted:
        protocol.receive_data(line.recv(65536))
        accepted += protocol.events()
    assert isinstance(accepted[0], events.AcceptConnection), accepted
    return End(line, protocol)


def server(handler: Handler) -> End:
    """Accept the upgrade that a handler got."""
    key = handler.headers["sec-websocket-key"]
    handler.send_response(101)
    handler.send_header("upgrade", "websocket")
    handler.send_header("connection", "upgrade")
    handler.send_header(
        "sec-websocket-accept", base64.b64encode(hashlib.sha1(f"{key}{MAGIC}".encode()).digest()).decode()
    )
    deflate = PerMessageDeflate()
    offered = handler.headers.get("sec-websocket-extensions", "")
    if offered:
        handler.send_header("sec-websocket-extensions", f"permessage-deflate; {deflate.accept(offered)}".rstrip("; "))
    handler.end_headers()
    handler.close_connection = True
    return End(handler.connection, Connection(ConnectionType.SERVER, [deflate] if offered else []))
