"""A provider's HTTP format: a decoded body in, a `Request` of located segments out; response events in, `Usage` out."""

from __future__ import annotations

from typing import Any, Protocol

from headroom_wrap.segment import Request, Usage


class Unreadable(ValueError):
    """A body that this wire can't locate its strings in: not JSON, cut off, a key twice, nested too deep."""


class Wire(Protocol):
    """What a module under `wire/` offers; `WIRES` in `wire/table.py` lists the modules in the order they are asked."""

    name: str

    def matches(self, path: str) -> bool:
        """-> whether a POST to this URL path (query string included) carries a body of this wire."""

    def read(self, body: str) -> Request:
        """-> the segments of a body, spans into `body` itself. Raises Unreadable."""

    def usage(self, event: dict[str, Any], so_far: Usage) -> Usage:
        """-> the counts after one more response event (an SSE `data:` object, or a whole JSON response)."""
