"""A recording hop between an agent and the proxy: every byte passes as it came; what the agent sent is kept."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headroom_wrap.demo.upstream import dialect_for

from .corporate import head, pump, tls

SHIM = '''\
#!{python}
"""Stands in for the agent: leads its base URL or proxy over the recording hop, and becomes the agent."""
import os, pathlib, re, sys

ENVIRON = os.environ  # noqa: TID251
URL = re.compile(r"http://127\\.0\\.0\\.1:(\\d+)")
given = [ENVIRON.get("HTTPS_PROXY", ""), *sys.argv[1:], *ENVIRON.values()]
port = next(match[1] for match in map(URL.search, given) if match)
trusted = ENVIRON.get("SSL_CERT_FILE", {root!r}) if ENVIRON.get("HTTPS_PROXY") else {root!r}
pathlib.Path({target!r}).write_text(port + " " + trusted)
if trusted != {root!r}:
    pathlib.Path({bundle!r}).write_text(pathlib.Path(trusted).read_text() + pathlib.Path({root!r}).read_text())
hop = lambda text: text.replace("http://127.0.0.1:" + port, {hop!r}).replace(trusted, {bundle!r})
environment = {{name: hop(value) for name, value in ENVIRON.items()}}
os.execve({agent!r}, [{agent!r}, *map(hop, sys.argv[1:])], environment)
'''


@dataclass
class Hop:
    """`with Hop(folder, hosts) as hop`: `hop.shim(agent)` stands in for the agent on PATH. TLS to `hosts` is opened."""

    folder: Path
    hosts: Sequence[str] = ()
    sent: list[bytearray] = field(default_factory=list)
    ends: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Hop:
        self.context, self.root = tls(self.folder, "hop", self.hosts or ("nobody.example",))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._started(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes the threads that wait for bytes; close alone does not
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
        folder.mkdir(exist_ok=True)
        file = folder / agent.name
        names = {"target": str(self.folder / "port"), "root": str(self.root), "bundle": str(self.folder / "bundle.pem")}
        file.write_text(SHIM.format(python=sys.executable, hop=self.url, agent=str(agent), **names))
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
            port, _, trusted = (self.folder / "port").read_text().partition(" ")
            server = socket.create_connection(("127.0.0.1", int(port)))
            record = bytearray()
            self.sent.append(record)
            self.ends += [client, server]
            self._started(self._serve, client, server, record, trusted)

    def _serve(self, client: socket.socket, server: socket.socket, record: bytearray, trusted: str) -> None:
        """Pass on one connection; one through CONNECT to a known host is opened and closed again by TLS."""
        with contextlib.suppress(OSError):
            if client.recv(8, socket.MSG_PEEK) == b"CONNECT ":
                asked = head(client)
                server.sendall(asked)
                answered = head(server)
                client.sendall(answered)
                host = asked.split(b" ")[1].decode().rpartition(":")[0]
                if b" 200 " not in answered or host not in self.hosts:
                    record = bytearray()
                else:
                    context = ssl.create_default_context(cafile=trusted)
                    client = self.context.wrap_socket(client, server_side=True)
                    server = context.wrap_socket(server, server_hostname=host)
                    self.ends += [client, server]
                    self.sent.append(record := bytearray())
            pump(client, server, record)
        for side in (client, server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


def bodies(stream: bytes) -> list[bytes]:
    """-> the bodies of inference POSTs in one connection's bytes, or the messages where it became a WebSocket."""
    found = []
    while stream:
        top, _, rest = stream.partition(b"\r\n\r\n")
        if b"upgrade: websocket" in top.lower():
            return messages(rest)
        if b"transfer-encoding: chunked" in top.lower():
            body, rest = _unchunked(rest)
        else:
            match = re.search(rb"(?i)\r\ncontent-length: *(\d+)", top)
            size = int(match[1]) if match else 0
            body, rest = rest[:size], rest[size:]
        if top.startswith(b"POST ") and dialect_for(top.split(b" ")[1].decode()):
            found.append(body)
        stream = rest
    return found


def _unchunked(stream: bytes) -> tuple[bytes, bytes]:
    """-> a chunked body, and what follows it."""
    body = b""
    while stream:
        size, _, stream = stream.partition(b"\r\n")
        body, stream = body + stream[: int(size, 16)], stream[int(size, 16) + 2 :]
        if int(size, 16) == 0:
            break
    return body, stream


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
