"""DESIGN's promises as functions: a design and a conversation in, how many results it changed out; AssertionError where
the design breaks the promise. The product and the known-bad designs of `test_mutants.py` run through the same ones."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from json.decoder import scanstring  # type: ignore[attr-defined]
from math import inf
from pathlib import Path
from typing import Any

from headroom_wrap import envelope, tokens
from headroom_wrap.proxy.frames import Frame, Unsettled
from headroom_wrap.proxy.options import Options
from headroom_wrap.proxy.worker import Answers
from headroom_wrap.rewrite import Rewritten
from headroom_wrap.route import Policy
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.store.database import NAME, Database
from headroom_wrap.store.local import MIGRATIONS, LocalStore
from headroom_wrap.wire import Wire
from tests.strategies import PLAIN, POLICY, TAIL, Style, Turn, body

Design = Callable[..., Rewritten]
"""(body, wire, store, policy, *, decide=True) -> Rewritten, as `headroom_wrap.rewrite.rewrite`."""

REF = re.compile(r"headroom get ([0-9a-hjkmnp-tv-z]{11,})")


@contextmanager
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def first(design: Design, came: bytes, wire: Wire, policy: Policy = POLICY) -> tuple[Rewritten, int]:
    """-> what a design makes of a body that it sees for the first time, and how many results it changed."""
    with home() as folder:
        made = design(came, wire, LocalStore.open(folder), policy)
    return made, changed(made)


def changed(made: Rewritten) -> int:
    return sum(outcome.text is not None for outcome in made.outcomes)


def nothing_else_moves(design: Design, came: bytes, wire: Wire) -> int:
    """Outside the strings of changed results the bytes are the same; without a change it is the same object."""
    made, number = first(design, came, wire)
    if number == 0:
        assert made.body is came
        return 0
    before, after, read, sent = came.decode(), made.body.decode(), 0, 0
    for segment, outcome in zip(wire.read(before).segments, made.outcomes, strict=True):
        between = segment.span.start - read
        assert after[sent : sent + between] == before[read : segment.span.start]
        sent, read = sent + between, segment.span.end
        assert after[sent] == '"'
        text, end = scanstring(after, sent + 1)
        if outcome.text is None:
            assert after[sent:end] == before[segment.span.start : segment.span.end]
        else:
            assert text == outcome.text
        sent = end
    assert after[sent:] == before[read:]
    return number


def history_stays_put(
    design: Design, conversation: Sequence[Turn], wire: Wire, disruptions: Sequence[str] = (), style: Style = PLAIN
) -> int:
    """What is sent for n turns, without its closing brackets, starts what is sent for n + 1, whatever came between."""
    earlier, number = b"", 0
    with home() as folder:
        store = LocalStore.open(folder)
        for count in range(1, len(conversation) + 1):
            disruption = disruptions[count % len(disruptions)] if disruptions else ""
            if disruption == "restart":
                store.close()
                store = LocalStore.open(folder)
            came = body(wire, conversation[:count], style)
            with unusable(folder, store) if disruption == "unavailable" else nullcontext():
                made = design(came, wire, store, DISRUPTED.get(disruption, POLICY), decide=disruption != "stopped")
            assert made.body.startswith(earlier), f"after {count} turns and {disruption or 'nothing'}"
            earlier, number = made.body.removesuffix(TAIL.encode()), changed(made)
        store.close()
    return number


def history_stays_put_among_workers(
    conversation: Sequence[Turn], wire: Wire, plan: Sequence[tuple[int, bool]], between: Callable[[], Unsettled]
) -> int:
    """The same with a turn at each worker of the plan, while another process holds the database's lock or doesn't.

    `between`: makes what the workers share besides the database; it is asked at each turn.
    """
    earlier, number = b"", 0
    with home() as folder:
        workers = [Answers(Options(str(folder)), LocalStore.open(folder)) for _ in range(2)]
        for count, (place, held) in zip(range(1, len(conversation) + 1), plan, strict=False):
            came = body(wire, conversation[:count])
            head = {"kind": "body", "path": PATHS[wire.name], "encoding": "", "decide": True}
            shared = between()
            job = shared.given(Frame(head, came))
            with locked(folder) if held else nullcontext():
                reply = workers[place].answer(job)
            shared.learn(job, reply)
            sent = reply.body or came
            assert sent.startswith(earlier), f"after {count} turns, by worker {place}, {'un' * (not held)}locked"
            earlier, number = sent.removesuffix(TAIL.encode()), number + reply.head["changed"]
    return number


def everything_comes_back(design: Design, came: bytes, wire: Wire) -> int:
    """Every reference in what is sent, and every outcome's own, gives the exact text to another opener of the store."""
    with home() as folder:
        made = design(came, wire, LocalStore.open(folder), POLICY)
        later = LocalStore.open(folder)
        for segment, outcome in zip(wire.read(came.decode()).segments, made.outcomes, strict=True):
            if outcome.text is not None:
                assert later.restore(outcome.ref) == segment.text
                texts = {segment.text, *(piece.text for piece in envelope.pieces(segment.text))}
                assert {later.restore(ref) for ref in REF.findall(outcome.text)} <= texts
                assert bool(REF.search(outcome.text)) == bool(outcome.omitted)
    return changed(made)


