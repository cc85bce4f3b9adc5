"""One exchange in, its rows out: what is new in it, what its removed tokens would have been billed as, our costs."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headroom_wrap.ledger.tables import PROMPT
from headroom_wrap.segment import HOLDOUT, Exchange, Outcome, Usage

PARENTS = 64
"""How many of a session's last requests may hold the one that this request continues (subagents interleave)."""
SAMPLE_TOKENS = 1000
"""O200k tokens of new results from which on a request tells how the model counts: what wraps them is then under 3 %."""
SAMPLE_OUTPUT = 0.1
"""The most that the answer before may be of what is new: how much of its thinking is sent again is not reported."""
SAMPLE_RANGE = (0.5, 3.0)
"""No tokenizer counts outside of this; a request that does lost or gained something else (an image, a compaction)."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The request that another continues: how many of its segments and calls stood there, what it billed.

    `prompt`: all its prompt tokens as reported; `same`: it was of the same conversation and model.
    """

    segments: int = 0
    prompt: int = 0
    output: int = 0
    same: bool = False


class Saved(NamedTuple):
    """Removed tokens by what the provider would have billed them as; None: it reported nothing."""

    input: float | None = None
    read: float | None = None
    write: float | None = None
    write_1h: float | None = None


def record(connection: sqlite3.Connection, exchange: Exchange) -> None:
    """Add an exchange, and the segments and calls that no earlier request of its conversation carried.

    `held`: whether the conversation is in the holdout, None where no segment says so. `arrived`: the fingerprint of its
    segments as they came. `broke`: tokens that the provider had to write again because we sent what it knew in another
    form (never, if our promises hold). `again`: the part of the exchange that was made for what we had left out.
    `ratio`: how many of the model's own tokens an o200k token of its new results made.
    """
    chains, arrived = _chains(exchange.outcomes), _arrived(exchange.outcomes)
    parent = _parent(connection, exchange, chains)
    new = exchange.outcomes[parent.segments :]
    broke = _broken(connection, exchange, chains, arrived)
    ok = 0 < exchange.status < 400
    saved = _saved(exchange, parent, broke) if ok else Saved()
    usage = exchange.usage
    row = {
        **{name: _plain(getattr(exchange, name)) for name in _TEXTS},
        **{name: getattr(exchange, name) for name in ("started", "ended", "status", "body_before", "body_after")},
        **{name: getattr(usage, name) for name in _COUNTS},
        **{f"saved_{name}": value for name, value in saved._asdict().items()},
        "ok": ok, "login": exchange.login, "injected": exchange.injected, "broke": broke if ok else 0,
        "segments": len(exchange.outcomes), "chain": chains[-1], "arrived": arrived[-1],
        "removed": sum(map(removed, exchange.outcomes)), "held": _held(exchange.outcomes),
        "again": sum(o.missed.startswith(("get ", "read ")) for o in new) / len(new) if new else 0.0,
        "ratio": _ratio(exchange, parent, new) if ok else None, "calls": len(exchange.called),
        "fixed": _fixed(connection, exchange.fixed),
    }  # fmt: skip
    number = _added(connection, "exchanges", row)
    calls = Counter(map(_plain, exchange.called[_called(connection, exchange, number) :]))
    for tool, count in calls.items() if ok else ():
        _added(connection, "calls", {"exchange": number, "tool": tool, "number": count})
    for outcome in new:
        _added(connection, "outcomes", {"exchange": number, **_outcome(outcome)})


def removed(outcome: Outcome) -> int:
    """-> the tokens that a segment lost, 0 where it was sent as it came."""
    return 0 if outcome.text is None else outcome.before - outcome.after


def _outcome(o: Outcome) -> dict[str, object]:
    texts = {name: _plain(getattr(o, name)) for name in ("tool", "compressor", "omitted", "ref", "why")}
    counts = {"before": o.before, "after": o.before - removed(o), "changed": o.text is not None}
    return {**texts, **counts, "missed": o.missed, "marks": o.marks, "replayed": o.replayed}


def _saved(exchange: Exchange, parent: Parent, broke: int) -> Saved:
    """-> an exchange's removed tokens, by price: what stood in the conversation's cache, and the new part.

    The segments of the request before, whose whole prompt had `parent.prompt` tokens, would have been read from the
    cache as far as the provider read that prompt now; what it read first is system prompt and tools. In a
    conversation first seen here (a fork, a resumed session), the replayed segments were cached as far as the whole
    prompt was. What we added is subtracted in the same way: a tool's definition stands in front of everything, and
    what a break of ours made it write again would have been read.
    """
    usage = exchange.usage
    if usage == Usage(output=usage.output):
        return Saved()
    plain, read, write, write_1h = (
        count or 0 for count in (usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h)
    )
    if parent.segments:
        old, prompt = sum(map(removed, exchange.outcomes[: parent.segments])), parent.prompt
    else:
        old = sum(removed(outcome) for outcome in exchange.outcomes if outcome.replayed)
        prompt = plain + read + write + write_1h
    front = min(read, sum(tokens for _, tokens in exchange.fixed))
    warm = old * min(1.0, (read - front) / (prompt - front)) if prompt > front else 0.0
    new = sum(map(removed, exchange.outcomes)) - warm
    ours = min(read, exchange.injected)
    warm, new = warm - ours + broke, new - (exchange.injected - ours) - broke
    uncached = plain + write + write_1h
    if not uncached:
        return Saved(new, warm, 0.0, 0.0)
    return Saved(new * plain / uncached, warm, new * write / uncached, new * write_1h / uncached)


