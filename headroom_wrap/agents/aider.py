"""Aider: the user's arguments and environment in; a CONNECT proxy out, so that what it costs is accounted.

Nothing is saved. Aider has no tools: files travel in user messages, and user text is never touched. Its own fences show
which files are read-only, but the same text is what the user may have pasted, so even that is left alone.
"""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_either, without_server

BASES = {"OPENAI_API_BASE": "/v1", "ANTHROPIC_API_BASE": ""}


def route(wish: Wish) -> Route:
    """-> how Aider is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "Aider")
    files = [wish.home / name for name in (".aider.conf.yml", ".env")]
    return by_either(wish, BASES, files=files)


AGENT = Agent(
    "aider",
    "Aider",
    "aider",
    "pipx install aider-chat",
    route,
    version="0.86.2",
    via=("connect", "base"),
    wires=("Chat", "Messages", "Gemini"),
    saved="nothing: its files travel in user messages, which are never touched; what it costs is accounted",
)
