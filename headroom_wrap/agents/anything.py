"""Any command that calls a model by itself: its environment in; a proxy, or the SDKs' base-URL variables, out."""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_either

BASES = {
    "ANTHROPIC_BASE_URL": "",
    "OPENAI_BASE_URL": "/v1",
    "OPENAI_API_BASE": "/v1",
    "GOOGLE_GEMINI_BASE_URL": "",
}
"""The variables that the SDKs of the three providers read, with the path that each wants behind the origin."""


def agent(command: str) -> Agent:
    """-> what wraps this command; the ledger has it under its name."""
    name = command.replace("\\", "/").rpartition("/")[2]
    return Agent(
        name,
        name,
        command,
        "",
        route,
        version="",
        via=("connect", "base"),
        wires=("Messages", "Chat", "Responses", "Gemini"),
        saved="tool results",
        limits="",
    )


def route(wish: Wish) -> Route:
    """-> how a command's requests are led through the proxy: by HTTPS_PROXY, which leaves its providers as they are."""
    return by_either(wish, BASES)
