"""The three tools: their names, what the model is told of them and how they are called in; what they answer out.

The list is a constant: a tool list that changes would end the provider's cache of every conversation that has it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from headroom_wrap.ledger.view import plain, read
from headroom_wrap.marker import RETRIEVE
from headroom_wrap.retrieve.tool import DESCRIPTION, PARAMETERS, REQUIRED, answer, text
from headroom_wrap.route import Policy, route
from headroom_wrap.segment import Segment
from headroom_wrap.store.local import LocalStore

_TOLD = ("version", "today", "week", "ever", "agents", "models", "passed", "alarms")
"""What a model is told of the ledger; the rest would fill its context."""
_COMPRESS = {
    "text": text("The text"),
    "call": text("The command or call that printed it, which tells what it is"),
    "goal": text("What you want to find in it: what this names is kept"),
}
TOOLS: tuple[tuple[str, str, dict[str, Any], tuple[str, ...]], ...] = (
    (RETRIEVE, DESCRIPTION, PARAMETERS, REQUIRED),
    (
        "headroom_compress",
        "Compress a long text as Headroom compresses tool results; the original can be had with headroom_retrieve.",
        _COMPRESS,
        ("text",),
    ),
    ("headroom_stats", "What Headroom has saved, as JSON.", {"session": text("Only this session")}, ()),
)
"""Name, description, parameters and those that must be given, of each tool."""


def compress(home: Path, given: Mapping[str, Any]) -> str:
    """-> the text as a tool result would be sent; as it is where nothing is gained. Raises Unavailable."""
    segment = Segment(
        str(given["text"]), RETRIEVE, str(given.get("call", "")), goal=str(given.get("goal", "")), way_back=RETRIEVE
    )
    outcome, originals = route(segment, None, Policy(way_back="mcp"))
    if outcome.text is None:
        return segment.text
    store = LocalStore(home)
    for original in originals:
        store.keep(original, tool="headroom_compress", call=segment.call)
    return outcome.text


def stats(home: Path, given: Mapping[str, Any]) -> str:
    """-> the dashboard's rows as JSON. Raises Unavailable."""
    rows = plain(read(home, time.time(), str(given.get("session", ""))))
    return json.dumps({name: rows[name] for name in _TOLD}, separators=(",", ":"))


ANSWERS: dict[str, Callable[[Path, Mapping[str, Any]], str]] = {
    RETRIEVE: answer,
    "headroom_compress": compress,
    "headroom_stats": stats,
}
