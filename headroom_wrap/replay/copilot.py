"""Copilot CLI's logs: `~/.copilot/session-state/*/events.jsonl` in, conversations of OpenAI chat messages out.

Newer versions keep the provider's counts in a `session.usage_record` just before the answer; without one what the
cache did is assumed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headroom_wrap.replay.past import Asked, Conversation, counted, lines, listed, newest, table, when
from headroom_wrap.segment import Usage

AGENT = "copilot"
TOOLS = ("bash",)


def files(home: Path, environment: Mapping[str, str]) -> list[Path]:
    """-> the logs, the latest first."""
    folder = Path(environment.get("COPILOT_HOME") or home / ".copilot")
    return newest([*folder.glob("session-state/*/events.jsonl"), *folder.glob("session-state/*.jsonl")])


def conversations(path: Path) -> Iterator[Conversation]:
    """-> the conversations of one log: a compaction begins another."""
    log = _Log(path.parent.name if path.name == "events.jsonl" else path.stem)
    for event in lines(path):
        kind, found = str(event.get("type") or ""), table(event, "data")
        if kind == "session.compaction_complete":
            yield from log.conversation()
            log.items = [{"role": "user", "content": str(found.get("summaryContent") or "")}]
            log.requests = []
        elif read := _EVENTS.get(kind):
            read(log, found, when(event.get("timestamp")))
    yield from log.conversation()


@dataclass(slots=True)
class _Log:
    """A log while it is read."""

    session: str
    project: str = ""
    model: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)

    def began(self, found: Mapping[str, Any], _: float) -> None:
        """The session, and where."""
        self.project = Path(str(table(found, "context").get("cwd") or "")).name
        self.changed(found, _)

    def changed(self, found: Mapping[str, Any], _: float) -> None:
        """The model from here on."""
        self.model = str(found.get("newModel") or found.get("selectedModel") or found.get("model") or self.model)

    def asked(self, found: Mapping[str, Any], _: float) -> None:
        """What the user wrote, as it was sent."""
        text = str(found.get("transformedContent") or found.get("content") or "")
        self.items.append({"role": "user", "content": text})

    def billed(self, found: Mapping[str, Any], _: float) -> None:
        """The provider's counts for the answer that follows; its input includes what was cached."""
        usage = table(found, "usage")
        prompt, read = counted(usage.get("inputTokens")), counted(usage.get("cacheReadTokens")) or 0
        written = counted(usage.get("cacheWriteTokens")) or 0
        if prompt is not None:
            rest = max(prompt - read - written, 0)
            self.usage = Usage(rest, counted(usage.get("outputTokens")), read, written)

    def answered(self, found: Mapping[str, Any], at: float) -> None:
        """What the model said and called."""
        model = str(found.get("model") or self.model)
        name = str(found.get("messageId") or "")
        self.requests.append(Asked(len(self.items), at, model, self.usage, name=name))
        self.usage = Usage()
        calls = [_call(request) for request in listed(found, "toolRequests")]
        said = {"role": "assistant", "content": str(found.get("content") or "")}
        self.items.append({**said, "tool_calls": calls} if calls else said)

    def returned(self, found: Mapping[str, Any], _: float) -> None:
        """What a tool returned."""
        result = table(found, "result") or table(found, "error")
        text = str(result.get("content") or result.get("message") or "")
        self.items.append({"role": "tool", "tool_call_id": str(found.get("toolCallId") or ""), "content": text})

    def conversation(self) -> Iterator[Conversation]:
        """-> what was read, unless nothing was asked in it."""
        if self.requests:
            yield Conversation(
                self.session, self.project, "openai_chat", tuple(self.items), tuple(self.requests), TOOLS
            )


_EVENTS = {
    "session.start": _Log.began,
    "session.resume": _Log.began,
    "session.model_change": _Log.changed,
    "user.message": _Log.asked,
    "session.usage_record": _Log.billed,
    "assistant.message": _Log.answered,
    "tool.execution_complete": _Log.returned,
}


def _call(request: Mapping[str, Any]) -> dict[str, Any]:
    made = request.get("arguments")
    arguments = made if isinstance(made, str) else json.dumps(made or {}, ensure_ascii=False)
    function = {"name": str(request.get("name") or ""), "arguments": arguments}
    return {"id": str(request.get("toolCallId") or ""), "type": "function", "function": function}
