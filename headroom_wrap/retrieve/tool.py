"""What a model called `headroom_retrieve` with in, the text it reads out: one tool, served by MCP and injected alike.

The definition is a constant: a tool list that changes would end the provider's cache of every conversation that has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headroom_wrap.marker import RETRIEVE
from headroom_wrap.retrieve import TOKENS, retrieved
from headroom_wrap.retrieve.asked import asked
from headroom_wrap.store.objects import Objects

DESCRIPTION = (
    "Print text that Headroom left out of a tool result, exactly as it was. Markers name reference and options: "
    "for `headroom_retrieve 4f2a9c0d1e2 --lines A-B` give ref and lines."
)
_COUNT = {"type": "integer", "minimum": 1}


def text(says: str) -> dict[str, Any]:
    """-> the schema of a parameter that is a text."""
    return {"type": "string", "description": says}


PARAMETERS: dict[str, dict[str, Any]] = {
    "ref": text("The reference in the marker, for instance 4f2a9c0d1e2"),
    "lines": text("Only these lines, for instance 120-188"),
    "rows": text("Only these rows of a JSON array, counted from 1"),
    "jq": text("Only what stands at a path of JSON, such as .items or .a[3].b"),
    "where": text("Only rows for which this holds: status>=400 and level=error"),
    "grep": text("Only lines that match this regular expression"),
    "context": {"type": "integer", "minimum": 0, "description": "With grep: lines around each match"},
    "head": {**_COUNT, "description": "Only the first lines or rows"},
    "tail": {**_COUNT, "description": "Only the last lines or rows"},
    "chars": text("Only these characters of what is printed otherwise"),
    "stat": {"type": "boolean", "description": "Only what it is: tool, call, size"},
    "all": {"type": "boolean", "description": f"Print all of it, also above {TOKENS:,} tokens"},
}
REQUIRED = ("ref",)


def answer(home: Path, given: Mapping[str, Any], most: int = 0) -> str:
    """-> what `headroom get` prints for these options, of all of it at most `most` tokens (0: without a limit).

    Raises UnknownRef, Refused or ValueError.
    """
    ref, wanted, everything = asked(given)
    return retrieved(Objects(home).original(ref), wanted, most if everything else TOKENS, RETRIEVE)
