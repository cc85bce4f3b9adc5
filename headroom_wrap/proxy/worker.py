"""A worker process: one job after another on its socket (fd 0) in, replies out; everything that computes runs here.

`python -m headroom_wrap.proxy.worker`, started by the proxy with one line of options; first it says its version on one
line, since an upgrade may have changed what stands on the disk. It ends with its parent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import socket
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headroom_wrap import host
from headroom_wrap.compressors import named
from headroom_wrap.inject import Mark
from headroom_wrap.inject.requests import Said, Whole, answered, cost, followed, keep, marked, prepared
from headroom_wrap.kompress import classifier
from headroom_wrap.proxy.delta import Delta
from headroom_wrap.proxy.frames import LENGTHS, Frame, listed, packed, unlisted, version, written
from headroom_wrap.proxy.options import Options, parse
from headroom_wrap.refused import Refused
from headroom_wrap.rewrite import Rewritten, rewrite, take_over, unsettled
from headroom_wrap.route import Policy
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import Unreadable, Wire
from headroom_wrap.wire.encoding import decoded
from headroom_wrap.wire.fixed import sizes
from headroom_wrap.wire.gemini import model_of
from headroom_wrap.wire.table import wire_for

CAP = 64 << 20
"""Bytes that a body may have once decoded; a larger one passes as it came."""


class Answers:
    """Answers jobs from one store; the only state is what makes the next job faster.

    `unsettled` in a job's head is what could not be stored so far, by whichever worker; in the reply's, what can't yet.
    """

    def __init__(self, options: Options, store: LocalStore) -> None:
        self._policy = policy(options)
        with contextlib.suppress(Refused):  # every segment that asks for scores will say so
            classifier.use(options.scorer)
        self._store = store

    def answer(self, job: Frame) -> Frame:
        """-> the reply to a job; without a body in it the request passes as it came."""
        take_over(self._store, unlisted(job.head["unsettled"]))
        reply = self._answer(job)
        return Frame({**reply.head, "unsettled": listed(unsettled(self._store))}, reply.body, reply.tail)

    def _answer(self, job: Frame) -> Frame:
        wire = wire_for(job.head["path"])
        if wire is None:
            return Frame({"problem": "no wire for this path"})
        if job.head["kind"] == "message":
            return self._message(job, wire)
        if job.head["kind"] in ("follow", "answers", "keep"):
            return self._leg(job, wire)
        try:
            body = decoded(job.body, job.head["encoding"], CAP)
        except Unreadable as error:
            return Frame({"problem": f"unreadable body: {error}", "before": len(job.body), "after": len(job.body)})
        if job.head["kind"] == "inject":
            return self._injected(body, wire)
        done = rewrite(body, wire, self._store, self._policy, decide=job.head["decide"])
        changed = done.body is not body
        ours = {"injected": cost(wire.name)} if job.head.get("injected") else {}
        return Frame(
            {**_head(done, body, job.head["path"]), **ours}, done.body if changed else b"", written(done.outcomes)
        )

    def _injected(self, body: bytes, wire: Wire) -> Frame:
        """A client's body with our tool in it; without a body where it takes none."""
        try:
            made = prepared(body, wire, self._store, self._policy)
        except (Unreadable, UnicodeDecodeError):
            made = None  # the rewriting of the same body will say so
        if made is None:
            return Frame()
        return Frame({"name": made.name.hex(), "conversation": _conversation(made.first)}, made.body)

    def _leg(self, job: Frame, wire: Wire) -> Frame:
        """The body of the next leg and the marks of the last; or the marks alone; or nothing: a turn is kept."""
        given = json.loads(job.tail)
        if job.head["kind"] == "keep":
            keep(self._store, Whole(**given))
            return Frame()
        said = Said.of(given["said"])
        results = answered(self._store.objects.root.parent, wire.name, said)
        together = job.head["kind"] == "answers"
        marks = marked(wire.name, said, results, Mark(**given["at"]), together=together)
        tail = json.dumps([asdict(mark) for mark in marks]).encode()
        return Frame({}, b"" if together else followed(job.body, wire.name, said, results), tail)

    def _message(self, job: Frame, wire: Wire) -> Frame:
        """A WebSocket message: rewritten as if all that was said before on the connection stood in it."""
        try:
            delta = Delta.read(job.tail, job.body, job.head["marks"])
        except Unreadable as error:
            return Frame({"problem": f"unreadable message: {error}"})
        if delta.problem:
            return Frame({"model": delta.model, "problem": delta.problem})
        head: dict[str, Any] = {"kept": delta.kept, "model": delta.model}
        if not delta.generate:
            return Frame(head, b"", delta.items)
        whole = delta.whole()
        done = rewrite(whole, wire, self._store, self._policy, decide=job.head["decide"])
        message = delta.cut(done.body) if done.body is not whole else job.tail
        sizes = {"before": len(job.tail), "after": len(message)}
        tail = written(done.outcomes)
        head |= _head(done, whole, job.head["path"]) | sizes | {"changed": message != job.tail, "outcomes": len(tail)}
        return Frame(head, message if message != job.tail else b"", tail + delta.items)


def policy(options: Options) -> Policy:
    """-> what the user chose, as `rewrite` takes it."""
    stack = named(options.compressors)
    lossless = frozenset((pair.partition(" ")[0], pair.partition(" ")[2]) for pair in options.lossless)
    return Policy(
        way_back=options.way_back,
        stop_after=options.stop_after,
        floor=options.floor,
        skip_tools=options.skip_tools,
        stack=stack,
        lossless=lossless,
        holdout=min(options.holdout, 0.99),
    )


def _conversation(first: str) -> str:
    return hashlib.sha256(first.encode("utf-8", "surrogatepass")).hexdigest()[:16] if first else ""


def _head(done: Rewritten, body: bytes, path: str) -> dict[str, Any]:
    first = done.request.first if done.request else ""
    model = done.request.model if done.request else ""
    return {
        "changed": done.body is not body,
        "problem": done.problem,
        "model": model or model_of(path),
        "conversation": _conversation(first),
        "before": len(body),
        "after": len(done.body),
        "called": done.request.called if done.request else (),
        "fixed": sizes(*done.request.fixed) if done.request else (),
    }


def _read(line: socket.socket, length: int) -> bytes:
    whole = bytearray(length)
    place = memoryview(whole)
    while place:
        got = line.recv_into(place)
        if not got:
            raise EOFError
        place = place[got:]
    return bytes(whole)


def _job(line: socket.socket) -> Frame:
    head, body, tail = [_read(line, length) for length in LENGTHS.unpack(_read(line, LENGTHS.size))]
    return Frame(json.loads(head), body, tail)


def _reply(line: socket.socket, reply: Frame) -> None:
    for part in (packed(reply), reply.body, reply.tail):
        if part:
            line.sendall(part)


def _options(line: socket.socket) -> Options:
    text = b""
    while not text.endswith(b"\n"):
        text += _read(line, 1)
    return parse(text)


def main() -> None:
    """Answer until the socket closes. Linux kills us when the parent is killed, even inside a regular expression;
    elsewhere the closed socket ends us after the job."""
    if kill := host.dying_with_us(signal.SIGKILL):
        kill()
    with socket.socket(fileno=0) as line:
        try:
            line.sendall(f"{version()}\n".encode())
            options = _options(line)
            answers = Answers(options, LocalStore.open(Path(options.home)))
            while True:
                _reply(line, answers.answer(_job(line)))
        except (EOFError, ConnectionError):
            return


if __name__ == "__main__":
    main()
