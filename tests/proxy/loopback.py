"""What the proxy tests talk to and with: a scripted upstream, the real proxy as a child, and a bare client."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from headroom_wrap.proxy.pool import Workers

Script = Callable[["Handler"], None]


@dataclass
class Received:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole, records it, and lets the script answer on the raw connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        if self.headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.received = Received(self.command, self.path, self.headers.items(), body)
        self.server.upstream.received.append(self.received)
        self.server.upstream.script(self)

    do_GET = do_HEAD = do_POST = do_OPTIONS = answer

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def reply(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def start_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def end_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True
        self.wfile = self.rfile = open(os.devnull, "w+b")  # noqa: SIM115, PTH123 - what http.server flushes at its end

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    upstream: Upstream

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (OSError, ValueError)):  # the other side hung up, which some tests want
            self.upstream.errors.append(error)


ANSWER = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-x",
    "content": [{"type": "text", "text": "done"}],
    "usage": {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 7},
}


def plain(handler: Handler) -> None:
    handler.reply(200, json.dumps(ANSWER).encode())


@dataclass
class Upstream:
    script: Script = plain
    received: list[Received] = field(default_factory=list)
    errors: list[BaseException | None] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[Upstream]:
        with Server(("127.0.0.1", 0), Handler) as server:
            server.upstream = self
            if self.tls:
                server.socket = self.tls.wrap_socket(server.socket, server_side=True)
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            yield self
            server.shutdown()
            thread.join()
        assert not self.errors


@dataclass
class Proxy:
    """The real proxy, started as the launcher starts it."""

    home: Path
    child: subprocess.Popen[bytes]
    base: int
    connect: int
    ca: Path

    def post(self, body: bytes, path: str = "/v1/messages", **headers: str) -> Answer:
        return request(self.base, "POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def stop(self) -> int:
        if self.child.stdin:
            self.child.stdin.close()
        return self.child.wait(60)

    def exchanges(self) -> list[dict[str, Any]]:
        """The ledger's rows, after the proxy has ended."""
        self.stop()
        return ledger_rows(self.home)


def ledger_rows(home: Path) -> list[dict[str, Any]]:
    connection = sqlite3.connect(home / "headroom.db")
    connection.row_factory = sqlite3.Row
    with closing(connection):
        return [dict(row) for row in connection.execute("SELECT * FROM exchanges ORDER BY id")]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def request(port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body or None, {"x-api-key": "k", **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def unprivileged() -> None:
    """In a child: take the right to write where nobody may write from what it becomes, where it is root (Linux)."""
    drop_bound, dac_override = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
    ctypes.CDLL(None).prctl(drop_bound, dac_override, 0, 0, 0)


@contextmanager
def proxy(home: Path, *, rights: Callable[[], None] | None = None, **options: Any) -> Iterator[Proxy]:
    """`rights`: called in the child before it becomes the proxy."""
    command = [sys.executable, "-m", "headroom_wrap.proxy"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=rights)  # noqa: PLW1509
    assert child.stdin and child.stdout
    with child, child.stdin, child.stdout:
        child.stdin.write(json.dumps({"home": str(home), "session": "s1", **options}).encode() + b"\n")
        child.stdin.flush()
        ready = json.loads(child.stdout.readline())
        running = Proxy(home, child, ready["base"], ready["connect"], Path(ready["ca"]))
        try:
            yield running
        finally:
            with suppress(BrokenPipeError):
                running.stop()


def children(pid: int) -> list[int]:
    """Processes that a process has started (Linux)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return true()


def runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


TOLD = """
import socket, sys
from pathlib import Path
from headroom_wrap.proxy import worker
if (told := Path({home!r}) / "gone").exists() and (times := int(told.read_text())):
    told.write_text(str(times - 1))
    sys.exit()
if (Path({home!r}) / "upgraded").exists():
    with socket.socket(fileno=0) as line:
        line.sendall(b"999.0\\n")
        while line.recv(65536):
            pass
    sys.exit()
worker.main()
"""


def told(home: Path) -> tuple[str, ...]:
    """-> a worker's command that obeys two files of this folder: `gone` (so many end at once) and `upgraded`."""
    return (sys.executable, "-c", TOLD.format(home=str(home)))


def lose(workers: Workers) -> None:
    """Kill the workers that wait for a job, and see them gone."""
    for pid in workers.pids:
        kill(pid)
    for pid in workers.pids:  # the pool reaps them; a zombie whose threads still end can't be reaped yet
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
