"""A scripted provider on loopback: an agent's requests in, the script's next step in the same wire out; all recorded.

It speaks Anthropic Messages, OpenAI Chat Completions and Responses (HTTP and WebSocket), Gemini and Code Assist. The
prompt cache it reports is the truth about the requests it got: what stood unchanged at the front of an earlier prompt
was read from the cache, the rest was written.
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from headroom_wrap.demo import accounts, answers, asked, websocket
from headroom_wrap.demo.answers import Reply, sse
from headroom_wrap.demo.asked import JSON, Asked
from headroom_wrap.demo.script import Step, call_for, next_step
from headroom_wrap.wire.encoding import decoded

BODY_CAP = 64 << 20

REMEMBERED = 64
"""Prompts that the cache remembers, the most recent ones."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came off the wire; a WebSocket message has the path of its connection and the method "WS"."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> Any:
        """-> the body, decoded, read as JSON. Raises ValueError."""
        return json.loads(decoded(self.body, self.header("Content-Encoding"), BODY_CAP))

    def header(self, name: str) -> str:
        """-> the first header of this name, empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one inference request. `status`: that answer instead of a reply. `after`: events that are
    still sent before the connection is reset (or, with `resume`, before the stream stalls until the event is set).
    """

    status: int = 0
    after: int = 0
    resume: threading.Event | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """A wire as the provider speaks it: read a request, stream a reply, or give it as one JSON object."""

    read: Callable[[JSON], Asked]
    stream: Callable[[Reply], Iterable[JSON]]
    whole: Callable[[Reply], JSON]
    done: bytes = b""


ANTHROPIC = Dialect(asked.anthropic, answers.anthropic, answers.anthropic_json)
CHAT = Dialect(asked.chat, answers.chat, answers.chat_json, b"data: [DONE]\n\n")
RESPONSES = Dialect(asked.responses, answers.responses, answers.responses_json)
GEMINI = Dialect(asked.gemini, answers.gemini, answers.gemini_json)


def dialect_for(path: str) -> Dialect | None:
    """-> the wire of a POST to this path; None: not an inference request."""
    bare = _bare(path)
    if bare.endswith("/messages"):
        return ANTHROPIC
    if bare.endswith("/chat/completions"):
        return CHAT
    if bare.endswith("/responses"):
        return RESPONSES
    return GEMINI if bare.endswith((":generateContent", ":streamGenerateContent")) else None


def _bare(path: str) -> str:
    return path.partition("?")[0]


