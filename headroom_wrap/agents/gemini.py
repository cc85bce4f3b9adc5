"""Gemini CLI: the user's arguments and environment in; a CONNECT proxy, or its two base-URL variables, out.

By default CONNECT: it serves the API key and the Google login alike. Behind a base URL Gemini CLI takes the session for
one with a gateway and wants `security.auth.selectedType` set in its settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from headroom_wrap.agents import Agent, Route, Wish
from headroom_wrap.agents.led import by_either, unless_subcommand, without_server

BASES = {"GOOGLE_GEMINI_BASE_URL": "", "CODE_ASSIST_ENDPOINT": ""}
POLICY = Path(__file__).with_suffix(".toml")


def route(wish: Wish) -> Route:
    """-> how Gemini CLI is led through the proxy. Raises Refused where that can't be."""
    without_server(wish, "Gemini CLI")
    flags = unless_subcommand(wish, *_policies(wish))
    return by_either(wish, BASES, arguments=flags)


def _policies(wish: Wish) -> Iterator[str]:
    """-> leave to fetch originals, where a person is there: without one Gemini CLI offers no shell at all unless it may
    run something in it, and a tool of which all else is denied would be news to the model.

    `--policy` takes the place of the user's own folder, so that is named too. `--allowed-tools` would deny every other
    tool, even in a session that was started to allow all (0.61.0).
    """
    if any(argument in ("-p", "--prompt") or argument.startswith("--prompt=") for argument in wish.arguments):
        return
    yield f"--policy={POLICY}"
    own = wish.home / ".gemini" / "policies"
    if own.is_dir() and not any(argument.startswith("--policy") for argument in wish.arguments):
        yield f"--policy={own}"


AGENT = Agent(
    "gemini",
    "Gemini CLI",
    "gemini",
    "npm install -g @google/gemini-cli",
    route,
    version="0.61.0",
    via=("connect", "base"),
    wires=("Gemini", "Code Assist"),
    saved="tool results",
    limits="Vertex AI: its hosts differ by region and aren't decrypted",
)
