"""An agent's name in; the server in that agent's own config file, and out of it again to the byte, out.

What was put in stands in the journal (`journal.py`). Where it was changed since, the entry is found by its name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headroom_wrap import journal
from headroom_wrap.agents import Server, claude
from headroom_wrap.journal import Insertion, read, text_of
from headroom_wrap.mcp.member import inserted, listed, removed, unlisted
from headroom_wrap.refused import Refused

NAME = "headroom"
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


def install(agent: str, server: Server, home: Path, environment: Mapping[str, str]) -> Path:
    """-> the file that now names the server, whose tools the agent may use without asking: they only read.

    Raises Refused where it can't be read or has another `headroom`; then nothing was written.
    """
    place = PLACES[agent]
    path = place.path(environment)
    server_in = _toml if path.suffix == ".toml" else _json
    changes = [(_name(agent), path, server_in(path, text_of(path, read(path)), server.entry(**place.more)))]
    if agent in ALLOWED:
        settings = ALLOWED[agent].path(environment)
        leave = _leave(settings, text_of(settings, read(settings)))
        changes += [(_leave_name(agent), settings, leave)] if leave else []
    for name, file, insertion in changes:
        journal.put(home, name, file, insertion)
    return path


def uninstall(agent: str, home: Path, environment: Mapping[str, str]) -> Path:
    """-> the file that no longer names the server: byte for byte as before `install` where nobody else wrote to it.

    Raises Refused where it can't be read or doesn't name it.
    """
    if agent in ALLOWED:
        _forbid(home, _leave_name(agent))
    entry = journal.entries(home).get(_name(agent))
    path = Path(entry.file) if entry else PLACES[agent].path(environment)
    if entry is None or (entry.state == "lost" and path.exists()):
        left = _without(path, text_of(path, read(path)))
        if left is not None:
            journal.rewrite(path, left)
        elif entry is None:
            raise Refused(f"{path} doesn't name headroom", "", "there is nothing to undo")
    journal.take_out(home, _name(agent))
    return path


def installed(home: Path) -> tuple[str, ...]:
    """-> the agents whose config names the server because of us."""
    known = journal.entries(home)
    return tuple(agent for agent in PLACES if _name(agent) in known or _leave_name(agent) in known)


def _name(agent: str) -> str:
    return f"mcp-{agent}"


def _leave_name(agent: str) -> str:
    return f"mcp-{agent}-allow"


def _forbid(home: Path, name: str) -> None:
    """Take the leave out again, if we put it in and it still stands there. Raises Refused."""
    entry = journal.entries(home).get(name)
    if entry and entry.state == "lost":
        path = Path(entry.file)
        with suppress(KeyError):
            journal.rewrite(path, _without_leave(path, text_of(path, read(path))))
    journal.take_out(home, name)


def _without_leave(path: Path, text: str) -> str:
    try:
        return unlisted(text, ALLOW, claude.MCP_PERMISSION)
    except ValueError as problem:
        mend = f"take {claude.MCP_PERMISSION!r} out yourself"
        raise Refused(f"{path} can't be read as JSON", str(problem), mend) from None


def _leave(path: Path, text: str) -> Insertion | None:
    """-> what allows our tools; None where the user has done so."""
    try:
        return listed(text, ALLOW, claude.MCP_PERMISSION)
    except KeyError:
        return None
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


def _without(path: Path, text: str) -> str | None:
    """-> a file's text without our entry, wherever it is and whatever was written into it; None where it has none.

    Raises Refused.
    """
    try:
        return _without_table(text) if path.suffix == ".toml" else removed(text, ("mcpServers", NAME))
    except KeyError:
        return None
    except ValueError as problem:
        if not text:
            return None
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


def names() -> Sequence[str]:
    """-> the agents whose files are known."""
    return tuple(PLACES)
