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
from headroom_wrap.retrieve import TOKENS, retrieved
from headroom_wrap.retrieve.asked import asked
from headroom_wrap.rewrite import RETRIEVE
from headroom_wrap.route import Policy, route
from headroom_wrap.segment import Segment
from headroom_wrap.store.local import LocalStore
from headroom_wrap.store.objects import Objects

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 1}


def _text(says: str) -> dict[str, Any]:
    return {**_TEXT, "description": says}


_RETRIEVE = {
    "ref": _text("The reference in the marker, for instance 4f2a9c0d1e2"),
    "lines": _text("Only these lines, for instance 120-188"),
    "rows": _text("Only these rows of a JSON array, counted from 1"),
    "jq": _text("Only what stands at a path of JSON, such as .items or .a[3].b"),
    "where": _text("Only rows for which this holds: status>=400 and level=error"),
    "grep": _text("Only lines that match this regular expression"),
    "context": {"type": "integer", "minimum": 0, "description": "With grep: lines around each match"},
    "head": {**_COUNT, "description": "Only the first lines or rows"},
    "tail": {**_COUNT, "description": "Only the last lines or rows"},
    "chars": _text("Only these characters of what is printed otherwise"),
    "stat": {"type": "boolean", "description": "Only what it is: tool, call, size"},
    "all": {"type": "boolean", "description": f"Print all of it, also above {TOKENS:,} tokens"},
}
_TOLD = ("version", "today", "week", "ever", "agents", "models", "passed", "alarms")
"""What a model is told of the ledger; the rest would fill its context."""
_COMPRESS = {
    "text": _text("The text"),
    "call": _text("The command or call that printed it, which tells what it is"),
    "goal": _text("What you want to find in it: what this names is kept"),
}
TOOLS: tuple[tuple[str, str, dict[str, Any], tuple[str, ...]], ...] = (
    (
        RETRIEVE,
        "Print text that Headroom left out of a tool result, exactly as it was. Markers name reference and options: "
        "for `headroom_retrieve 4f2a9c0d1e2 --lines A-B` give ref and lines.",
        _RETRIEVE,
        ("ref",),
    ),
    (
        "headroom_compress",
        "Compress a long text as Headroom compresses tool results; the original can be had with headroom_retrieve.",
        _COMPRESS,
        ("text",),
    ),
    ("headroom_stats", "What Headroom has saved, as JSON.", {"session": _text("Only this session")}, ()),
)
"""Name, description, parameters and those that must be given, of each tool."""


def retrieve(home: Path, given: Mapping[str, Any]) -> str:
    """-> what `headroom get` prints for these options. Raises UnknownRef, Refused or ValueError."""
    ref, wanted, everything = asked(given)
    return retrieved(Objects(home).original(ref), wanted, 0 if everything else TOKENS, RETRIEVE)


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
    RETRIEVE: retrieve,
    "headroom_compress": compress,
    "headroom_stats": stats,
}
