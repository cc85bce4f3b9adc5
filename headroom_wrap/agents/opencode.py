"""opencode: the user's arguments, environment and settings in; a CONNECT proxy out.

It speaks to some eighty providers, several in one session, each with a base URL of its own; CONNECT serves them all.
"""

from __future__ import annotations

from pathlib import Path

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_connect, either, without_server

ZEN = "opencode.ai"
"""Where opencode's own models are; they speak the same wires."""


def route(wish: Wish) -> Route:
    """-> how opencode is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "opencode")
    folder = Path(wish.environment.get("XDG_CONFIG_HOME") or wish.home / ".config") / "opencode"
    files = [folder / name for name in ("opencode.json", "opencode.jsonc", "config.json")]
    return either(wish, connect=lambda wish: by_connect(wish, files, hosts=(ZEN,)))


AGENT = Agent(
    "opencode",
    "opencode",
    "opencode",
    "npm install -g opencode-ai",
    route,
    version="1.18.33",
    via=("connect",),
    wires=("Messages", "Responses", "Chat", "Gemini"),
    saved="tool results",
    limits="models on this machine (`http://localhost`): they aren't reached through a proxy; "
    "`opencode attach`: its server was started elsewhere",
)
