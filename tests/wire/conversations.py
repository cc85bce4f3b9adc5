"""The same short session on each wire, for the tests beside this file."""

from __future__ import annotations

import json
from typing import Any

from headroom_wrap.segment import Request, Segment


def dumps(body: object) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def rows(request: Request) -> list[tuple[str, str, str, str, str, bool]]:
    """-> the segments as tuples, so that a failing test shows what differs."""
    return [row(segment) for segment in request.segments]


def row(segment: Segment) -> tuple[str, str, str, str, str, bool]:
    return (segment.text, segment.tool, segment.call, segment.path, segment.goal, segment.error)


SHELL = ("3 files", "Bash", "ls -l", "", "tidy up\nFirst a look.", False)
READ = ("x = 1\n", "Read", "file_path=a.py limit=20", "a.py", "tidy up\nNow the file.", False)


def anthropic() -> dict[str, Any]:
    return {
        "model": "claude-x",
        "system": [{"type": "text", "text": "You are."}],
        "tools": [{"name": "Bash", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "tidy up"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                    {"type": "text", "text": "First a look."},
                    {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls -l"}},
                ],
            },
            {"role": "user", "content": [{"tool_use_id": "t1", "type": "tool_result", "content": "3 files"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Now the file."},
                    {"type": "tool_use", "id": "t2", "name": "Read", "input": {"file_path": "a.py", "limit": 20}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t2",
                        "content": [
                            {"type": "text", "text": "x = 1\n"},
                            {"type": "image", "source": {"type": "base64", "data": "aW1n"}},
                        ],
                        "is_error": False,
                        "cache_control": {"type": "ephemeral"},
                    },
                    {"type": "text", "text": "<system-reminder>be brief</system-reminder>"},
                ],
            },
        ],
    }
