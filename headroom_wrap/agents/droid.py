"""Factory's droid: the user's arguments, environment and settings in; a CONNECT proxy out.

Models of the user's own stand in `~/.factory/settings.json`, each with an endpoint; CONNECT serves them all and edits
nothing.
"""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_connect, either, without_server


def route(wish: Wish) -> Route:
    """-> how droid is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "droid")
    files = [wish.home / ".factory" / name for name in ("settings.json", "config.json")]
    return either(wish, connect=lambda wish: by_connect(wish, files))


AGENT = Agent(
    "droid",
    "Factory droid",
    "droid",
    "npm install -g droid",
    route,
    version="0.215.0",
    via=("connect",),
    wires=("Messages", "Chat"),
    saved="tool results; outputs over 10 KB it cuts itself",
    limits="Factory's own models (`api.factory.ai`): not run without an account, so not decrypted; "
    "droid also sends every message, whole, to `api.factory.ai`",
)
