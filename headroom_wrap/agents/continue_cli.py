"""Continue's `cn`: the user's arguments, environment and config.yaml in; a CONNECT proxy out.

Its models, each with an endpoint, stand in config.yaml or in Continue's hub; CONNECT serves them all and edits nothing.

No rule for `headroom get` is passed: with `-p` cn runs commands without asking (1.5.47), and whether its patterns hold
for every command of a line, `headroom get x; rm -r y`, was not to be tested without a person.
"""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_connect, either, without_server


def route(wish: Wish) -> Route:
    """-> how cn is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "Continue")
    files = [wish.home / ".continue" / name for name in ("config.yaml", "config.json", ".env")]
    return either(wish, connect=lambda wish: by_connect(wish, files))


AGENT = Agent(
    "continue",
    "Continue CLI",
    "cn",
    "npm install -g @continuedev/cli",
    route,
    version="1.5.47",
    via=("connect",),
    wires=("Chat", "Messages"),
    saved="tool results",
    limits="models through Continue's hub (`api.continue.dev`): those calls ignore the proxy; the editor extensions",
)
