"""What passes between the proxy and a worker: a JSON head and raw bytes in, the same out at the other end.

One frame is three lengths (unsigned 32 bit, big-endian), the head as JSON, and two runs of bytes. Plain JSON and
memcpy: a 2 MB body costs about 1 ms each way.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

from headroom_wrap.segment import Outcome

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
