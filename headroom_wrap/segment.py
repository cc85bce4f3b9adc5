"""The few types that travel along the data path, and nothing else: no imports of ours, no I/O.

A wire reads a `Request` of `Segment`s out of a body; a `Compressor` answers a segment with a `Compressed`; what became
of it is an `Outcome`; a request and its response are an `Exchange`, with the provider's own `Usage`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """Where a JSON string literal stands in the decoded body: characters [start, end), quotes included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text in a request that may be compressed: one tool result, or one text block of it.

    `call` is what the tool was asked: the command of a shell tool, otherwise its arguments as `name=value name=value`.
    `path` is the file that the result shows, where the call names one. `goal` is the last user text and the assistant
    text just before the call, each at most `GOAL_CHARS` long; `said` is that assistant text alone, `thought` what the
    agent thought aloud before the call, at most as long. `error`: the agent marked the result as an error.
    `way_back` is the command with which this very request can fetch an original ("headroom get"); empty: nothing may
    be left out. `ref` is the reference under which the original will be stored, for markers.
    """

    text: str
    tool: str = ""
    call: str = ""
    path: str = ""
    goal: str = ""
    said: str = field(default="", kw_only=True)
    thought: str = field(default="", kw_only=True)
    error: bool = False
    way_back: str = ""
    ref: str = ""
    span: Span = field(default=Span(0, 0), compare=False)
    digest: bytes = field(default=b"", compare=False)

    @property
    def intent(self) -> str:
        """-> all that tells what the agent is about to do."""
        return f"{self.thought}\n{self.said}".strip()

    def fingerprint(self) -> bytes:
        """-> a hash of what its decision depends on; `digest` holds it where a wire has computed it once already."""
        return self.digest or fingerprint(self.tool, self.call, self.goal, str(self.error), self.text)


def fingerprint(*texts: str) -> bytes:
    """-> a SHA-256 of texts, each with its length, so that no two lists of texts look alike."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


GOAL_CHARS = 6000
HOLDOUT = "holdout"
"""Why a segment of a conversation that is left untouched, to compare the others with, is sent as it came."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """What a compressor makes of a segment. `omitted` says what was left out ("188 of 200 matches").

    Empty `omitted`: nothing was lost, and the form can be reversed by reading it.
    """

    text: str
    omitted: str = ""


Compressor = Callable[[Segment], Compressed | None]
"""None: not mine."""


@dataclass(frozen=True, slots=True)
class Written:
    """Text that the agent itself wrote with a tool (Write, Edit) and that stands before segment `before`."""

    text: str
    path: str
    before: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a wire read from one decoded body, in the order in which it stands there.

    `tools`: the names of the tools that the request offers; a shell tool among them may be called "Bash", "exec", …
    `first`: the text of the first user message, from which a session without an id of its own is named.
    `clears`: the provider is asked to drop or to sum up old turns by itself, so no text may lean on an earlier one.
    `called`: the tool of every call in it, in order. `fixed`: the system prompt and the tool definitions as they stand
    in the body, for their size.
    """

    segments: tuple[Segment, ...]
    tools: tuple[str, ...] = ()
    model: str = ""
    written: tuple[Written, ...] = ()
    first: str = ""
    clears: bool = False
    called: tuple[str, ...] = ()
    fixed: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a segment: decided once, stored before the bytes leave, replayed from then on; one ledger row.

    `text` is what is sent instead, None: the segment is sent as it came, and `why` says why ("small", "not smaller",
    "no compressor", "kept whole: wanted in full", "no line safe to leave out (file just named)", "error result",
    "raised ValueError in search", "stopped after 2 s in logs"). `compressor` joins the names of all that had a part
    with "+". `before` and `after` are o200k tokens. `replayed`: decided earlier.
    `missed`: this result shows again what an earlier form left out: the kind and the reference (`misses.missed`).
    `marks`: how many of the `after` tokens are markers.
    """

    text: str | None
    compressor: str = ""
    omitted: str = ""
    ref: str = ""
    before: int = 0
    after: int = 0
    why: str = ""
    tool: str = ""
    replayed: bool = field(default=False, compare=False)
    missed: str = ""
    marks: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """The provider's own token counts for one response; `input` is what was neither read from nor written to a cache.

    None: the provider did not say. OpenAI and Gemini report prompt tokens that include the cached ones; a wire
    subtracts them, so that `input + cache_read + cache_write + cache_write_1h` is the whole prompt on every wire.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, as the ledger keeps it. Times are seconds since the epoch; no prompt text.

    `conversation`: a hash of its first user message. `login`: it came with a subscription's login, not with an API key.
    `called`: the tools of all its calls so far. `fixed`: o200k tokens of the system prompt (under the name "") and of
    each tool's definition. `injected`: those of the tools that we added.
    """

    session: str
    agent: str
    wire: str
    model: str
    started: float
    ended: float = 0.0
    status: int = 0
    usage: Usage = Usage()
    outcomes: tuple[Outcome, ...] = ()
    body_before: int = 0
    body_after: int = 0
    problem: str = ""
    project: str = ""
    conversation: str = ""
    login: bool = False
    called: tuple[str, ...] = ()
    fixed: tuple[tuple[str, int], ...] = ()
    injected: int = 0
