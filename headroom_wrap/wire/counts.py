"""An untrusted JSON object in; a whole number, an inner object or a model out: what responses are read with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headroom_wrap.segment import Usage

MOST = 10**12
"""No response has so many tokens; a longer number would not fit into the ledger's columns or their sums."""


def member(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """-> the object under a key, an empty one where there is none."""
    value = found.get(key)
    return value if isinstance(value, Mapping) else {}


def count(found: Mapping[str, Any], *keys: str) -> int | None:
    """-> the first of these members that is a count, None where none is."""
    for key in keys:
        value = found.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
            return value
    return None


def model_in(event: Mapping[str, Any]) -> str:
    """-> the model that an event of any provider's response names, "" where it names none."""
    places = (event.get("model"), member(event, "message").get("model"), member(event, "response").get("model"))
    return next((name for name in (*places, event.get("modelVersion")) if isinstance(name, str)), "")


def either(new: int | None, old: int | None) -> int | None:
    """-> what an event says, what earlier events said where it says nothing."""
    return old if new is None else new


def of_prompt(prompt: int | None, output: int | None, read: int | None, written: int | None) -> Usage:
    """-> the usage of a provider whose prompt tokens include the cached ones."""
    fresh = None if prompt is None else max(prompt - (read or 0) - (written or 0), 0)
    return Usage(input=fresh, output=output, cache_read=read, cache_write=written)
