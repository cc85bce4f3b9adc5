"""The store on this machine: originals in files, decisions in SQLite; keys in, outcomes out, the first writer wins."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from headroom_wrap.segment import Outcome
from headroom_wrap.store import Unavailable, unavailable
from headroom_wrap.store.database import Database
from headroom_wrap.store.objects import Objects
from headroom_wrap.store.packed import packed, unpacked
from headroom_wrap.store.retention import DAY, Doomed, Limits, Removed, needed, purge, refs_in, sweep

MIGRATIONS = (
    (
        "store 1: decisions",
        """
        CREATE TABLE decisions (
            key BLOB PRIMARY KEY, ref TEXT NOT NULL, used REAL NOT NULL, outcome BLOB NOT NULL
        );
        CREATE INDEX decisions_by_ref ON decisions (ref) WHERE ref != '';
        """,
    ),
)
CACHE_BYTES = 16 * 2**20
_CHUNK = 500


class LocalStore:
    """Originals and decisions of one user (`store.Store`); any number of processes and threads at once.

    Nothing is opened before it is needed. All methods raise `Unavailable` where the disk or the file fails.
    """

    def __init__(self, home: Path) -> None:
        self.objects = Objects(home)
        self._database = Database(home, MIGRATIONS)
        self._cache = _Cache(CACHE_BYTES)
        self._lock = threading.Lock()

    @classmethod
    def open(cls, home: Path) -> LocalStore:
        """-> the store under `home`, which is made when something is first written."""
        return cls(home)

    def keep(self, text: str, *, tool: str = "", call: str = "") -> str:
        """-> the reference of a text that is on disk when this returns. Raises Unavailable."""
        return self.objects.keep(text, tool=tool, call=call)

    def forms(self, ref: str) -> tuple[Outcome, ...]:
        """-> everything that was decided of the text with this reference, in any conversation. Raises Unavailable."""
        rows = self._database.read("SELECT outcome FROM decisions WHERE ref = ? AND ref != ''", (ref,))
        return tuple(unpacked(packed) for (packed,) in rows)

    def restore(self, ref: str) -> str:
        """-> the exact original. Raises UnknownRef."""
        return self.objects.original(ref).text

    def decided(self, keys: Sequence[bytes]) -> dict[bytes, Outcome]:
        """-> what was decided under these keys, by any process, ever, and is still kept.

        What was not used for a day is renewed first, so that retention starts anew; where that can't be written now, it
        is known all the same, and renewed the next time. Raises Unavailable, unless some are remembered: then those
        alone, for what was sent once must be sent again.
        """
        with self._lock:
            found = {key: outcome for key in keys if (outcome := self._cache.get(key)) is not None}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if not missing:
            return found
        try:
            rows = {key: (used, unpacked(raw)) for key, used, raw in self._rows(missing)}
        except Unavailable:
            if found:
                return found
            raise
        day_ago = time.time() - DAY
        try:
            gone = self._renewed({key: outcome for key, (used, outcome) in rows.items() if used < day_ago})
        except Unavailable:
            return found | {key: outcome for key, (_, outcome) in rows.items()}
        with self._lock:
            for key, (_, outcome) in rows.items():
                if key not in gone:
                    found[key] = outcome
                    self._cache.put(key, outcome)
        return found

    def decide(self, new: Mapping[bytes, Outcome]) -> dict[bytes, Outcome]:
        """-> what holds from now on (the first writer of a key wins), committed. Raises Unavailable."""
        if not new:
            return {}
        now = time.time()
        rows = [(key, outcome.ref, now, packed(outcome)) for key, outcome in new.items()]

        def insert(connection: sqlite3.Connection) -> bool:
            return connection.executemany("INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?)", rows).rowcount == len(
                rows
            )

        won_all = self._database.write(insert)
        holds = dict(new) if won_all else self._read_back(new)
        with self._lock:
            for key, outcome in holds.items():
                self._cache.put(key, replace(outcome, replayed=True))
        return holds

    def sweep(self, keep_days: float, keep_bytes: int, protected: Collection[str] = frozenset()) -> Removed:
        """Expire originals unused for `keep_days`, then the oldest until `keep_bytes` hold; never a protected ref.

        `protected`: what running sessions sent (`Ledger.refs`). An expired original leaves a tombstone with the command
        that produced it, for `keep_days` more. Raises Unavailable.
        """
        return sweep(self.objects, self._database, Limits(keep_days, keep_bytes), frozenset(protected))

    def shared(self, refs: Collection[str], others: Collection[str]) -> frozenset[str]:
        """-> of all that these references need, what the others need too. Raises Unavailable."""
        return needed(self._database, refs) & needed(self._database, others) if refs else frozenset()

    def purge(
        self,
        *,
        refs: Collection[str] = (),
        kept: Collection[str] = (),
        before: float = 0.0,
        everything: bool = False,
    ) -> Removed:
        """Remove originals and decisions for good: those under `refs`, those unused since `before` (epoch), or all.

        Of what `refs` need, what is `kept` stays. Freed database pages are overwritten and given back, tombstones go
        too. Raises Unavailable.
        """
        removed = purge(self.objects, self._database, Doomed(frozenset(refs), frozenset(kept), before, everything))
        self._cache = _Cache(CACHE_BYTES)
        return removed

    def remove(self) -> bool:
        """Take away what an empty store leaves, folders and database -> whether the database is gone.

        Call it after everything was purged, of the ledger too, which shares the file.
        """
        self.objects.fold_up()
        return self._database.remove()

    def close(self) -> None:
        """Give the files back; the next use opens them again."""
        self._database.close()

    def _rows(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, float, bytes]]:
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            sql = f"SELECT key, used, outcome FROM decisions WHERE key IN ({marks})"
            yield from self._database.read(sql, part)

    def _read_back(self, new: Mapping[bytes, Outcome]) -> dict[bytes, Outcome]:
        stored = {key: unpacked(raw) for key, _, raw in self._rows(list(new))}
        return {key: outcome if stored.get(key, outcome) == outcome else stored[key] for key, outcome in new.items()}

    def _renewed(self, stale: Mapping[bytes, Outcome]) -> frozenset[bytes]:
        """-> those that are gone, after marking the others and their originals as used (at most once a day each).

        Retention may be removing them at this moment: it takes the rows first, so a row that could be renewed will
        not go, and one whose original went before it is decided anew, which keeps the original again.
        """
        if not stale:
            return frozenset()
        now = time.time()

        def renew(connection: sqlite3.Connection) -> frozenset[bytes]:
            update = "UPDATE decisions SET used = ? WHERE key = ?"
            return frozenset(key for key in stale if not connection.execute(update, (now, key)).rowcount)

        gone = self._database.write(renew)
        try:
            renewed = {ref: self.objects.renew(ref) for ref in frozenset().union(*map(refs_in, stale.values()))}
        except OSError as error:
            raise unavailable(self.objects.root, error) from error
        return gone | {key for key, outcome in stale.items() if not renewed.get(outcome.ref, True)}


class _Cache:
    """The decisions last used, by key, up to so many bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._outcomes: OrderedDict[bytes, Outcome] = OrderedDict()

    def get(self, key: bytes) -> Outcome | None:
        outcome = self._outcomes.get(key)
        if outcome is not None:
            self._outcomes.move_to_end(key)
        return outcome

    def put(self, key: bytes, outcome: Outcome) -> None:
        before = self._outcomes.pop(key, None)
        self._held += _weight(outcome) - (0 if before is None else _weight(before))
        self._outcomes[key] = outcome
        while self._held > self._limit:
            self._held -= _weight(self._outcomes.popitem(last=False)[1])


def _weight(outcome: Outcome) -> int:
    return 600 + sys.getsizeof(outcome.text)  # 600: key, the other fields and the dictionary's entry
