"""An agent's name in; the server in that agent's own config file, and out of it again to the byte, out.

What was put in is journalled first: the text, its place, and hashes of the file without and with it. Nothing else of
the file is kept: such files hold keys. Where the file was changed since, only our entry is taken out.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headroom_wrap.agents import Server, claude
from headroom_wrap.mcp.member import Insertion, inserted, listed, removed, unlisted
from headroom_wrap.refused import Refused

NAME = "headroom"
JOURNAL = "journal"
_BEGIN, _END = "# headroom mcp: begin\n", "# headroom mcp: end\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent keeps its servers: the variable and the folder under HOME, the file, what an entry has besides."""

    variable: str
    folder: str
    file: str
    more: Mapping[str, Any]

    def path(self, environment: Mapping[str, str]) -> Path:
        """-> the file, as the agent will look for it."""
        home = Path(environment.get("HOME") or Path.home())
        given = environment.get(self.variable) if self.variable else ""
        return (Path(given) if given else home / self.folder) / self.file


PLACES = {
    "claude": Place("CLAUDE_CONFIG_DIR", "", ".claude.json", claude.SERVER),
    "codex": Place("CODEX_HOME", ".codex", "config.toml", {"default_tools_approval_mode": "approve"}),
    "cursor": Place("", ".cursor", "mcp.json", {}),
    "gemini": Place("", ".gemini", "settings.json", {"trust": True}),
    "copilot": Place("COPILOT_HOME", ".copilot", "mcp-config.json", {"type": "local", "tools": ["*"]}),
}


ALLOWED = {"claude": Place("CLAUDE_CONFIG_DIR", ".claude", "settings.json", {})}
"""Where leave to use a server stands in another file than the server itself."""
ALLOW = ("permissions", "allow")


@dataclass(frozen=True, slots=True)
class Entry:
    """The journal's line: `at` and `text` are what was put into `file`; hashes are of its bytes ("": no file)."""

    file: str
    at: int
    text: str
    before: str
    after: str


def install(agent: str, server: Server, home: Path, environment: Mapping[str, str]) -> Path:
    """-> the file that now names the server, whose tools the agent may use without asking: they only read.

    Raises Refused where it can't be read or has another `headroom`; then nothing was written.
    """
    place = PLACES[agent]
    path = place.path(environment)
    entry = server.entry(**place.more)
    server_in = _toml if path.suffix == ".toml" else _json
    changes = [(_journal(home, agent), *_change(path, lambda text: server_in(path, text, entry)))]
    if agent in ALLOWED:
        settings = ALLOWED[agent].path(environment)
        changes += [(_journal(home, f"{agent}-allow"), *_change(settings, lambda text: _leave(settings, text)))]
    for journal, line, after in changes:
        if line.text:
            _write(journal, json.dumps(asdict(line)).encode(), 0o600)
            _write(Path(line.file), after)
    return path


def _change(path: Path, put_into: Callable[[str], Insertion]) -> tuple[Entry, bytes]:
    """-> the journal's line and the new content of a file. Raises Refused."""
    content = _read(path)
    text = _text(path, content)
    put = put_into(text)
    after = put.into(text).encode()
    return Entry(str(path), put.at, put.text, _hash(content), _hash(after)), after


def uninstall(agent: str, home: Path, environment: Mapping[str, str]) -> Path:
    """-> the file that no longer names the server: byte for byte as before `install` where nobody else wrote to it.

    Raises Refused where it can't be read or doesn't name it.
    """
    if agent in ALLOWED:
        _forbid(_journal(home, f"{agent}-allow"))
    entry = _entry(_journal(home, agent))
    path = Path(entry.file) if entry else PLACES[agent].path(environment)
    content = _read(path)
    if entry and _hash(content) == entry.after and not entry.before:
        path.unlink()
    elif content is not None and not (entry and _hash(content) == entry.before):
        _write(path, _without(path, _text(path, content), entry).encode())
    elif entry is None:
        raise Refused(f"{path} doesn't name headroom", "", "there is nothing to undo")
    _journal(home, agent).unlink(missing_ok=True)
    return path


def _forbid(journal: Path) -> None:
    """Take the leave out again, if we put it in and it still stands there. Raises Refused."""
    entry = _entry(journal)
    if entry is None:
        return
    path = Path(entry.file)
    content = _read(path)
    if content is not None and _hash(content) == entry.after and not entry.before:
        path.unlink()
    elif content is not None:
        with suppress(KeyError):
            _write(path, _without_leave(path, _text(path, content), entry).encode())
    journal.unlink(missing_ok=True)


