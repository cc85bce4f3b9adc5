"""Cursor: nothing can be led here. In, a wish; out, one line that says why and what can be had instead."""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.refused import Refused


def route(wish: Wish) -> Route:
    """Raises Refused, always: Cursor's agent talks to Cursor's servers, and they call the models, own keys included."""
    why = "its requests go to Cursor's own servers, which call the models, with your own keys too"
    mend = (
        "in its terminal run headroom wrap claude (or another agent); for an own key behind a public address, set "
        "Settings > Models > Override OpenAI Base URL to that address"
    )
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
