"""Claude Code: the user's arguments, environment and settings files in; base URL and settings for this run out.

It honours `ANTHROPIC_BASE_URL`. The `env` of a settings file outranks the environment, so the URL is given both ways:
in the environment and with `--settings`, which outranks the files and changes none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from headroom_wrap.agents import Agent, Listening, Route, Start, Wish, origin_and_path, through_proxy, without_proxy
from headroom_wrap.refused import Refused

PROVIDER = "https://api.anthropic.com"
BASE_URL, TOOL_SEARCH = "ANTHROPIC_BASE_URL", "ENABLE_TOOL_SEARCH"
PERMISSION = "Bash(headroom get:*)"
MCP_PERMISSION = "mcp__headroom"
SERVER = {"type": "stdio", "alwaysLoad": True}
"""What an entry of our MCP server has besides. A deferred tool would come into the list in the middle of a session."""

OTHER_CLOUDS = {
    "CLAUDE_CODE_USE_BEDROCK": "Amazon Bedrock",
    "CLAUDE_CODE_USE_VERTEX": "Google Vertex AI",
    "CLAUDE_CODE_USE_FOUNDRY": "Microsoft Foundry",
}
MANAGED = (
    Path("/etc/claude-code/managed-settings.json"),
    Path("/Library/Application Support/ClaudeCode/managed-settings.json"),
)


def route(wish: Wish) -> Route:
    """-> how Claude Code is led through the proxy. Raises Refused where it would go past it."""
    given, arguments = _settings_argument(wish)
    own = {**_user_environment(wish), **_table(given, "env")}
    seen = {**wish.environment, **own}
    _refuse_other_clouds(seen)
    _refuse_foreign_settings(wish)
    origin, path = origin_and_path(wish.upstream or seen.get(BASE_URL) or PROVIDER)
    connect = wish.via == "connect"
    if connect and (wish.upstream or not origin.startswith("https://")):
        raise Refused(
            "an upstream, or a base URL of plain http, can't be led by CONNECT", "", "leave --via connect out"
        )

    def start(listening: Listening) -> Start:
        environment = (
            through_proxy(listening, seen) if connect else _base(f"http://127.0.0.1:{listening.base}{path}", seen)
        )
        if {"NO_PROXY", "no_proxy"} & own.keys():  # a settings file's would outrank that of the environment
            environment = {**without_proxy(seen), **environment}
        settings = json.dumps(_merged(given, environment, wish.server is not None))
        return Start((*_servers(wish), "--settings", settings, *arguments), {**without_proxy(seen), **environment})

    hosts = (urlsplit(origin).hostname or "",) if connect else ()
    return Route("" if connect else origin, start, hosts, {name: str(value) for name, value in own.items()})


def _base(url: str, seen: Mapping[str, Any]) -> dict[str, str]:
    """-> the variables of a base URL. Behind one Claude Code turns deferred tools off and sends twice the tool schemas
    (37 KB more in every request of 2.1.197); "true" brings them back."""
    return {BASE_URL: url} if seen.get(TOOL_SEARCH) else {BASE_URL: url, TOOL_SEARCH: "true"}


def _servers(wish: Wish) -> tuple[str, ...]:
    """-> the flag that adds our MCP server; it takes all arguments up to the next option, so it never stands last."""
    if wish.server is None:
        return ()
    return ("--mcp-config", json.dumps({"mcpServers": {"headroom": wish.server.entry(**SERVER)}}))


def _merged(given: Mapping[str, Any], environment: Mapping[str, str], mcp: bool) -> dict[str, Any]:
    """-> the settings for this run: the user's own `--settings`, our environment, and leave to fetch originals.

    `--allowedTools` would do as well, but takes every argument that follows it, the prompt included.
    """
    permissions = dict(_table(given, "permissions"))
    permissions["allow"] = [*permissions.get("allow", ()), PERMISSION, *([MCP_PERMISSION] if mcp else [])]
    return {**given, "env": {**_table(given, "env"), **environment}, "permissions": permissions}


def _settings_argument(wish: Wish) -> tuple[dict[str, Any], tuple[str, ...]]:
    """-> the user's own `--settings` (a file or JSON), read, and the arguments without it. Raises Refused."""
    arguments = list(wish.arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    for index, argument in enumerate(arguments[:end]):
        if argument == "--settings" and index + 1 < end:
            return _read_settings(arguments[index + 1], wish), (*arguments[:index], *arguments[index + 2 :])
        if argument.startswith("--settings="):
            value = argument.partition("=")[2]
            return _read_settings(value, wish), (*arguments[:index], *arguments[index + 1 :])
    return {}, wish.arguments


def _read_settings(value: str, wish: Wish) -> dict[str, Any]:
    try:
        text = value if value.lstrip().startswith("{") else (wish.directory / value).read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError) as problem:
        raise Refused("claude's --settings can't be read", str(problem), "correct the file or the JSON") from None
    if not isinstance(document, dict):
        raise Refused("claude's --settings is not a JSON object", "", "correct the file or the JSON")
    return document


def _user_environment(wish: Wish) -> Mapping[str, Any]:
    """-> the `env` of the user's own settings file, which Claude Code puts over the environment."""
    folder = Path(wish.environment.get("CLAUDE_CONFIG_DIR") or wish.home / ".claude")
    return _file_environment(folder / "settings.json")


def _refuse_foreign_settings(wish: Wish) -> None:
    """A project's base URL is not followed by itself: a cloned repository must not choose where a key is sent.

    An administrator's outranks everything, so that Claude Code would go past us.
    """
    project = [wish.directory / ".claude" / name for name in ("settings.json", "settings.local.json")]
    for file in MANAGED:
        if BASE_URL in _file_environment(file):
            mend = "it outranks headroom: run claude without headroom"
            raise Refused(f"{file} sets {BASE_URL}", "", mend)
    for file in project:
        url = _file_environment(file).get(BASE_URL)
        if url and not wish.upstream and file.parent != wish.home / ".claude":
            why = "a project does not choose where your key is sent"
            raise Refused(f"{file} sets {BASE_URL}", why, f"if you trust it: headroom wrap --upstream {url} claude")


def _refuse_other_clouds(seen: Mapping[str, Any]) -> None:
    for variable, cloud in OTHER_CLOUDS.items():
        if str(seen.get(variable) or "").lower() not in ("", "0", "false", "no", "off"):
            mend = f"unset {variable} or run claude without headroom"
            raise Refused(f"Claude Code is set to use {cloud}", "headroom doesn't read its requests yet", mend)


def _file_environment(file: Path) -> Mapping[str, Any]:
    """-> the `env` of a settings file; empty where it is missing or unreadable, as for Claude Code itself."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return _table(document, "env")


def _table(document: object, key: str) -> Mapping[str, Any]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


AGENT = Agent(
    "claude",
    "Claude Code",
    "claude",
    "npm install -g @anthropic-ai/claude-code",
    route,
    version="2.1.197",
    via=("base", "connect"),
    wires=("Messages",),
    saved="tool results",
    limits="Bedrock, Vertex and Foundry: their hosts and signatures aren't read",
)
