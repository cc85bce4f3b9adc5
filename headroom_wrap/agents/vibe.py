"""Mistral Vibe: the user's arguments, environment and config.toml in; a CONNECT proxy out.

Its providers stand in config.toml, and there is no variable for a base URL; CONNECT serves them all and edits nothing.
"""

from __future__ import annotations

from pathlib import Path

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_connect, either, without_server


def route(wish: Wish) -> Route:
    """-> how Vibe is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "Mistral Vibe")
    folder = Path(wish.environment.get("VIBE_HOME") or wish.home / ".vibe")
    return either(wish, connect=lambda wish: by_connect(wish, [folder / "config.toml", folder / ".env"]))


AGENT = Agent(
    "vibe",
    "Mistral Vibe",
    "vibe",
    "pipx install mistral-vibe",
    route,
    version="3.0.2",
    via=("connect",),
    wires=("Chat",),
    saved="tool results",
    limits="leave to run `headroom get` has to be given in Vibe: it takes no rule for one run",
)
