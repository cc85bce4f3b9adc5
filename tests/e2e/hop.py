"""A recording hop between an agent and the proxy: every byte passes as it came; what the agent sent is kept."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHIM = '''\
#!{python}
"""Stands in for the agent: leads its base URL over the recording hop, and becomes the agent."""
import os, pathlib, re, sys

ENVIRON = os.environ  # noqa: TID251
URL = re.compile(r"http://127\\.0\\.0\\.1:(\\d+)")
given = [*sys.argv[1:], ENVIRON.get("ANTHROPIC_BASE_URL", ""), ENVIRON.get("HTTPS_PROXY", "")]
port = next(match[1] for match in map(URL.search, given) if match)
pathlib.Path({target!r}).write_text(port)
hop = lambda text: text.replace("http://127.0.0.1:" + port, {hop!r})
environment = {{name: hop(value) for name, value in ENVIRON.items()}}
os.execve({agent!r}, [{agent!r}, *map(hop, sys.argv[1:])], environment)
'''


@dataclass
class Hop:
    """`with Hop(folder) as hop`: `hop.shim(agent)` stands in for the agent on PATH."""

    folder: Path
    sent: list[bytearray] = field(default_factory=list)
    ends: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Hop:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._started(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes the thread that waits in accept; close alone does not
        for end in (self.listener, *self.ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        for end in (self.listener, *self.ends):
            end.close()

    def _started(self, target: Callable[..., None], *given: Any) -> None:
        self.threads.append(threading.Thread(target=target, args=given, daemon=True))
        self.threads[-1].start()

    def shim(self, agent: Path) -> Path:
        """-> a folder with a command of the agent's name that starts the agent through the hop."""
        folder = self.folder / "shim"
        folder.mkdir()
        file = folder / agent.name
        target = str(self.folder / "port")
        file.write_text(SHIM.format(python=sys.executable, target=target, hop=self.url, agent=str(agent)))
        file.chmod(0o755)
        return folder

    def bodies(self) -> list[bytes]:
        """-> the bodies of the POSTs and the WebSocket messages that the agent sent, in order."""
        return [body for stream in self.sent for body in bodies(bytes(stream))]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            port = int((self.folder / "port").read_text())
            server = socket.create_connection(("127.0.0.1", port))
            record = bytearray()
            self.sent.append(record)
            self.ends += [client, server]
            self._started(_pump, client, server, record)
            self._started(_pump, server, client, None)


def _pump(one: socket.socket, other: socket.socket, kept: bytearray | None) -> None:
    """Pass on bytes until one side ends; then both sides are over."""
    with contextlib.suppress(OSError):
        while piece := one.recv(65_536):
            if kept is not None:
                kept += piece
            other.sendall(piece)
    for side in (one, other):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)


def bodies(stream: bytes) -> list[bytes]:
    """-> the POST bodies in one connection's bytes, or the messages where it became a WebSocket."""
    found = []
    while stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        if b"upgrade: websocket" in head.lower() and b"CONNECT" not in head[:7]:
            return messages(rest)
        match = re.search(rb"(?i)content-length: *(\d+)", head)
        size = int(match[1]) if match else 0
        if head.startswith(b"POST"):
            found.append(rest[:size])
        stream = rest[size:]
    return found


def messages(stream: bytes) -> list[bytes]:
    """-> the text messages in a client's masked WebSocket frames (no extension is in force)."""
    found, message = [], b""
    while len(stream) > 6:
        size, at = stream[1] & 0x7F, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            size, at = int.from_bytes(stream[2 : 2 + wide], "big"), 2 + wide
        mask, payload = stream[at : at + 4], stream[at + 4 : at + 4 + size]
        if stream[0] & 0x0F in (0, 1):
            message += bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
            if stream[0] & 0x80:
                found.append(message)
                message = b""
        stream = stream[at + 4 + size :]
    return found


def differences(sent: Any, received: Any, at: str = "") -> dict[str, tuple[Any, Any]]:
    """-> where two JSON documents differ: paths to the values on both sides."""
    if type(sent) is type(received) and isinstance(sent, dict) and list(sent) == list(received):
        pairs = [(f"{at}.{key}", sent[key], received[key]) for key in sent]
    elif type(sent) is type(received) and isinstance(sent, list) and len(sent) == len(received):
        pairs = [(f"{at}[{index}]", one, other) for index, (one, other) in enumerate(zip(sent, received, strict=True))]
    else:
        return {} if sent == received else {at: (sent, received)}
    return {key: value for path, one, other in pairs for key, value in differences(one, other, path).items()}


def put_back(received: bytes, changed: dict[str, tuple[str, str]]) -> bytes:
    """-> the received body with each changed string replaced by what was sent, everything else byte for byte."""
    for sent, got in dict.fromkeys(changed.values()):
        received = _replaced(received, got, sent)
    return received


def _replaced(body: bytes, got: str, sent: str) -> bytes:
    """JSON may spell a string in two ways, with and without escapes for what is not ASCII."""
    new = [json.dumps(sent, ensure_ascii=flag).encode() for flag in (False, True)]
    old = next(text for text in (json.dumps(got, ensure_ascii=flag).encode() for flag in (False, True)) if text in body)
    return body.replace(old, new[0])


def listening_pids(name: str) -> list[int]:
    """-> the processes whose command line has `name` in it (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if name.encode() in (folder / "cmdline").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        except OSError:
            continue
    return found