def never_larger(design: Design, came: bytes, wire: Wire) -> int:
    """No result takes more tokens than it did, and the outcome says the true counts."""
    made, number = first(design, came, wire)
    arrived, sent = wire.read(came.decode()).segments, wire.read(made.body.decode()).segments
    for before, after, outcome in zip(arrived, sent, made.outcomes, strict=True):
        assert (outcome.before, outcome.after) == (tokens.count(before.text), tokens.count(after.text))
        assert outcome.after <= outcome.before
    return number


def errors_survive(design: Design, conversation: Sequence[Turn], wire: Wire) -> int:
    """Every planted line stands verbatim in the results as sent."""
    made, number = first(design, body(wire, conversation), wire)
    lines = "\n".join(segment.text for segment in wire.read(made.body.decode()).segments).split("\n")
    for each in conversation:
        for needle in each.needles:
            assert any(needle in line for line in lines), needle
    return number


def never_in_the_way(design: Design, came: bytes, wire: Wire, bad: Callable[[Segment], Any]) -> int:
    """With a compressor that misbehaves the very bytes that came are sent, and each result's outcome says why."""
    policy = replace(POLICY, stack=(bad,), stop_after=0.5)
    made, _ = first(design, came, wire, policy)
    assert made.body is came
    assert made.problem == ""
    assert all(outcome.why for outcome in made.outcomes)
    return sum(outcome.why not in ("small", "error result") for outcome in made.outcomes)


def near_linear(design: Design, wire: Wire, unit: str, length: int = 40_000) -> int:
    """Twice the text takes at most three times as long (and 60 ms), the fastest of up to five runs each: what else the
    machine does meanwhile can double a run's time, also that of its own processor."""

    def seconds(count: int) -> float:
        text = "".join(f"{unit}{number if unit.endswith(' ') else ''}" for number in range(count // len(unit)))
        came = body(wire, [Turn("Bash", {"command": "x"}, text)])
        started = time.thread_time()
        first(design, came, wire)
        return time.thread_time() - started

    once = twice = inf
    for _ in range(5):
        once, twice = min(once, seconds(length)), min(twice, seconds(2 * length))
        if twice <= 3 * once + 0.06:
            break
    assert twice <= 3 * once + 0.06, f"{once:.3f} s, then {twice:.3f} s"
    return 1


def raises(segment: Segment) -> Compressed | None:
    raise ValueError(segment.text[:9])


def nothing(segment: Segment) -> Compressed | None:
    """The compressor of a version that has no compressors."""


def hangs(segment: Segment) -> Compressed | None:
    while segment:
        pass
    return None


DISRUPTED = {
    "upgrade": replace(POLICY, stack=(nothing,)),
    "raises": replace(POLICY, stack=(raises, *POLICY.stack)),
    "settings": replace(POLICY, floor=100_000),
    "way back": replace(POLICY, way_back="none"),
    "timeout": replace(POLICY, stack=(hangs,), stop_after=0.02),
}
DISRUPTIONS = ("", "restart", "stopped", *DISRUPTED)


PATHS = {
    "anthropic": "/v1/messages",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "gemini": "/v1beta/models/m:generateContent",
}


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Another process writes to the database and doesn't come to an end."""
    Database(home, MIGRATIONS).read("SELECT 1")
    with closing(sqlite3.connect(home / NAME, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def unusable(home: Path, store: LocalStore) -> Iterator[None]:
    """The database can be neither read nor written; afterwards it is as it was."""
    store.close()
    files = [(file, file.with_name(f"away-{file.name}")) for file in home.glob(f"{NAME}*")]
    for file, away in files:
        file.rename(away)
    (home / NAME).mkdir()
    try:
        yield
    finally:
        (home / NAME).rmdir()
        for file, away in files:
            away.rename(file)


def results(made: Rewritten, wire: Wire) -> list[str]:
    return [segment.text for segment in wire.read(made.body.decode()).segments]


def reserialised(sent: bytes) -> bytes:
    return json.dumps(json.loads(sent)).encode()
