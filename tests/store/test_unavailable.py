"""What is said where the store can't be read or written: what, why in words, and the mend for that."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from headroom_wrap.store import unavailable


def system(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/home/me/objects/ab/abc")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (system(errno.ENOSPC), "No space left on device; free some disk, or run headroom purge --older-than 7d"),
        (
            sqlite3.OperationalError("database or disk is full"),
            "database or disk is full; free some disk, or run headroom purge --older-than 7d",
        ),
        (system(errno.EROFS), "Read-only file system; make it writable, or set HEADROOM_HOME to another folder"),
        (sqlite3.OperationalError("database is locked"), "database is locked; end the program that holds it"),
        (system(errno.ENOTDIR), "Not a directory; set HEADROOM_HOME to a folder that is there or can be made"),
        (system(errno.EACCES), "Permission denied; mend its permissions, or set HEADROOM_HOME to another folder"),
    ],
)
def test_the_reason_is_in_words_and_has_its_mend(problem: Exception, said: str) -> None:
    assert str(unavailable(Path("/home/me"), problem)) == f"/home/me: {said}"
