"""A session's rows in; its requests, and every segment of each, out: for drilling down to what became of one result."""

from __future__ import annotations

from dataclasses import dataclass

from headroom_wrap.ledger.tables import PROMPT, REPORTED
from headroom_wrap.store.database import Database


@dataclass(frozen=True, slots=True)
class Sent:
    """A segment in the first request of its conversation that carried it: one ledger row. Tokens are o200k.

    `replayed`: it had been decided in an earlier session. `marks`: tokens of markers in `after`.
    """

    tool: str
    compressor: str
    omitted: str
    ref: str
    before: int
    after: int
    why: str
    changed: bool
    replayed: bool
    missed: str
    marks: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A request of a session. `prompt`: all its tokens as reported, None: it came without counts.

    `removed`: o200k tokens missing from its body, resends counted again; `sent`: the segments that were new in it.
    """

    number: int
    started: float
    agent: str
    model: str
    conversation: str
    status: int
    problem: str
    prompt: int | None
    output: int | None
    cache_read: int | None
    cache_write: int | None
    removed: int
    sent: tuple[Sent, ...] = ()


def turns(database: Database, session: str) -> tuple[Turn, ...]:
    """-> the requests of a session, in their order; none for an unknown one."""
    segments: dict[int, list[Sent]] = {}
    for number, *values, changed, replayed, missed, marks in database.read(_SEGMENTS, (session,)):
        sent = Sent(*[*values, bool(changed), bool(replayed), missed, marks])
        segments.setdefault(number, []).append(sent)
    rows = database.read(_TURNS, (session,))
    return tuple(Turn(*[count, *row[1:], tuple(segments.get(row[0], ()))]) for count, row in enumerate(rows, 1))


def known(database: Database, start: str, most: int = 5) -> tuple[str, ...]:
    """-> the sessions whose name begins like this, the latest first."""
    rows = database.read(_KNOWN, (start.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"), most))
    return tuple(str(row[0]) for row in rows)


_TURNS = f"""
    SELECT id, started, agent, model, conversation, status, problem, CASE WHEN ok AND {REPORTED} THEN {PROMPT} END,
        output, cache_read, CASE WHEN coalesce(cache_write, cache_write_1h) IS NOT NULL
            THEN coalesce(cache_write, 0) + coalesce(cache_write_1h, 0) END, removed
    FROM exchanges WHERE session = ? ORDER BY id
"""
_SEGMENTS = """
    SELECT exchange, outcomes.tool, compressor, omitted, ref, before, after, why, changed, replayed, missed, marks
    FROM outcomes JOIN exchanges ON exchange = id WHERE session = ? ORDER BY exchange, outcomes.rowid
"""
_KNOWN = """
    SELECT session FROM exchanges WHERE session LIKE ? || '%' ESCAPE '\\' GROUP BY 1 ORDER BY max(id) DESC LIMIT ?
"""
