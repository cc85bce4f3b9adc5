"""Cursor: nothing can be led here. In, a wish; out, one line that says why and what can be had instead."""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.refused import Refused


def route(wish: Wish) -> Route:
    """Raises Refused, always: Cursor's agent talks to Cursor's servers, and they call the models, own keys included."""
    why = (
        "its requests go to Cursor's own servers, which call the models; with your own keys too: Settings > Models > "
        "Override OpenAI Base URL takes a public address, and headroom listens on this machine alone"
    )
    mend = "in its terminal run an agent: headroom wrap claude; for stored originals: headroom mcp install cursor"
    raise Refused("Cursor can't be wrapped", why, mend)


AGENT = Agent(
    "cursor",
    "Cursor",
    "cursor",
    "see cursor.com",
    route,
    version="",
    via=(),
    wires=(),
    saved="nothing",
    limits="its agent talks to Cursor's servers, which call the models, with own keys too: nothing passes here",
)
