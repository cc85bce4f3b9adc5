"""A peer as it is meant to be run: its own proxy between us and a scripted provider, both on loopback.

The provider keeps the last body that it was sent and answers with the turn and the usage figures of the recorded
session, as a real one would, because a proxy may decide by them.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.benches.measure.candidates import MODEL, Body, Forwarded

STARTS = 60.0
"""Seconds that a proxy may take until it accepts."""


class Upstream(http.server.ThreadingHTTPServer):
    """The scripted provider; `turn` and `usage` are what it answers next, `body` what it was sent last."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.body: Body | None = None
        self.turn: list[dict[str, Any]] = []
        self.usage: Mapping[str, int] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def message(self) -> dict[str, Any]:
        stop = "tool_use" if any(block["type"] == "tool_use" for block in self.turn) else "end_turn"
        shape = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "stop_sequence": None}
        content = self.turn or [{"type": "text", "text": "ok"}]
        usage = {"input_tokens": 10, "output_tokens": 10, **self.usage}
        return {**shape, "content": content, "stop_reason": stop, "usage": usage}


class _Answers(http.server.BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer({"data": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        if "count_tokens" in self.path:
            self._answer({"input_tokens": 1})
        else:
            self.server.body = body
            self._answer(self.server.message())

    def _answer(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Proxied:
    """headroom-ai's proxy, with a home of its own; without rate limit and response cache, which would answer for us."""

    name = "headroom-ai, its proxy"

    def __init__(self, python: str) -> None:
        self._upstream = Upstream()
        self._home = tempfile.TemporaryDirectory(prefix="headroom-bench-")
        self._port = _free_port()
        program = str(Path(python).with_name("headroom"))
        options = ["--port", str(self._port), "--no-rate-limit", "--no-cache"]
        target = f"http://127.0.0.1:{self._upstream.server_address[1]}"
        self._child = subprocess.Popen(
            [program, "proxy", *options],
            env={
                **os.environ,  # noqa: TID251 - a child of a bench, not the product's settings
                "HOME": self._home.name,
                "ANTHROPIC_TARGET_API_URL": target,
                "TIKTOKEN_CACHE_DIR": str(_vocabulary(python)),  # it fetches it otherwise, and without it does nothing
                "HF_HUB_OFFLINE": "1",
                "HEADROOM_TELEMETRY": "off",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    @staticmethod
    def installed(python: str) -> bool:
        """Whether the peer's command and what its proxy needs are in that environment."""
        return any(Path(python).parent.parent.glob("lib/python*/site-packages/fastapi"))

    def answers(self, turn: list[dict[str, Any]], read: int, written: int) -> None:
        """Set what the provider answers to the next request: the recorded turn, and tokens from and to its cache."""
        self._upstream.turn = turn
        self._upstream.usage = {"cache_read_input_tokens": read, "cache_creation_input_tokens": written}

    def __call__(self, body: Body) -> Forwarded:
        self._upstream.body = None
        headers = {"content-type": "application/json", "x-api-key": "none", "anthropic-version": "2023-06-01"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        start = time.perf_counter()
        connection.request("POST", "/v1/messages", json.dumps(body), headers)
        response = connection.getresponse()
        response.read()
        spent = (time.perf_counter() - start) * 1e3
        connection.close()
        sent = self._upstream.body
        if sent is None:
            return Forwarded(body["messages"], spent, f"status {response.status}, nothing was forwarded")
        return Forwarded(sent["messages"], spent)

    def close(self) -> None:
        self._child.terminate()
        self._child.wait(20)
        self._upstream.shutdown()
        self._home.cleanup()

    def _wait(self) -> None:
        end = time.monotonic() + STARTS
        while time.monotonic() < end and self._child.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        raise SystemExit(f"{self.name}: it doesn't accept; is headroom-ai[proxy] installed there?")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _vocabulary(python: str) -> Path:
    """-> the folder with the tokenizer's vocabulary that comes with one of the peer's own dependencies."""
    places = Path(python).parent.parent.glob("lib/python*/site-packages/litellm/litellm_core_utils/tokenizers")
    return next(places, Path())
