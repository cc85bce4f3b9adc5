"""Conversations in; log files in the agents' own formats out, for tests that read them back."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

BEGAN = 1_780_000_000.0


def stamp(second: float) -> str:
    return datetime.fromtimestamp(BEGAN + second, timezone.utc).isoformat().replace("+00:00", "Z")


def claude_log(path: Path, messages: list[dict[str, Any]], model: str = "claude-sonnet-4-5", **more: Any) -> Path:
    """Write Anthropic messages as Claude Code logs them: a line for each block of an answer, linked by parentUuid."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"sessionId": path.stem, "cwd": "/home/someone/shop", "isSidechain": False, **more}
    written: list[dict[str, Any]] = []

    def line(kind: str, message: dict[str, Any], second: int) -> None:
        parent = written[-1]["uuid"] if written else None
        own = {"type": kind, "message": message, "uuid": f"{path.stem}-{len(written)}", "parentUuid": parent}
        written.append({**head, **own, "timestamp": stamp(second)})

    for place, message in enumerate(messages):
        if message["role"] == "user":
            line("user", message, place)
            continue
        for block in message["content"]:
            answer = {"id": f"msg_{path.stem}_{place}", "role": "assistant", "model": model, "content": [block]}
            line("assistant", answer, place)
    path.write_text("".join(json.dumps(each) + "\n" for each in written))
    return path
