"""Rows in; the list of sessions, and of one its requests with every segment of each, out: down to a single result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headroom_wrap.ledger.sums import Totals
from headroom_wrap.ledger.tables import IN_WINDOW, PROMPT, REPORTED, Window
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


@dataclass(frozen=True, slots=True)
class Listed:
    """A session in a list. `requests`: answered or not; `effect`: the share of its bill that was saved, None: unknown.

    `before`, `after`: o200k tokens of its tool results.
    """

    session: str
    agent: str
    project: str
    started: float
    requests: int
    before: int
    after: int
    effect: float | None


def turns(database: Database, session: str) -> tuple[Turn, ...]:
    """-> the requests of a session, in their order; none for an unknown one."""
    segments: dict[int, list[Sent]] = {}
    for number, *values, changed, replayed, missed, marks in database.read(_SEGMENTS, (session,)):
        sent = Sent(*[*values, bool(changed), bool(replayed), missed, marks])
        segments.setdefault(number, []).append(sent)
    rows = database.read(_TURNS, (session,))
    return tuple(Turn(*[count, *row[1:], tuple(segments.get(row[0], ()))]) for count, row in enumerate(rows, 1))


def listed(database: Database, window: Window, sums: Mapping[str, Totals]) -> tuple[Listed, ...]:
    """-> the sessions of a window, the latest first, with the `sums` of each by its name."""
    nothing = Totals()  # of one that began after the sums were made
    found = ((row, sums.get(str(row[0]), nothing)) for row in database.read(_LISTED, window._asdict()))
    return tuple(Listed(*[*row, each.before, each.after, each.effect]) for row, each in found)


def known(database: Database, start: str, most: int) -> tuple[str, ...]:
    """-> the sessions whose name begins like this: one of that very name first, then the latest."""
    like = start.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = database.read(_KNOWN, (like, start, most))
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
    SELECT session FROM exchanges WHERE session LIKE ? || '%' ESCAPE '\\' GROUP BY 1
    ORDER BY session = ? DESC, max(id) DESC LIMIT ?
"""
_LISTED = f"""
    SELECT session, group_concat(DISTINCT agent), group_concat(DISTINCT project), min(started), count(*)
    FROM exchanges WHERE {IN_WINDOW} GROUP BY 1 ORDER BY max(id) DESC
"""
