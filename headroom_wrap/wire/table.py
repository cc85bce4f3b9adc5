"""A URL path in, the wire of its bodies out."""

from __future__ import annotations

from headroom_wrap.wire import Wire, anthropic, gemini, openai_chat, openai_responses

WIRES: tuple[Wire, ...] = (anthropic, openai_chat, openai_responses, gemini)


def wire_for(path: str) -> Wire | None:
    """-> the wire that a POST to this URL path (query string included) carries, None: not an inference request."""
    return next((wire for wire in WIRES if wire.matches(path)), None)
