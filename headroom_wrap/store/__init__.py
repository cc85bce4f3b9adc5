"""Originals by content and decisions by key: text in, a reference out; a reference in, the exact text out."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from headroom_wrap.refused import reason

if TYPE_CHECKING:
    from headroom_wrap.segment import Outcome


class UnknownRef(LookupError):
    """A reference that was never stored here, is mistyped, or has expired; the message says which, and the mend."""


class Unavailable(OSError):
    """The store can't be read or written just now: a full disk, a read-only or locked file. Nothing was lost."""


def unavailable(where: Path, problem: Exception) -> Unavailable:
    """-> what is said where a file of the store can't be read or written: what, why, and the mend for that."""
    number, why = getattr(problem, "errno", None), reason(problem)
    if number in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in why:
        mend = "free some disk, or run headroom purge --older-than 7d"
    elif number in (errno.EEXIST, errno.ENOTDIR, errno.ENOENT):
        mend = "set HEADROOM_HOME to a folder that is there or can be made"
    elif number == errno.EROFS or "readonly" in why:
        mend = "make it writable, or set HEADROOM_HOME to another folder"
    elif "locked" in why:
        mend = "end the program that holds it"
    else:
        mend = "mend its permissions, or set HEADROOM_HOME to another folder"
    return Unavailable(f"{where}: {why}; {mend}")


class Store(Protocol):
    """What `rewrite` needs of a store; `store.local.LocalStore` keeps it in files and SQLite."""

    def keep(self, text: str, *, tool: str = "", call: str = "") -> str:
        """-> the reference of a text that is on disk when this returns. Raises Unavailable."""

    def restore(self, ref: str) -> str:
        """-> the exact original. Raises UnknownRef."""

    def decided(self, keys: Sequence[bytes]) -> dict[bytes, Outcome]:
        """-> what was decided under these keys, by any process, ever. Raises Unavailable."""

    def decide(self, new: Mapping[bytes, Outcome]) -> dict[bytes, Outcome]:
        """-> what holds from now on (the first writer of a key wins), committed. Raises Unavailable."""
