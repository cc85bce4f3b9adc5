"""OpenHands CLI: the user's arguments, environment and settings in; a CONNECT proxy, and a tmux of its own, out.

It runs commands in a tmux server that can outlive it, with the environment that it was born with; a later OpenHands
would find that server. `TMUX_TMPDIR` gives the wrapped one a place of its own for it, so a later one starts afresh.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from headroom_wrap.agents import Agent, Listening, Route, Start, Wish
from headroom_wrap.agents.led import by_connect, either, without_server


def route(wish: Wish) -> Route:
    """-> how OpenHands is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "OpenHands")
    return either(wish, connect=_connect)


def _connect(wish: Wish) -> Route:
    folder = Path(wish.environment.get("OPENHANDS_PERSISTENCE_DIR") or wish.home / ".openhands")
    led = by_connect(wish, [folder / "agent_settings.json", folder / "settings.json"])

    def start(listening: Listening) -> Start:
        given = led.start(listening)
        return Start(given.arguments, {**given.environment, **_own_tmux()})

    return replace(led, start=start)


def _own_tmux() -> dict[str, str]:
    """-> where its tmux is to listen: in the folder for temporary files, as a socket's path has 107 bytes at most."""
    folder = Path(tempfile.gettempdir()) / f"headroom-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return {"TMUX_TMPDIR": str(folder)}


AGENT = Agent(
    "openhands",
    "OpenHands CLI",
    "openhands",
    "pipx install openhands",
    route,
    version="1.16.0",
    via=("connect",),
    wires=("Chat",),
    saved="tool results",
    limits="sandboxes in Docker and the cloud: they don't run on this machine",
)
