"""A session in; every result of it that was changed, as it came beside what was sent instead, out, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headroom_wrap.ledger import Ledger, Sent
from headroom_wrap.segment import Outcome
from headroom_wrap.store import UnknownRef
from headroom_wrap.store.local import LocalStore


@dataclass(frozen=True, slots=True)
class Pair:
    """A result that was new in request `turn`. `call`: what the tool was asked, its first 500 characters.

    `original` and `sent` are None where they can't be had, and `problem` says why. Of a result that was sent as it came
    nothing is kept, so both are None and `problem` is empty.
    """

    turn: int
    row: Sent
    call: str = ""
    original: str | None = None
    sent: str | None = None
    problem: str = ""


def pairs(home: Path, session: str) -> Iterator[Pair]:
    """-> the results of a session, in the order in which they were sent first. Raises store.Unavailable."""
    ledger, store = Ledger(home), LocalStore(home)
    try:
        for turn in ledger.turns(session):
            yield from (_pair(store, turn.number, row) for row in turn.sent)
    finally:
        ledger.close()
        store.close()


def _pair(store: LocalStore, turn: int, row: Sent) -> Pair:
    if not row.changed:
        return Pair(turn, row)
    form = _form(row, store.forms(row.ref))
    lost = "" if form is not None else "what was sent is no longer stored: its decision was removed"
    try:
        original = store.objects.original(row.ref)
    except UnknownRef as error:
        return Pair(turn, row, sent=form, problem=f"original {error}")
    return Pair(turn, row, original.call, original.text, form, lost)


def _form(row: Sent, outcomes: tuple[Outcome, ...]) -> str | None:
    """-> the text that this row tells of: one text may have become another in another conversation."""
    wanted = (row.compressor, row.omitted, row.before, row.after)
    fitting = [o.text for o in outcomes if (o.compressor, o.omitted, o.before, o.after) == wanted]
    return fitting[0] if fitting else None
