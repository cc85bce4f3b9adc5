"""A recorded session in; the Anthropic messages that its agent would have sent out, and where each turn stands."""

from __future__ import annotations

import json
from typing import Any

from scripts.benches.measure.candidates import Messages


def conversation(recorded: list[dict[str, Any]]) -> tuple[Messages, dict[int, int]]:
    """-> messages with results paired to their calls by tool name, and for each recorded turn its message's place."""
    messages: Messages = []
    place: dict[int, int] = {}
    open_calls: list[tuple[str, str]] = []
    numbered = 0
    for index, each in enumerate(recorded):
        if each["role"] == "system":
            continue
        if each["role"] == "assistant":
            blocks = _said(each)
            for call in each.get("tool_calls") or []:
                numbered += 1
                open_calls.append((f"toolu_{numbered:04d}", call["name"]))
                use = {"type": "tool_use", "id": f"toolu_{numbered:04d}", "name": call["name"]}
                blocks.append({**use, "input": _arguments(call.get("arguments"))})
            if not blocks:
                continue
        elif each["role"] == "user" or not open_calls:
            blocks = [{"type": "text", "text": each.get("content") or "."}]
        else:
            answered = next((at for at, (_, name) in enumerate(open_calls) if name == each.get("tool")), 0)
            result = {"type": "tool_result", "tool_use_id": open_calls.pop(answered)[0]}
            blocks = [{**result, "content": each.get("content") or "(no output)"}]
        _append(messages, "assistant" if each["role"] == "assistant" else "user", blocks)
        place[index] = len(messages) - 1
    return messages, place


def _said(message: dict[str, Any]) -> list[dict[str, Any]]:
    text = message.get("content") or ""
    return [{"type": "text", "text": text}] if text.strip() else []


def _arguments(given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = {"command": given}
    return given if isinstance(given, dict) else {"command": str(given)}


def _append(messages: Messages, role: str, blocks: list[dict[str, Any]]) -> None:
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += blocks
    else:
        messages.append({"role": role, "content": list(blocks)})
