"""Claude Code's logs: `~/.claude/projects/**/*.jsonl` in, conversations of Anthropic messages out.

A line is one content block of an answer, or one user message; `parentUuid` links it to the one before, so that a
session that was rewound is a tree. Lines of one answer share `message.id`, and the last of them has the final counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headroom_wrap.replay.past import Asked, Conversation, lines, listed, newest, table, when
from headroom_wrap.segment import Usage
from headroom_wrap.wire import anthropic

Entry = dict[str, Any]

AGENT = "claude"
TOOLS = ("Bash", "Read")
SYNTHETIC = "<synthetic>"
"""The model of what Claude Code itself puts in an answer's place, an API error for example."""


def files(home: Path, environment: Mapping[str, str]) -> list[Path]:
    """-> the logs, the latest first."""
    folder = Path(environment.get("CLAUDE_CONFIG_DIR") or home / ".claude")
    return newest(folder.glob("projects/*/**/*.jsonl"))


def conversations(path: Path) -> Iterator[Conversation]:
    """-> the conversations of one log: what each subagent, compaction and rewind began is one of its own."""
    parents: dict[str, str] = {}
    streams: dict[str, list[Entry]] = defaultdict(list)
    for entry in lines(path):
        uuid, parent = str(entry.get("uuid") or ""), str(entry.get("parentUuid") or "")
        parents[uuid] = parent
        if entry.get("type") in ("user", "assistant") and _model(entry) != SYNTHETIC:
            streams[_root(uuid, parents) if entry.get("isSidechain") else ""].append(entry)
    for entries in streams.values():
        for branch in _branches(entries, parents):
            if any(entry["type"] == "assistant" for entry in branch):
                yield _conversation(branch)


def _root(uuid: str, parents: Mapping[str, str]) -> str:
    while parents.get(uuid):
        uuid = parents[uuid]
    return uuid


def _branches(entries: Sequence[Entry], parents: Mapping[str, str]) -> Iterator[list[Entry]]:
    """-> the lines of a tree, each from its beginning; only what a user typed can begin a new one."""
    branch: list[Entry] = []
    for entry in entries:
        if branch and _typed(entry):
            kept = _kept(branch, str(entry.get("parentUuid") or ""), parents)
            if kept < len(branch):
                yield branch
                branch = branch[:kept]
        branch.append(entry)
    if branch:
        yield branch


def _kept(branch: Sequence[Entry], parent: str, parents: Mapping[str, str]) -> int:
    """-> how many entries stand before a message with this parent: all, unless an answer was given after the parent."""
    places = {str(entry.get("uuid")): place for place, entry in enumerate(branch)}
    while parent and parent not in places:
        parent = parents.get(parent, "")
    if not parent:
        return 0
    place = places[parent]
    later = any(entry["type"] == "assistant" and _turn(entry) != _turn(branch[place]) for entry in branch[place + 1 :])
    return place + 1 if later else len(branch)


def _conversation(branch: Sequence[Entry]) -> Conversation:
    items: list[Entry] = []
    requests: list[Asked] = []
    answer = ""
    for entry in branch:
        message = entry["message"]
        if entry["type"] == "user":
            items.append({"role": "user", "content": message.get("content") or ""})
            answer = ""
            continue
        if _turn(entry) != answer:
            items.append({"role": "assistant", "content": []})
            requests.append(_asked(entry, len(items) - 1))
        answer = _turn(entry)
        items[-1]["content"] += listed(message, "content")
        requests[-1] = _asked(entry, requests[-1].carried)
    first = branch[0]
    project = Path(str(first.get("cwd") or "")).name
    return Conversation(str(first.get("sessionId") or ""), project, "anthropic", tuple(items), tuple(requests), TOOLS)


def _turn(entry: Entry) -> str:
    return str(entry["message"].get("id") or entry.get("uuid")) if entry["type"] == "assistant" else ""


def _typed(entry: Entry) -> bool:
    """-> whether it is a user message with no tool result in it."""
    blocks = listed(entry.get("message"), "content")
    return entry["type"] == "user" and not any(block.get("type") == "tool_result" for block in blocks)


def _model(entry: Entry) -> str:
    return str(table(entry, "message").get("model") or "") if table(entry, "message") else SYNTHETIC


def _asked(entry: Entry, carried: int) -> Asked:
    counts = table(entry["message"], "usage")
    written = table(counts, "cache_creation")
    if not any(written.values()):  # some versions log the split before it is known
        counts = {name: value for name, value in counts.items() if name != "cache_creation"}
    usage = anthropic.usage({"usage": counts}, Usage())
    return Asked(carried, when(entry.get("timestamp")), _model(entry), usage, name=_turn(entry))
