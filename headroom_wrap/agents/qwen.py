"""Qwen Code: the user's arguments, environment and settings in; a CONNECT proxy, or its base-URL variable, out.

By default CONNECT: Qwen Code keeps several providers in its settings and can change between them in a session.
"""

from __future__ import annotations

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_either, unless_subcommand, without_server

PROVIDER = "https://dashscope.aliyuncs.com/compatible-mode/v1"
PERMISSION = "run_shell_command(headroom get)"


def route(wish: Wish) -> Route:
    """-> how Qwen Code is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "Qwen Code")
    flags = unless_subcommand(wish, f"--allowed-tools={PERMISSION}")
    files = [wish.home / ".qwen" / name for name in ("settings.json", ".env")]
    return by_either(wish, {"OPENAI_BASE_URL": "/v1"}, PROVIDER, files, flags)


AGENT = Agent(
    "qwen",
    "Qwen Code",
    "qwen",
    "npm install -g @qwen-code/qwen-code",
    route,
    version="0.24.4",
    via=("connect", "base"),
    wires=("Chat",),
    saved="tool results",
    limits="its Anthropic and Gemini providers weren't run",
)