@dataclass
class Upstream:
    """The provider: `with Upstream(script) as upstream: … upstream.url`. Everything it got is in `received`.

    `faults` befall the next inference requests in turn, one each; None leaves one alone. `chunk` is the size in bytes
    of the pieces in which streams are written, 0: an event at a time. `websocket=False` answers an upgrade with 426.
    `others`: scripts of the conversations that begin with certain words, as subagents' do.
    """

    script: Sequence[Step]
    websocket: bool = True
    chunk: int = 0
    faults: deque[Fault | None] = field(default_factory=deque)
    others: Mapping[str, Sequence[Step]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    prompts: deque[tuple[str, ...]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    chains: dict[str, tuple[tuple[str, ...], Asked]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Upstream:
        self.server = _Server(("127.0.0.1", 0), _Connection)
        self.server.upstream = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        """-> `http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def inference(self) -> list[Received]:
        """-> the requests for a model's answer, in the order in which they came."""
        with self.lock:
            return [
                each
                for each in self.received
                if each.method == "WS" or (each.method == "POST" and dialect_for(each.path))
            ]

    def record(self, request: Received) -> None:
        """Remember a request."""
        with self.lock:
            self.received.append(request)

    def fault(self) -> Fault:
        """-> what befalls the next inference request; one that does nothing, mostly."""
        with self.lock:
            return (self.faults.popleft() if self.faults else None) or Fault()

    def reply(self, request: Asked, *, text: str = "") -> Reply:
        """-> the script's next step as a reply, with the usage that the prompt cache makes of it.

        A request without tools is a title or a classification, and one for a compaction wants a summary; no script
        foresees either: they get a short text.
        """
        script = next((steps for words, steps in self.others.items() if words in request.begins), self.script)
        step = next_step(script, request.results)
        text = text or ("A summary." if request.compacts else "")
        call = call_for(step, request.tools) if not text else None
        if not request.tools:
            text = text or json.dumps({"title": "A look at the project"})
        ident = hashlib.sha256("\n".join(request.items).encode("utf-8", "surrogatepass")).hexdigest()[:24]
        with self.lock:
            shared = max((_shared(request.items, prompt) for prompt in self.prompts), default=0)
            self.prompts.append(request.items)
        words = text or (step.what if step.do == "say" else f"I will look at {step.what}.")
        return answers.reply_to(request, ident, words, call, shared)

    def chained(self, body: JSON) -> Asked:
        """-> a WebSocket message with what the responses before it had seen put in front (`previous_response_id`)."""
        delta = asked.responses(body)
        items, earlier = self.chains.get(body.get("previous_response_id", ""), ((), None))
        if earlier is None:
            return delta
        tools, results = delta.tools or earlier.tools, earlier.results + delta.results
        return replace(delta, tools=tools, results=results, items=items + delta.items, begins=earlier.begins)


def _shared(items: Sequence[str], earlier: Sequence[str]) -> int:
    """-> the tokens of the items at the front that both prompts have."""
    pairs = zip(items, earlier, strict=False)
    same = next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(items), len(earlier)))
    return asked.tokens_of(items[:same])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    upstream: Upstream

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up as they please; an agent closes the socket at the last event."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.upstream = self.server.upstream

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what came is in `received`."""

    def do_HEAD(self) -> None:
        self._taken()
        self._json(200, None)

    def do_GET(self) -> None:
        self._taken()
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._upgraded()
        else:
            self._account()

    def _account(self) -> None:
        """Answer what isn't inference."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        known = accounts.answer(_bare(self.path), headers)
        unknown = {"error": {"type": "not_found_error", "message": "the script has no such path"}}
        self._json(404 if known is None else 200, unknown if known is None else known)

    def do_POST(self) -> None:
        request = self._taken()
        dialect = dialect_for(self.path)
        if _bare(self.path).endswith(("/count_tokens", ":countTokens")):
            self._json(200, {"input_tokens": len(request.body) // asked.CHARS_PER_TOKEN})
        elif dialect is None:
            self._account()
        else:
            self._infer(dialect, request)

    def _taken(self) -> Received:
        request = Received(self.command, self.path, tuple(self.headers.items()), self._body())
        self.upstream.record(request)
        return request

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _infer(self, dialect: Dialect, request: Received) -> None:
        fault = self.upstream.fault()
        try:
            document = request.json()
        except ValueError:
            document = None
        if fault.status or not isinstance(document, dict):
            status = fault.status or 400
            error = {"type": "error", "error": {"type": "scripted_error", "message": f"the script says {status}"}}
            self._json(status, error, fault.headers)
            return
        reply = self.upstream.reply(dialect.read(document))
        wrap = (lambda event: {"response": event}) if "/v1internal:" in self.path else (lambda event: event)
        if document.get("stream") or "stream" in self.path:
            self._stream((sse(wrap(event)) for event in dialect.stream(reply)), dialect.done, fault)
        else:
            self._json(200, wrap(dialect.whole(reply)))

    def _json(self, status: int, document: JSON | None, headers: Iterable[tuple[str, str]] = ()) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: Iterable[bytes], done: bytes, fault: Fault) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for index, event in enumerate(events):
            if self._interrupted(index, fault):
                return
            self._pieces(event)
        self._pieces(done)
        self.wfile.write(b"0\r\n\r\n")

    def _interrupted(self, index: int, fault: Fault) -> bool:
        """Stall, or -> True where the connection is to be reset before event number `index`."""
        if not fault.after or index != fault.after:
            return False
        if fault.resume:
            return not fault.resume.wait(60)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        return True

    def _pieces(self, event: bytes) -> None:
        size = self.upstream.chunk or len(event)
        for start in range(0, len(event), size or 1):
            piece = event[start : start + size]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()

    def _upgraded(self) -> None:
        if not self.upstream.websocket:
            self._json(426, {"error": {"message": "use HTTP"}})
            return
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", websocket.accept(self.headers.get("Sec-WebSocket-Key", "")))
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        while True:
            self._message(websocket.receive(self.rfile, self.wfile))

    def _message(self, text: str) -> None:
        """Answer one `response.create`; a warm-up (`generate: false`) gets an empty response."""
        self.upstream.record(Received("WS", self.path, tuple(self.headers.items()), text.encode("utf-8")))
        body = json.loads(text)
        request = self.upstream.chained(body)
        fault = self.upstream.fault()
        reply = self.upstream.reply(request)
        events = list(answers.responses(reply))
        if body.get("generate") is False:
            events = [events[0], _emptied(events[-1])]
        self.upstream.chains[f"resp_{reply.id}"] = (request.items, request)
        for index, event in enumerate(events):
            if self._interrupted(index, fault):
                raise websocket.Closed("the script resets the connection")
            websocket.send(self.wfile, json.dumps(event))


def _emptied(event: JSON) -> JSON:
    return {**event, "response": {**event["response"], "output": []}}
