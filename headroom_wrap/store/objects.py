"""Originals as files named by their content: text in, a reference out; a reference in, the exact text out. No SQLite.

`<home>/objects/<2 characters>/<51 characters of digest>` holds one line of JSON (what produced the text), then the text
compressed with zlib. A file that holds only the line is the tombstone of an original that has expired.
"""

from __future__ import annotations

import json
import os
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from headroom_wrap.marker import SHORT, check, digest, valid
from headroom_wrap.store import UnknownRef, unavailable
from headroom_wrap.store.alone import alone

CALL_CHARS = 500
_LEVEL = 3
"""7 MB of Python source on one busy core: level 3 59 MB/s at 3.8×, level 6 26 MB/s at 4.3×."""
_DRAFT = ".draft-"


class Original(NamedTuple):
    """What was kept under a reference. `kept` is in seconds since the epoch."""

    ref: str
    text: str
    tool: str
    call: str
    kept: float


class Kept(NamedTuple):
    """A file of the store, as retention sees it. `used`: when it was last kept or replayed, seconds since the epoch."""

    path: Path
    used: float
    size: int
    expired: bool
    ref: str


class Objects:
    """The originals under a home directory. Reading changes nothing and works in a read-only sandbox."""

    def __init__(self, home: Path) -> None:
        self.root = home / "objects"

    def keep(self, text: str, *, tool: str = "", call: str = "") -> str:
        """-> the reference of a text that is on disk when this returns. Raises Unavailable."""
        name = digest(text)
        path = self.root / name[:2] / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone(path.parent):
                header, body = _parts(_content(path))
                if body and _unpacked(body) == text:
                    os.utime(path)
                    return str(header["ref"])
                ref = str(header["ref"]) if header else self._free_ref(name)
                header = {"ref": ref, "tool": tool, "call": call[:CALL_CHARS], "kept": time.time()}
                _write(path, _line(header) + zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL))
        except OSError as error:
            raise unavailable(self.root, error) from error
        return ref

    def renew(self, ref: str) -> bool:
        """Mark an original as used -> whether it is still there: retention may have been faster. Raises OSError."""
        found = self._sharing(ref[:-1]) if valid(ref) else []
        for path in found:
            with alone(path.parent):
                header, body = _parts(_content(path))
                if header and len(ref) >= len(header["ref"]):
                    if body:
                        os.utime(path)
                    return bool(body)
        return False

    def original(self, ref: str) -> Original:
        """-> what was kept under a reference. Raises UnknownRef, or Unavailable where the file can't be read."""
        ref = ref.strip().lower()
        if not valid(ref):
            raise UnknownRef(f"{ref}: mistyped, its check character does not fit; copy it from the marker again")
        try:
            for path in self._sharing(ref[:-1]):
                header, body = _parts(_content(path))
                if header and len(ref) >= len(header["ref"]):
                    return _checked(ref, path.name, header, body)
        except OSError as error:
            raise unavailable(self.root, error) from error
        raise UnknownRef(f"{ref}: never stored in {self.root.parent}, or purged; run what produced it again")

    def files(self, *, tombstones: bool = False) -> Iterator[Kept]:
        """-> every original that is still there, in no order; with the tombstones of expired ones if wanted."""
        for path in self.root.glob("*/*"):
            if not path.name.startswith(path.parent.name):  # a draft, or not ours
                continue
            try:
                found = path.stat()
                with path.open("rb") as file:
                    line = file.readline()
            except FileNotFoundError:  # another process removed it meanwhile
                continue
            expired = found.st_size == len(line)
            if tombstones or not expired:
                ref = str(_parts(line)[0].get("ref", ""))
                yield Kept(path, found.st_mtime, found.st_size, expired, ref)

    def expire(self, kept: Kept) -> bool:
        """Leave only the line that says what produced the text, for who asks for it later -> whether that was done.

        What another process has used or removed since it was found stays as it is.
        """
        with alone(kept.path.parent):
            if not _unused(kept):
                return False
            header, _ = _parts(kept.path.read_bytes())
            _write(kept.path, _line({**header, "expired": time.time()}))
        return True

    def remove(self, kept: Kept) -> bool:
        """Remove a file for good, unless another process has used it since it was found -> whether that was done."""
        with alone(kept.path.parent):
            unused = _unused(kept)
            if unused:
                kept.path.unlink()
        return unused

    def tidy(self, before: float) -> None:
        """Remove the tombstones and the drafts of killed writers that are older than `before` (an epoch time)."""
        for kept in self.files(tombstones=True):
            if kept.expired and kept.used < before:
                self.remove(kept)
        for draft in self.root.glob(f"*/{_DRAFT}*"):
            with suppress(FileNotFoundError):  # its writer has finished meanwhile
                if draft.stat().st_mtime < before:
                    draft.unlink()

    def fold_up(self) -> None:
        """Remove the folders in which nothing is left."""
        for folder in (*self.root.glob("*"), self.root):
            with suppress(OSError):  # not empty
                folder.rmdir()

    def paths(self, ref: str) -> list[Path]:
        """-> the file or tombstone of a reference, if there is one."""
        found = self._sharing(ref[:-1]) if valid(ref) else []
        return [path for path in found if len(ref) >= len(_parts(_content(path))[0].get("ref", ref))]

    def _sharing(self, start: str) -> list[Path]:
        """-> the files whose names begin like this; few, so the directory's listing is the index."""
        try:
            return [Path(entry.path) for entry in os.scandir(self.root / start[:2]) if entry.name.startswith(start)]
        except FileNotFoundError:
            return []

    def _free_ref(self, name: str) -> str:
        """-> the shortest reference that no other file answers to, tombstones included."""
        length = SHORT
        while length < len(name) and any(other.name != name for other in self._sharing(name[:length])):
            length += 1
        return name[:length] + check(name[:length])


def _checked(ref: str, name: str, header: dict[str, Any], body: bytes) -> Original:
    tool, call = header["tool"], header["call"]
    again = f"run again: {call}" if call else f"call {tool or 'the tool'} again"
    if not body:
        raise UnknownRef(f"{ref}: expired; {again}")
    text = _unpacked(body)
    if text is None or digest(text) != name:
        raise UnknownRef(f"{ref}: damaged on disk; {again}")
    return Original(ref, text, tool, call, header["kept"])


def _content(path: Path) -> bytes:
    """-> a file's bytes; nothing where another process has purged it meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _unused(kept: Kept) -> bool:
    """-> whether a file is still as it was found."""
    try:
        return kept.path.stat().st_mtime == kept.used
    except FileNotFoundError:
        return False


def _line(header: dict[str, Any]) -> bytes:
    return json.dumps(header).encode() + b"\n"


def _parts(raw: bytes) -> tuple[dict[str, Any], bytes]:
    """-> header and compressed text; an empty header where the file is not one of ours."""
    line, _, body = raw.partition(b"\n")
    try:
        header = json.loads(line)
    except ValueError:
        return {}, b""
    known = isinstance(header, dict) and {"ref", "tool", "call", "kept"} <= header.keys()
    return (header, body) if known else ({}, b"")


def _unpacked(body: bytes) -> str | None:
    try:
        return zlib.decompress(body).decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError):
        return None


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after kill -9 or a power cut; mode 0600."""
    draft = path.with_name(f"{_DRAFT}{os.getpid()}-{threading.get_ident()}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
