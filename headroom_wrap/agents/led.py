"""A wish and the ways an agent knows in; the way that was chosen, by CONNECT or by base URL, out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from headroom_wrap.agents import Listening, Route, Start, Wish, origin_and_path, through_proxy, without_proxy
from headroom_wrap.refused import Refused

Way = Callable[[Wish], Route]

_ENDPOINT = re.compile(
    r"""(?ix) (?: api_?base | base_?url | (?: api|azure )_?endpoint )["']? \s* [:=] \s* ["']? (https://[^\s"',}]+)"""
)
"""A setting that names where a model is, in JSON, TOML, YAML or a variable: known by its name, wherever it is."""

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*")
_SUBCOMMAND = re.compile(r"[a-z][a-z-]*")


def either(wish: Wish, **ways: Way) -> Route:
    """-> the route of the way that was chosen; the first is the default, `base` where an upstream is given.

    Raises Refused for a way that the agent doesn't have.
    """
    via = wish.via or ("base" if wish.upstream and "base" in ways else next(iter(ways)))
    if via not in ways:
        raise Refused(f"this agent can't be led by {via}", "", f"leave --via out, or take {' or '.join(ways)}")
    return ways[via](wish)


def by_connect(
    wish: Wish,
    files: Iterable[Path] = (),
    arguments: tuple[str, ...] = (),
    more: Mapping[str, str] | None = None,
    hosts: tuple[str, ...] = (),
) -> Route:
    """-> the route by HTTPS_PROXY and our roots: the agent keeps its providers, only inference hosts are decrypted.

    `files`: the user's configuration, whose endpoints are decrypted too, as are the agent's own `hosts`; `arguments`
    and `more`, variables, go to the agent.
    Raises Refused for an upstream: what the agent calls is its own choice here.
    """
    if wish.upstream:
        why = "led by a proxy it calls the providers that it is set to"
        raise Refused(
            "this agent can't be sent to another upstream", why, "take the upstream out, or set it in the agent"
        )

    def start(listening: Listening) -> Start:
        environment = {**through_proxy(listening, wish.environment), **(more or {})}
        return Start((*arguments, *wish.arguments), environment)

    return Route("", start, (*hosts, *endpoints(files, wish.environment)))


def by_base(wish: Wish, variables: Mapping[str, str], provider: str = "", arguments: tuple[str, ...] = ()) -> Route:
    """-> the route by base-URL variables, each with the path that its value has behind the origin of a bare upstream.

    The origin is the upstream's, or that of the value the user has in one of the variables, or of `provider`; where
    there is none the proxy tells by the path of each request.
    """
    own = next(filter(None, (wish.environment.get(name) for name in variables)), "")
    origin, path = origin_and_path(wish.upstream or own or provider) if wish.upstream or own or provider else ("", "")

    def start(listening: Listening) -> Start:
        base = f"http://127.0.0.1:{listening.base}"
        environment = {name: f"{base}{path or after}" for name, after in variables.items()}
        return Start((*arguments, *wish.arguments), {**environment, **without_proxy(wish.environment)})

    return Route(origin, start)


def by_either(
    wish: Wish,
    variables: Mapping[str, str],
    provider: str = "",
    files: Iterable[Path] = (),
    arguments: tuple[str, ...] = (),
) -> Route:
    """-> by CONNECT, or by these base-URL variables where that was chosen, or where one names a URL of plain http: what
    isn't TLS doesn't pass a proxy for HTTPS."""
    plain = any(wish.environment.get(name, "").startswith("http://") for name in variables)
    return either(
        replace(wish, via="base") if plain and not wish.via else wish,
        connect=lambda wish: by_connect(wish, files, arguments),
        base=lambda wish: by_base(wish, variables, provider, arguments),
    )


def endpoints(files: Iterable[Path], environment: Mapping[str, str]) -> tuple[str, ...]:
    """-> the hosts of the endpoints that the user's files and variables name; no addresses, nothing of this machine."""
    texts = [f"{name}={value}" for name, value in sorted(environment.items())]
    for file in files:
        try:
            texts.append(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    urls = [found for text in texts for found in _ENDPOINT.findall(text)]
    hosts = [(urlsplit(url).hostname or "").lower() for url in urls]
    return tuple(dict.fromkeys(host for host in hosts if _HOST.fullmatch(host)))


def unless_subcommand(wish: Wish, *flags: str) -> tuple[str, ...]:
    """-> the flags, for a session; none where the first argument looks like a subcommand (`mcp`): those refuse them."""
    return () if wish.arguments and _SUBCOMMAND.fullmatch(wish.arguments[0]) else flags


def servers(wish: Wish, **more: object) -> str:
    """-> our MCP server in the JSON that several agents take by a flag."""
    return json.dumps({"mcpServers": {"headroom": wish.server.entry(**more)}}) if wish.server else ""


def without_server(wish: Wish, title: str) -> None:
    """Raise Refused where our MCP server is wanted for an agent that takes none for one run."""
    if wish.server:
        raise Refused(f"{title} takes no MCP server for one run", "", "leave --mcp out: its shell runs headroom get")