def _without_leave(path: Path, text: str, entry: Entry) -> str:
    if _hash(text.encode()) == entry.after:
        return Insertion(entry.at, entry.text).out_of(text)
    try:
        return unlisted(text, ALLOW, claude.MCP_PERMISSION)
    except ValueError as problem:
        mend = f"take {claude.MCP_PERMISSION!r} out yourself"
        raise Refused(f"{path} can't be read as JSON", str(problem), mend) from None


def _leave(path: Path, text: str) -> Insertion:
    """-> what allows our tools; nothing where the user has done so."""
    try:
        return listed(text, ALLOW, claude.MCP_PERMISSION)
    except KeyError:
        return Insertion(len(text), "")
    except ValueError as problem:
        lines = json.dumps({"permissions": {"allow": [claude.MCP_PERMISSION]}})
        raise Refused(f"{path} can't be read as JSON", str(problem), f"put in yourself: {lines}") from None


def _json(path: Path, text: str, entry: Mapping[str, Any]) -> Insertion:
    try:
        return inserted(text, ("mcpServers", NAME), entry)
    except KeyError:
        raise Refused(f"{path} names a server {NAME!r} already", "", "headroom mcp uninstall takes it out") from None
    except ValueError as problem:
        lines = json.dumps({"mcpServers": {NAME: entry}})
        raise Refused(f"{path} can't be read as JSON", str(problem), f"put in yourself: {lines}") from None


def _toml(path: Path, text: str, entry: Mapping[str, Any]) -> Insertion:
    """A table at the end of the file; TOML's strings and arrays are JSON's."""
    variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in entry["env"].items())
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in entry.items() if name != "env")
    lines += f"env = {{ {variables} }}\n"
    start = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    put = Insertion(len(text), f"{start}{_BEGIN}[mcp_servers.{NAME}]\n{lines}{_END}")
    parse = _toml_reader()
    try:
        known = parse(text).get("mcp_servers", {})
        if NAME in known:
            raise Refused(f"{path} names a server {NAME!r} already", "", "headroom mcp uninstall takes it out")
        parse(put.into(text))
    except ValueError as problem:
        raise Refused(f"{path} can't take a table", str(problem), f"put in yourself: [mcp_servers.{NAME}]") from None
    return put


def _toml_reader() -> Callable[[str], dict[str, Any]]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - by version
    else:
        import tomli as tomllib  # noqa: PLC0415
    return tomllib.loads


def _without(path: Path, text: str, entry: Entry | None) -> str:
    """-> a file's text without what we put in: at its place, else as a whole wherever it is, else our entry alone."""
    if entry:
        put = Insertion(entry.at, entry.text)
        if _hash(text.encode()) == entry.after:
            return put.out_of(text)
        if text.count(entry.text) == 1:
            return text.replace(entry.text, "")
    try:
        return _without_table(text) if path.suffix == ".toml" else removed(text, ("mcpServers", NAME))
    except KeyError:
        raise Refused(f"{path} doesn't name headroom", "", "there is nothing to undo") from None
    except ValueError as problem:
        raise Refused(f"{path} can't be read as JSON", str(problem), f"take {NAME!r} out yourself") from None


def _without_table(text: str) -> str:
    """-> TOML without the server's table and its subtables. Raises KeyError."""
    kept, inside, found = list[str](), False, False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            name = line.strip().strip("[]").replace('"', "").strip()
            inside = name == f"mcp_servers.{NAME}" or name.startswith(f"mcp_servers.{NAME}.")
            found = found or inside
        if not inside and line not in (_BEGIN, _END):
            kept.append(line)
    if not found:
        raise KeyError(NAME)
    return "".join(kept)


def _journal(home: Path, agent: str) -> Path:
    return home / JOURNAL / f"mcp-{agent}.json"


def _entry(journal: Path) -> Entry | None:
    try:
        return Entry(**json.loads(journal.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise Refused(f"{path} can't be read", str(problem), "mend its permissions") from None


def _text(path: Path, content: bytes | None) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as problem:
        raise Refused(f"{path} is not UTF-8", str(problem), "correct the file") from None


def _hash(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file whole or not at all, through a link to where it leads, with the mode it has. Raises Refused."""
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() and mode is None else mode or 0o600
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as problem:
        draft.unlink(missing_ok=True)
        raise Refused(f"{path} can't be written", str(problem), "mend its permissions") from None


def names() -> Sequence[str]:
    """-> the agents whose files are known."""
    return tuple(PLACES)
