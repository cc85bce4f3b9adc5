"""Gemini CLI's logs: `~/.gemini/tmp/*/chats/session-*` in, conversations of Gemini contents out.

The newer files hold a JSON line for each message, written again whenever it grew, and `$set` lines that replace fields
of the session; the older ones are one JSON object. Results stand in the model's own record, and in the newer ones
once more as the user message that carried them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headroom_wrap.replay.past import Asked, Conversation, counted, lines, listed, newest, table, when, whole
from headroom_wrap.segment import Usage

AGENT = "gemini"
TOOLS = ("run_shell_command",)


def files(home: Path, environment: Mapping[str, str]) -> list[Path]:
    """-> the logs, the latest first."""
    folder = Path(environment.get("GEMINI_CLI_HOME") or home) / ".gemini" / "tmp"
    return newest([*folder.glob("*/chats/session-*.json"), *folder.glob("*/chats/session-*.jsonl")])


def conversations(path: Path) -> Iterator[Conversation]:
    """-> the conversation of one log."""
    session = whole(path) if path.suffix == ".json" else {}
    records = {str(each.get("id")): each for each in listed(session, "messages")}
    for line in lines(path) if path.suffix == ".jsonl" else ():
        change = table(line, "$set") if "$set" in line else line
        session = {**session, **({} if "type" in change else change)}
        for each in listed(change, "messages") or ([change] if "type" in change else []):
            records[str(each.get("id"))] = each
    items, requests = _turns(list(records.values()))
    if requests:
        project = path.parents[1].name
        name = str(session.get("sessionId") or path.stem)
        yield Conversation(name, project, "gemini", tuple(items), tuple(requests), TOOLS)


def _turns(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Asked]]:
    items: list[dict[str, Any]] = []
    requests: list[Asked] = []
    for place, record in enumerate(records):
        if record.get("type") == "user":
            items.append({"role": "user", "parts": _parts(record.get("content"))})
        elif record.get("type") == "gemini":
            calls = listed(record, "toolCalls")
            asked = when(record.get("timestamp"))
            requests.append(Asked(len(items), asked, str(record.get("model") or ""), _usage(table(record, "tokens"))))
            made = [{"functionCall": {key: call.get(key) for key in ("id", "name", "args")}} for call in calls]
            items.append({"role": "model", "parts": [*_parts(record.get("content")), *made]})
            results = [part for call in calls for part in listed(call, "result")]
            if results and not _answered(records[place + 1 : place + 2]):
                items.append({"role": "user", "parts": results})
    return items, requests


def _answered(following: list[dict[str, Any]]) -> bool:
    """-> whether the next record carries the results itself."""
    return any("functionResponse" in part for record in following for part in listed(record, "content"))


def _parts(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}] if content else []
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _usage(tokens: Mapping[str, Any]) -> Usage:
    prompt, cached = counted(tokens.get("input")), counted(tokens.get("cached")) or 0
    if prompt is None:
        return Usage()
    output = (counted(tokens.get("output")) or 0) + (counted(tokens.get("thoughts")) or 0)
    return Usage(max(prompt - cached, 0), output, cached)