def _ratio(exchange: Exchange, parent: Parent, new: Sequence[Outcome]) -> float | None:
    """-> reported tokens for each o200k token of the new results, where the results are nearly all that is new."""
    counted = sum(outcome.before - removed(outcome) for outcome in new)
    if not parent.same or counted < SAMPLE_TOKENS or parent.output > SAMPLE_OUTPUT * counted:
        return None
    ratio = (_prompt(exchange.usage) - parent.prompt - parent.output) / counted
    return ratio if SAMPLE_RANGE[0] < ratio < SAMPLE_RANGE[1] else None


def _broken(connection: sqlite3.Connection, exchange: Exchange, chains: list[bytes], arrived: list[bytes]) -> int:
    """-> how much of the request before the provider no longer knew because we sent it differently."""
    if not exchange.conversation or len(arrived) == 1:
        return 0
    values = (_plain(exchange.session), _plain(exchange.conversation))
    rows = connection.execute(_BEFORE, values).fetchall()
    for segments, chain, came, prompt in rows:
        if 0 < segments < len(arrived) and came == arrived[segments]:
            changed = chain != chains[segments]
            return max(0, int(prompt) - (exchange.usage.cache_read or 0)) if changed else 0
    return 0


def _parent(connection: sqlite3.Connection, exchange: Exchange, chains: Sequence[bytes]) -> Parent:
    """-> the request that this one continues: of those whose segments it begins with, the one with the most."""
    best = Parent()
    for segments, chain, prompt, output, conversation, model in connection.execute(
        _PARENTS, (_plain(exchange.session), PARENTS)
    ).fetchall():
        if segments < len(chains) and chains[segments] == chain:
            same = bool(conversation) and (conversation, model) == (exchange.conversation, _plain(exchange.model))
            if (segments, same) > (best.segments, best.same) or best == Parent():
                best = Parent(segments, prompt, output or 0, same)
    return best


def _called(connection: sqlite3.Connection, exchange: Exchange, number: int) -> int:
    """-> how many of the conversation's calls an earlier request of the session carried."""
    values = (_plain(exchange.session), _plain(exchange.conversation), len(exchange.called), number)
    rows = connection.execute(_CALLED, values).fetchall()
    return int(rows[0][0] or 0)


def _fixed(connection: sqlite3.Connection, parts: Sequence[tuple[str, int]]) -> int | None:
    """-> the number of a list of tool definitions; the same list is kept once."""
    if not parts:
        return None
    named = [(_plain(name), tokens) for name, tokens in parts]
    digest = hashlib.sha256(repr(named).encode()).digest()[:12]
    if found := connection.execute("SELECT id FROM fixed WHERE digest = ?", (digest,)).fetchone():
        return int(found[0])
    number = _added(connection, "fixed", {"digest": digest, "tokens": sum(tokens for _, tokens in named)})
    for name, tokens in named:
        _added(connection, "fixed_parts", {"fixed": number, "name": name, "tokens": tokens})
    return number


def _held(outcomes: Sequence[Outcome]) -> bool | None:
    return any(outcome.why == HOLDOUT for outcome in outcomes) if outcomes else None


def _prompt(usage: Usage) -> int:
    return sum(count or 0 for count in (usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h))


def _chains(outcomes: Sequence[Outcome]) -> list[bytes]:
    """-> for every n, the fingerprint of the first n outcomes: a request continues the one whose last it contains."""
    return _running([f"{o.tool}\0{o.ref}\0{o.before}\0{o.after}\1" for o in outcomes])


def _arrived(outcomes: Sequence[Outcome]) -> list[bytes]:
    """-> the same of the segments as they came, as far as the ledger knows them."""
    return _running([f"{o.tool}\0{o.before}\1" for o in outcomes])


def _running(texts: Sequence[str]) -> list[bytes]:
    running = hashlib.sha256()
    out = [running.digest()[:12]]
    for text in texts:
        running.update(text.encode("utf-8", "surrogatepass"))
        out.append(running.digest()[:12])
    return out


def _added(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> int:
    marks = ", ".join("?" * len(row))
    done = connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    return done.lastrowid or 0


def _plain(text: str) -> str:
    """-> a text that SQLite takes: lone surrogates, which JSON allows in a tool's name, become question marks."""
    return text.encode("utf-8", "replace").decode()


_TEXTS = ("session", "agent", "wire", "model", "project", "problem", "conversation")
_COUNTS = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
_PARENTS = f"""
    SELECT segments, chain, {PROMPT}, output, conversation, model
    FROM exchanges WHERE session = ? AND ok ORDER BY id DESC LIMIT ?
"""
_BEFORE = f"""
    SELECT segments, chain, arrived, {PROMPT} FROM exchanges
    WHERE session = ? AND conversation = ? AND ok AND arrived != x'' ORDER BY id DESC LIMIT 4
"""
_CALLED = "SELECT max(calls) FROM exchanges WHERE session = ? AND conversation = ? AND ok AND calls <= ? AND id != ?"
