"""What passes between the proxy and a worker: a JSON head and raw bytes in, the same out at the other end.

One frame is three lengths (unsigned 32 bit, big-endian), the head as JSON, and two runs of bytes. Plain JSON and
memcpy: a 2 MB body costs about 1 ms each way.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any

from headroom_wrap.segment import Outcome
from headroom_wrap.store.packed import packed as stored
from headroom_wrap.store.packed import unpacked

LENGTHS = struct.Struct(">III")


@dataclass(frozen=True, slots=True)
class Frame:
    """`head` is JSON; of a job, `body` is the request body (or the history of a WebSocket) and `tail` the message."""

    head: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    tail: bytes = b""


def packed(frame: Frame) -> bytes:
    """-> the lengths and the head; the body and the tail follow as they are, uncopied."""
    head = json.dumps(frame.head).encode()
    return LENGTHS.pack(len(head), len(frame.body), len(frame.tail)) + head


def written(outcomes: tuple[Outcome, ...]) -> bytes:
    """-> outcomes for the ledger: `text` only says whether something else was sent, the store has the text."""
    rows = [
        (
            *(o.text is not None, o.compressor, o.omitted, o.ref, o.before, o.after, o.why, o.tool),
            *(o.replayed, o.missed, o.marks),
        )
        for o in outcomes
    ]
    return json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass")


def outcomes(tail: bytes) -> tuple[Outcome, ...]:
    """-> what `written` wrote."""
    if not tail:
        return ()
    rows = json.loads(tail.decode("utf-8", "surrogatepass"))
    return tuple(Outcome("" if changed else None, *rest) for changed, *rest in rows)


def listed(unsettled: Mapping[bytes, Outcome]) -> dict[str, str]:
    """-> outcomes by the name of their decision, for a head."""
    return {name.hex(): stored(outcome).hex() for name, outcome in unsettled.items()}


def unlisted(head: Mapping[str, str]) -> dict[bytes, Outcome]:
    """-> what `listed` wrote."""
    return {bytes.fromhex(name): unpacked(bytes.fromhex(outcome)) for name, outcome in head.items()}


class Unsettled:
    """What the workers have sent as it came because the store could not be written, as `listed` writes it.

    Kept beside them all and given to each with its job, so that none decides otherwise what another has sent.
    """

    def __init__(self) -> None:
        self._listed: dict[str, str] = {}

    def given(self, job: Frame) -> Frame:
        """-> the job with what is unsettled now."""
        return Frame({**job.head, "unsettled": dict(self._listed)}, job.body, job.tail)

    def learn(self, job: Frame, reply: Frame) -> None:
        """Note what a worker has found, and forget what it could store; other workers have replied meanwhile."""
        left = reply.head.pop("unsettled", {})
        for name in job.head["unsettled"].keys() - left.keys():
            self._listed.pop(name, None)
        self._listed.update(left)


def version() -> str:
    """-> the version of the package as it is installed now; "" in a checkout that isn't."""
    try:
        return installed("headroom-wrap")
    except PackageNotFoundError:
        return ""
