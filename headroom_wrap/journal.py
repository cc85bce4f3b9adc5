"""Changes to files that aren't ours: a text and its place in; the file with it, later byte for byte without it, out.

What is put in is journalled first, on disk before the file is touched: the text, its place, hashes of the file without
and with it, and the folders that had to be made. Nothing else of the file is kept: such files hold keys. Where somebody
wrote to the file since, their edit stays and only our text is taken out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from headroom_wrap.refused import Refused, reason

FOLDER = "journal"

State = Literal["put", "edited", "taken out", "lost"]
"""What a journalled file is like now: as we left it; edited since, our text in it; as it was before us; without our
text but not as before (somebody has taken it out, or changed it)."""


class Insertion(NamedTuple):
    """What stands in a file because of us: `text` at character `at`."""

    at: int
    text: str

    def into(self, text: str) -> str:
        """-> the text with it."""
        return text[: self.at] + self.text + text[self.at :]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `before` and `after` are hashes of the file's bytes ("": no file); `folders` were made for it."""

    file: str
    at: int
    text: str
    before: str
    after: str
    folders: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """-> what the file is like now. Raises Refused where it can't be read."""
        content = read(Path(self.file))
        now = _hash(content)
        if now == self.after:
            return "put"
        if now == self.before:
            return "taken out"
        return "edited" if content is not None and content.count(self.text.encode()) == 1 else "lost"


def put(home: Path, name: str, path: Path, insertion: Insertion) -> None:
    """Change a file, under a name in the journal of `home`. Raises Refused where either can't be written."""
    content = read(path)
    after = insertion.into(text_of(path, content)).encode()
    made = tuple(str(folder) for folder in (path.parent, *path.parent.parents) if not folder.exists())
    entry = Entry(str(path), insertion.at, insertion.text, _hash(content), _hash(after), made)
    _write(home / FOLDER / f"{name}.json", json.dumps(asdict(entry)).encode(), 0o600)
    _write(path, after)


def take_out(home: Path, name: str) -> State | None:
    """-> what the file was like before this call, which has taken our text out; None: nothing of this name was put.

    A file that is "lost" is left alone; the name is forgotten in any case. Raises Refused.
    """
    entry = entries(home).get(name)
    if entry is None:
        return None
    path, state = Path(entry.file), entry.state
    _draft(path.resolve()).unlink(missing_ok=True)
    text = text_of(path, read(path)) if state in ("put", "edited") else ""
    if state == "put" and not entry.before:
        path.unlink()
        for folder in map(Path, entry.folders):
            with suppress(OSError):  # somebody uses it by now
                folder.rmdir()
    elif state == "put":
        _write(path, (text[: entry.at] + text[entry.at + len(entry.text) :]).encode())
    elif state == "edited":
        _write(path, text.replace(entry.text, "").encode())
    forget(home, name)
    return state


def forget(home: Path, name: str) -> None:
    """Drop an entry; the file stays as it is."""
    (home / FOLDER / f"{name}.json").unlink(missing_ok=True)


def entries(home: Path) -> dict[str, Entry]:
    """-> what is journalled, by name."""
    return dict(_read_entries(home / FOLDER))


def _read_entries(folder: Path) -> Iterator[tuple[str, Entry]]:
    for file in sorted(folder.glob("*.json")):
        try:
            entry = json.loads(file.read_text(encoding="utf-8"))
            yield file.stem, Entry(**{**entry, "folders": tuple(entry["folders"])})
        except (OSError, ValueError, TypeError, KeyError):  # cut off before the file was touched
            continue


def read(path: Path) -> bytes | None:
    """-> a file's bytes; None where there is none. Raises Refused."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise Refused(f"{path} can't be read", reason(problem), "mend its permissions") from None


def text_of(path: Path, content: bytes | None) -> str:
    """-> the text of a file's bytes, empty where there is none. Raises Refused."""
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as problem:
        raise Refused(f"{path} is not UTF-8", str(problem), "correct the file") from None


def rewrite(path: Path, text: str) -> None:
    """Write another text into a file that is there. Raises Refused."""
    _write(path, text.encode())


def _hash(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file whole or not at all, on disk when this returns, through a link to where it leads, with the mode it
    has."""
    path = path.resolve()
    draft = _draft(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() and mode is None else mode or 0o600
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), "wb") as file:
            draft.chmod(mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _on_disk(path.parent)
    except OSError as problem:
        with suppress(OSError):  # where the folder could not be made there is no draft
            draft.unlink()
        raise Refused(f"{path} can't be written", reason(problem), "mend its permissions") from None


def _draft(path: Path) -> Path:
    """-> where a file is written before it takes the name; always the same, so that none stays where we are killed."""
    return path.with_name(f".{path.name}.headroom")


def _on_disk(folder: Path) -> None:
    """Make a new name in a folder last through a power cut; Windows can't open folders, and needs not."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
