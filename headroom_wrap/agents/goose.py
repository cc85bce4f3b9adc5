"""goose: the user's arguments, environment and config.yaml in; a CONNECT proxy out.

It speaks to many providers, each with a host setting of its own; CONNECT serves them all and edits nothing.
"""

from __future__ import annotations

from pathlib import Path

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_connect, either, without_server


def route(wish: Wish) -> Route:
    """-> how goose is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "goose")
    folder = Path(wish.environment.get("XDG_CONFIG_HOME") or wish.home / ".config") / "goose"
    return either(wish, connect=lambda wish: by_connect(wish, [folder / "config.yaml"]))


AGENT = Agent(
    "goose",
    "goose",
    "goose",
    "brew install block-goose-cli",
    route,
    version="",
    via=("connect",),
    wires=("Messages", "Chat", "Responses", "Gemini"),
    saved="tool results",
    limits="never run: neither npm nor PyPI has it",
)
