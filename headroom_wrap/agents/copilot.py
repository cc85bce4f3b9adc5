"""Copilot CLI: the user's arguments and environment in; a CONNECT proxy, or the base URL of an own provider, out.

With a GitHub login it learns its host from the account (individual, business, enterprise), so the traffic is led by
CONNECT and whatever host it picks is kept. An own provider (`COPILOT_PROVIDER_BASE_URL`) is chained by that variable.

No rule for `headroom get` is passed: Copilot's rules name whole commands, `shell(headroom)` would also allow
`headroom wrap -- anything` (1.0.102: a second word is not matched, except for git and gh).
"""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_base, by_connect, by_either, either, servers

OWN = "COPILOT_PROVIDER_BASE_URL"
LOGIN = "COPILOT_API_URL"
PROVIDER = "https://api.githubcopilot.com"


def route(wish: Wish) -> Route:
    """-> how Copilot CLI is led through the proxy. Raises Refused where that can't be."""
    flags: tuple[str, ...] = ()
    if wish.server:
        config = servers(wish, type="local", tools=["*"])
        flags = (f"--additional-mcp-config={config}", "--allow-tool=headroom")
    if wish.environment.get(OWN):
        return either(
            wish,
            base=lambda wish: by_base(wish, {OWN: "/v1"}, arguments=flags),
            connect=lambda wish: by_connect(wish, arguments=flags),
        )
    return by_either(wish, {LOGIN: ""}, PROVIDER, arguments=flags)


AGENT = Agent(
    "copilot",
    "Copilot CLI",
    "copilot",
    "npm install -g @github/copilot",
    route,
    version="1.0.102",
    via=("connect", "base"),
    wires=("Messages", "Chat", "Responses"),
    saved="tool results; of outputs over 20 KB it sends only the beginning itself",
    limits="data residency (`ghe.com`): name its host in `HEADROOM_HOSTS`",
)
