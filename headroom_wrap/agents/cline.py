"""Cline CLI: the user's arguments and environment in; a CONNECT proxy, and a session of its own, out.

By default Cline leads sessions through a hub, a daemon that outlives it: one that runs already would go past the proxy,
one started now would be left with the address of a proxy that has ended. `CLINE_SESSION_BACKEND_MODE=local` runs the
session in Cline itself, and neither uses nor starts a hub.
"""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_connect, either, without_server
from headroom_wrap.refused import Refused

LOCAL = {"CLINE_SESSION_BACKEND_MODE": "local"}
ZEN = ("-z", "--zen")
IN_THE_HUB = ("hub", "connect", "schedule", "dashboard", "kanban")


def route(wish: Wish) -> Route:
    """-> how Cline is led through the proxy. Raises Refused where it would go past it."""
    without_server(wish, "Cline")
    for place, argument in enumerate(wish.arguments):
        if argument in ZEN or (place == 0 and argument in IN_THE_HUB):
            raise Refused(f"cline {argument} can't be wrapped", "its hub outlives this run", "run it without headroom")
    files = [wish.home / ".cline" / "data" / "settings" / "providers.json"]
    return either(wish, connect=lambda wish: by_connect(wish, files, more=LOCAL))


AGENT = Agent(
    "cline",
    "Cline CLI",
    "cline",
    "npm install -g cline",
    route,
    version="3.0.65",
    via=("connect",),
    wires=("Responses", "Chat", "Messages"),
    saved="tool results; outputs over 9 KB it cuts itself",
    limits="what runs in its hub (`--zen`, schedules, connectors): the hub outlives the proxy; "
    "Cline's own provider (`api.cline.bot`): not run without an account, so not decrypted",
)
