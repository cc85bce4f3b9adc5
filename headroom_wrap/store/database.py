"""One SQLite file in, rows out: opened late, migrated by name, written whole or not, set aside when corrupt."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from headroom_wrap.store import unavailable
from headroom_wrap.store.alone import alone

NAME = "headroom.db"
BUSY_MS = 3000

Row = tuple[Any, ...]
T = TypeVar("T")

_inherited: list[sqlite3.Connection] = []
"""Connections made before a fork: SQLite forbids the child to use and even to close them."""


class Database:
    """The file that decisions and ledger share; each owner brings its own migrations, `(name, statements)` in order.

    Several processes and threads at once. Every method raises `Unavailable` when the disk is full, or the file is
    read-only or locked for longer than `BUSY_MS`; what was being written is then rolled back as a whole.
    """

    def __init__(self, home: Path, migrations: Sequence[tuple[str, str]]) -> None:
        self.path = home / NAME
        self._migrations = migrations
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int, int] = (0, 0, 0)

    def read(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """-> all rows of one query."""
        return self._tried(lambda connection: connection.execute(sql, values).fetchall())

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """-> what `work` returns, after one committed transaction; `work` runs again if the file had to be remade."""
        return self._tried(lambda connection: _in_transaction(connection, work))

    def compact(self) -> bool:
        """Rewrite the file without its freed pages and empty the write-ahead log -> whether nobody held it back."""
        self._tried(lambda connection: connection.execute("VACUUM").fetchall())
        rows = self.read("PRAGMA wal_checkpoint(TRUNCATE)")
        return bool(rows and rows[0][0] == 0)

    def remove(self) -> bool:
        """Delete the file, unless another process has it open -> whether it is gone.

        Leaving WAL mode needs the file alone, and takes the files beside it away.
        """
        self.close()
        try:
            with alone(self.path.parent):
                if self.path.exists():
                    with closing(sqlite3.connect(self.path, timeout=0, isolation_level=None)) as connection:
                        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
                    self.path.unlink()
        except (sqlite3.Error, OSError):
            return False
        return True

    def close(self) -> None:
        """Give the file back; the next use opens it again. Done by itself where the last user lets go of this."""
        with self._lock:
            if self._connection is not None and self._identity[0] != os.getpid():
                _inherited.append(self._connection)
            elif self._connection is not None:
                self._connection.close()
            self._connection = None

    __del__ = close

    def _tried(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                try:
                    return work(self._opened())
                except sqlite3.DatabaseError as error:
                    if type(error) is not sqlite3.DatabaseError:  # subclasses are other faults than corruption
                        raise
                    self._set_aside()
                    return work(self._opened())
            except (sqlite3.OperationalError, OSError) as error:
                self.close()
                raise unavailable(self.path, error) from error

    def _opened(self) -> sqlite3.Connection:
        """-> the connection of this process to the file that stands at `path` now (1 µs when nothing changed)."""
        if self._connection is not None:
            if self._identity == _identity(self.path):
                return self._connection
            self.close()
        if not self.path.exists():
            _create(self.path)
        self._identity = _identity(self.path)
        if not self._identity[2]:  # set aside by another process meanwhile
            return self._opened()
        if not self.path.stat().st_size:  # to SQLite a database like any other, but without our tables
            raise sqlite3.DatabaseError("an empty file")
        self._connection = _opened(self.path)
        _migrate(self._connection, self._migrations)
        return self._connection

    def _set_aside(self) -> None:
        """Move a corrupt file away, unless another process has done so already: the new one is not corrupt."""
        self.close()
        with alone(self.path.parent):
            if self._identity != _identity(self.path):
                return
            number = 1
            while self.path.with_name(f"{NAME}.corrupt-{number}").exists():
                number += 1
            for suffix in ("", "-wal", "-shm"):
                file = self.path.with_name(NAME + suffix)
                if file.exists():
                    file.rename(self.path.with_name(f"{NAME}.corrupt-{number}{suffix}"))


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return os.getpid(), 0, 0
    return os.getpid(), found.st_dev, found.st_ino


def _opened(path: Path) -> sqlite3.Connection:
    """-> a connection; one for reading where SQLite can't make the files beside it that WAL asks for.

    A full disk and a read-only folder forbid that, and nobody is writing where the log is empty.
    """
    try:
        return _connect(str(path))
    except sqlite3.OperationalError:
        log = path.with_name(f"{NAME}-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _connect(f"{path.as_uri()}?immutable=1")


def _connect(name: str) -> sqlite3.Connection:
    uri, seconds = name.startswith("file:"), BUSY_MS / 1000
    connection = sqlite3.connect(name, timeout=seconds, isolation_level=None, check_same_thread=False, uri=uri)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA schema_version").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    """Make an empty file in WAL mode, complete before it gets its name.

    Switching a file that others have open to WAL fails at once instead of waiting (16 processes starting together).
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(path.parent):
        if path.exists():
            return
        for left in path.parent.glob(f".{NAME}-*"):  # by a process that was killed here
            left.unlink()
        draft = path.with_name(f".{NAME}-draft")
        os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
            connection.commit()
        draft.rename(path)


def _migrate(connection: sqlite3.Connection, migrations: Sequence[tuple[str, str]]) -> None:
    if not _missing(connection, migrations):
        return

    def apply(connection: sqlite3.Connection) -> None:
        for name, statements in _missing(connection, migrations):
            for statement in filter(str.strip, statements.split(";")):
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))

    _in_transaction(connection, apply)


def _missing(connection: sqlite3.Connection, migrations: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    applied = {name for (name,) in connection.execute("SELECT name FROM migrations")}
    return [migration for migration in migrations if migration[0] not in applied]


def _in_transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return result
