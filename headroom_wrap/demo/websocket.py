"""The server's side of a WebSocket (RFC 6455) over two file objects: frames in, whole text messages out, and back.

Only what the scripted provider needs: no extensions, text messages, pings answered.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from io import BufferedIOBase

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Closed(ConnectionError):
    """The other side has closed the connection, with or without saying so."""


def accept(key: str) -> str:
    """-> the `Sec-WebSocket-Accept` value that answers a client's key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(f"{key}{GUID}".encode(), usedforsecurity=False).digest()).decode()


def receive(rfile: BufferedIOBase, wfile: BufferedIOBase) -> str:
    """-> the next text message, its fragments joined. Raises Closed."""
    message = b""
    while True:
        final, opcode, payload = _frame(rfile)
        if opcode == CLOSE:
            wfile.write(bytes([0x80 | CLOSE, min(len(payload), 2)]) + payload[:2])
            raise Closed("the client closed the connection")
        if opcode == PING:
            wfile.write(_head(PONG, len(payload)) + payload)
        elif opcode != PONG:
            message += payload
            if final:
                return message.decode()


def send(wfile: BufferedIOBase, text: str) -> None:
    """Write one unfragmented text message."""
    payload = text.encode()
    wfile.write(_head(TEXT, len(payload)) + payload)
    wfile.flush()


def _frame(rfile: BufferedIOBase) -> tuple[bool, int, bytes]:
    """-> (final, opcode, unmasked payload) of the next frame. Raises Closed."""
    first, second = _exactly(rfile, 2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", _exactly(rfile, 2))
    elif size == 127:
        (size,) = struct.unpack("!Q", _exactly(rfile, 8))
    mask = _exactly(rfile, 4) if second & 0x80 else b"\0\0\0\0"
    return bool(first & 0x80), first & 0x0F, _unmasked(_exactly(rfile, size), mask)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """-> the payload with the mask removed; one big-integer XOR, because a loop over 2 MB takes half a second."""
    whole = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


def _exactly(rfile: BufferedIOBase, size: int) -> bytes:
    got = rfile.read(size)
    if len(got) < size:
        raise Closed("the client hung up")
    return got


def _head(opcode: int, size: int) -> bytes:
    first = 0x80 | opcode
    if size < 126:
        return bytes([first, size])
    if size < 1 << 16:
        return struct.pack("!BBH", first, 126, size)
    return struct.pack("!BBQ", first, 127, size)
