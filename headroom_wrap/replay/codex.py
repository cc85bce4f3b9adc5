"""Codex's logs: `~/.codex/sessions/**/rollout-*.jsonl` in, conversations of Responses input items out.

`response_item` lines are the items themselves, both the client's and the model's; the provider's counts follow each
answer in a `token_count` event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headroom_wrap.replay.past import Asked, Conversation, lines, newest, table, when
from headroom_wrap.segment import Usage
from headroom_wrap.wire import openai_responses

AGENT = "codex"
TOOLS = ("shell",)
ANSWERS = ("reasoning", "function_call", "custom_tool_call", "local_shell_call", "web_search_call", "tool_search_call")


def files(home: Path, environment: Mapping[str, str]) -> list[Path]:
    """-> the logs, the latest first."""
    folder = Path(environment.get("CODEX_HOME") or home / ".codex")
    return newest([*folder.glob("sessions/**/rollout-*.jsonl"), *folder.glob("archived_sessions/rollout-*.jsonl")])


def conversations(path: Path) -> Iterator[Conversation]:
    """-> the conversations of one log: a compaction begins another."""
    log = _Log()
    for entry in lines(path):
        payload = table(entry, "payload")
        kind = entry.get("type")
        if kind == "compacted":
            yield from log.conversation()
            log.begin(payload.get("replacement_history"))
        elif kind == "response_item":
            log.item(payload, when(entry.get("timestamp")))
        elif kind == "event_msg" and payload.get("type") == "token_count":
            log.counted(table(table(payload, "info"), "last_token_usage"))
        elif kind in ("session_meta", "turn_context"):
            log.settings(payload)
    yield from log.conversation()


@dataclass(slots=True)
class _Log:
    """A log while it is read."""

    session: str = ""
    project: str = ""
    model: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    open: bool = False

    def settings(self, payload: Mapping[str, Any]) -> None:
        """What a session or a turn began with."""
        self.session = self.session or str(payload.get("id") or "")
        self.project = Path(str(payload.get("cwd") or self.project)).name
        self.model = str(payload.get("model") or self.model)

    def item(self, payload: dict[str, Any], at: float) -> None:
        """An item: the first of the model's own after one of the client's is the answer to a new request."""
        ours = payload.get("type") in ANSWERS or payload.get("role") == "assistant"
        if ours and not self.open:
            self.requests.append(Asked(len(self.items), at, self.model))
        elif ours:
            last = self.requests[-1]
            self.requests[-1] = replace(last, answered=len(self.items) + 1 - last.carried)
        self.open = ours
        self.items.append({key: value for key, value in payload.items() if key not in PRIVATE})

    def counted(self, usage: Mapping[str, Any]) -> None:
        """The provider's counts of the last answer; the first event for it is the one that is its own."""
        if self.requests and usage and self.requests[-1].usage == Usage():
            counts = {
                "input_tokens": usage.get("input_tokens"),
                "input_tokens_details": {"cached_tokens": usage.get("cached_input_tokens")},
                "output_tokens": usage.get("output_tokens"),
            }
            event = {"type": "response.completed", "response": {"usage": counts}}
            found = openai_responses.usage(event, Usage())
            self.requests[-1] = replace(self.requests[-1], usage=found)

    def begin(self, history: object) -> None:
        """Go on with what a compaction left."""
        self.items = [each for each in history if isinstance(each, dict)] if isinstance(history, list) else []
        self.requests, self.open = [], False

    def conversation(self) -> Iterator[Conversation]:
        """-> what was read, unless nothing was asked in it."""
        if self.requests:
            yield Conversation(
                self.session, self.project, "openai_responses", tuple(self.items), tuple(self.requests), TOOLS
            )


PRIVATE = ("metadata", "internal_chat_message_metadata_passthrough")
"""Members of a logged item that Codex keeps for itself."""
