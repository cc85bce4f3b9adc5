"""What must go in, what went out: originals past their time expire to tombstones, purged ones leave nothing behind."""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections.abc import Collection, Iterator
from typing import NamedTuple

from headroom_wrap.marker import valid
from headroom_wrap.segment import Outcome
from headroom_wrap.store import unavailable
from headroom_wrap.store.database import NAME, Database
from headroom_wrap.store.objects import Kept, Objects
from headroom_wrap.store.packed import unpacked

DAY = 86400.0
GRACE = 3600.0
"""Seconds for which an original is safe from the size limit: its request may not stand in the ledger yet."""
DRAFT = 60.0
"""Seconds after which nobody writes on at a draft: its writer was killed."""
_WORD = re.compile(r"\b[0-9a-hjkmnp-tv-z]{11,52}\b")


class Limits(NamedTuple):
    """How long unused originals are kept, and how much of the disk all of them together may take."""

    keep_days: float
    keep_bytes: int


class Doomed(NamedTuple):
    """What a purge removes: what stands under `refs` and not under `kept`, what was last used `before` an epoch time,
    or everything."""

    refs: frozenset[str]
    kept: frozenset[str]
    before: float
    everything: bool


class Removed(NamedTuple):
    """What a sweep or a purge took away. `bytes` is disk space of originals."""

    originals: int
    bytes: int
    decisions: int


def refs_in(outcome: Outcome) -> frozenset[str]:
    """-> every reference that an outcome needs: of the whole original, and of the payloads that its markers name."""
    found = {word for word in _WORD.findall(outcome.text or "") if valid(word)}
    return frozenset(found | {outcome.ref} - {""})


def needed(database: Database, refs: Collection[str]) -> frozenset[str]:
    """-> these references and those that the markers of their decisions name."""
    rows = [
        row
        for ref in refs
        for row in database.read("SELECT outcome FROM decisions WHERE ref = ? AND ref != ''", (ref,))
    ]
    return frozenset(refs).union(*(refs_in(unpacked(packed)) for (packed,) in rows))


def sweep(objects: Objects, database: Database, limits: Limits, protected: frozenset[str]) -> Removed:
    """-> what expired: first what is unused for too long, then the oldest unused until the rest fits."""
    cutoff = time.time() - limits.keep_days * DAY
    protected = needed(database, protected)
    try:
        safe = {path.name for ref in protected for path in objects.paths(ref)}
        objects.tidy(cutoff)
        doomed = list(_expired(list(objects.files()), safe, cutoff, limits.keep_bytes))
        # The rows go first: who replays one has renewed it, or finds it gone and keeps the text again.
        forgotten = _forget(database, {kept.ref for kept in doomed}, cutoff, protected, time.time() - GRACE)
        expired = [kept for kept in doomed if objects.expire(kept)]
    except OSError as error:
        raise unavailable(objects.root, error) from error
    return Removed(len(expired), sum(kept.size for kept in expired), forgotten)


def _expired(all_kept: list[Kept], safe: Collection[str], cutoff: float, keep_bytes: int) -> Iterator[Kept]:
    held = sum(kept.size for kept in all_kept)
    young = time.time() - GRACE
    for kept in sorted(all_kept, key=lambda kept: kept.used):
        too_many = held > keep_bytes and kept.used < young
        if kept.path.name not in safe and (kept.used < cutoff or too_many):
            held -= kept.size
            yield kept


def purge(objects: Objects, database: Database, doomed: Doomed) -> Removed:
    """-> what was removed for good: files unlinked, database pages overwritten and given back."""
    originals = size = 0
    refs = needed(database, doomed.refs) - doomed.kept
    try:
        named = {path for ref in refs for path in objects.paths(ref)}
        for kept in objects.files(tombstones=True):
            if doomed.everything or kept.path in named or kept.used < doomed.before:
                kept.path.unlink(missing_ok=True)
                originals, size = originals + (not kept.expired), size + kept.size
        if doomed.everything:
            objects.tidy(time.time() - DRAFT)
            for damaged in database.path.parent.glob(f"{NAME}.corrupt-*"):
                damaged.unlink(missing_ok=True)
    except OSError as error:
        raise unavailable(objects.root, error) from error
    before = time.time() + DAY if doomed.everything else doomed.before
    forgotten = _forget(database, refs, before, frozenset(), math.inf)
    database.compact()
    return Removed(originals, size, forgotten)


def _forget(
    database: Database, refs: Collection[str], before: float, protected: Collection[str], unused_since: float
) -> int:
    """-> how many decisions were removed: those last used `before` that aren't protected, and those of `refs` that
    were not used since `unused_since`."""

    def delete(connection: sqlite3.Connection) -> int:
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS safe (ref TEXT PRIMARY KEY)")
        connection.execute("DELETE FROM safe")
        connection.executemany("INSERT OR IGNORE INTO safe VALUES (?)", [(ref,) for ref in protected])
        of_refs = "DELETE FROM decisions WHERE ref = ? AND ref != '' AND used < ?"
        named = connection.executemany(of_refs, [(ref, unused_since) for ref in refs]).rowcount
        old = "DELETE FROM decisions WHERE used < ? AND ref NOT IN (SELECT ref FROM safe)"
        return max(named, 0) + connection.execute(old, (before,)).rowcount

    return database.write(delete)
