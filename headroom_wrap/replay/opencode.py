"""opencode's sessions: `opencode.db` in its data folder in, conversations of Anthropic messages out.

It keeps messages and their parts as JSON in SQLite, the same for every provider; a message with `summary` begins a
compacted conversation.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from headroom_wrap.replay.past import Asked, Conversation, counted, newest, table, when
from headroom_wrap.segment import Usage

AGENT = "opencode"
TOOLS = ("bash",)


def files(home: Path, environment: Mapping[str, str]) -> list[Path]:
    """-> the database, where there is one."""
    folder = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    return newest(folder.glob("opencode/opencode*.db"))


def conversations(path: Path) -> Iterator[Conversation]:
    """-> the conversations of all its sessions, the latest session first; none of a file that is no such database."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            sessions = database.execute("SELECT id, directory FROM session ORDER BY time_updated DESC").fetchall()
            for session, folder in sessions:
                yield from _conversations(database, session, Path(folder).name)
    except sqlite3.Error:
        return


def _conversations(database: sqlite3.Connection, session: str, project: str) -> Iterator[Conversation]:
    items: list[dict[str, Any]] = []
    requests: list[Asked] = []
    for message, parts in _messages(database, session):
        if message.get("role") != "assistant":
            items.append({"role": "user", "content": [_text(part) for part in parts if part.get("type") == "text"]})
            continue
        tokens = table(message, "tokens")
        at = when(table(message, "time").get("created"))
        requests.append(Asked(len(items), at, str(message.get("modelID") or ""), _usage(tokens)))
        said, results = _answer(parts)
        items.append({"role": "assistant", "content": said})
        items += [{"role": "user", "content": results}] if results else []
        if message.get("summary") is True:
            yield Conversation(session, project, "anthropic", tuple(items), tuple(requests), TOOLS)
            items, requests = [{"role": "user", "content": said}], []
    if requests:
        yield Conversation(session, project, "anthropic", tuple(items), tuple(requests), TOOLS)


def _messages(database: sqlite3.Connection, session: str) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    found = database.execute("SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id", (session,))
    for name, text in found.fetchall():
        rows = database.execute("SELECT data FROM part WHERE message_id = ? ORDER BY id", (name,)).fetchall()
        yield json.loads(text), [json.loads(part) for (part,) in rows]


def _answer(parts: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """-> what the model said and called, and what its tools returned."""
    said: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for part in parts:
        state, name = table(part, "state"), str(part.get("callID") or "")
        if part.get("type") == "text":
            said.append(_text(part))
        elif part.get("type") == "tool":
            said.append({"type": "tool_use", "id": name, "name": part.get("tool"), "input": table(state, "input")})
            text = state.get("output") if isinstance(state.get("output"), str) else state.get("error")
            failed = {"is_error": True} if state.get("status") == "error" else {}
            results.append({"type": "tool_result", "tool_use_id": name, "content": str(text or ""), **failed})
    return said, results


def _text(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": str(part.get("text") or "")}


def _usage(tokens: Mapping[str, Any]) -> Usage:
    cache = table(tokens, "cache")
    if counted(tokens.get("input")) is None:
        return Usage()
    output = (counted(tokens.get("output")) or 0) + (counted(tokens.get("reasoning")) or 0)
    return Usage(counted(tokens.get("input")), output, counted(cache.get("read")), counted(cache.get("write")))
