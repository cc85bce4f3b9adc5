"""Real requests of real agents, where this checkout has them beside it: nothing of them stands in this repository."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from headroom_wrap.wire import Wire
from headroom_wrap.wire.table import wire_for

CAPTURES = Path(__file__).parents[2].parent / "shared" / "captures"
AGENTS = ("claude", "codex", "gemini", "copilot", "opencode", "qwen", "cline", "openhands", "vibe", "droid", "continue")
every_capture = pytest.mark.parametrize(
    "agent",
    [
        pytest.param(
            agent,
            marks=[pytest.mark.slow, pytest.mark.skipif(not CAPTURES.is_dir(), reason="no ../shared/captures here")],
        )
        for agent in AGENTS
    ],
)


def captured(agent: str) -> Iterator[tuple[bytes, Wire]]:
    """-> the last two inference requests of each run of this agent: its longest conversations."""
    for path in sorted((CAPTURES / agent).glob("*.json.gz")):
        found = []
        for row in json.loads(gzip.decompress(path.read_bytes())):
            wire = wire_for(row.get("path", ""))
            if wire and isinstance(row.get("json"), dict) and row.get("method") in {None, "POST"}:
                found.append((json.dumps(row["json"], ensure_ascii=False).encode("utf-8", "replace"), wire))
        yield from found[-2:]
