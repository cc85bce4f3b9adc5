"""The agents that can be wrapped, one file each: in, what the user has; out, what to run with which environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from headroom_wrap.refused import Refused

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE")


@dataclass(frozen=True, slots=True)
class Server:
    """How our MCP server is started: a command and its environment, since agents hand on few of their variables."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    def entry(self, **more: Any) -> dict[str, Any]:
        """-> the object that agents with JSON files keep of a server."""
        first, *rest = self.command
        return {**more, "command": first, "args": rest, "env": dict(self.environment)}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for and has: the agent's own arguments, the environment, `upstream` where one was given.

    `server`: the MCP server that the agent is to have for this run, by its own flags. `via`: "base" or "connect", where
    the user chose between them.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    upstream: str = ""
    directory: Path = Path()
    server: Server | None = None
    via: str = ""

    @property
    def home(self) -> Path:
        """-> the user's home folder, as the agent will see it."""
        return Path(self.environment.get("HOME") or Path.home())


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the proxy accepts: the ports for base URLs and for CONNECT, and the file of roots that includes ours.

    `hosts`: those that it decrypts, where it is known to an agent that is led by CONNECT.
    """

    base: int
    connect: int
    ca: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """What to run: the agent's arguments, and what its environment gets in addition."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """How an agent's requests come to us and where they go from here.

    `upstream` is the origin (scheme, host, port) behind the base-URL listener; its path stays on the agent's side of
    the proxy, so that the agent sends the very paths that it would send without us. `hosts` are to be decrypted besides
    the known inference hosts: endpoints that the user's own configuration names. `own`: the variables of that
    configuration, which may name the user's own proxy and roots.
    """

    upstream: str
    start: Callable[[Listening], Start]
    hosts: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that can be wrapped: its command, how to install it, and how its requests are led through the proxy.

    What follows is for people: the `version` that the tests run, what `via` offers (the default first), the `wires` it
    speaks, what is `saved`, and the `limits`: what is not supported, and why.
    """

    name: str
    title: str
    executable: str
    install: str
    route: Callable[[Wish], Route]
    version: str
    via: tuple[str, ...]
    wires: tuple[str, ...]
    saved: str
    limits: str = ""


def origin_and_path(url: str) -> tuple[str, str]:
    """-> `https://host:port` and the path without a final slash. Raises Refused for what is no http URL."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # an impossible port or address
        known = False
    if not known:
        raise Refused(f"{url!r} is no URL of a provider", "", "give one like https://llm.example.com")
    return urlunsplit((parts.scheme, parts.netloc, "", "", "")), parts.path.rstrip("/")


def without_proxy(environment: Mapping[str, str], led: Collection[str] = ()) -> dict[str, str]:
    """-> NO_PROXY with this machine added, so that a proxy the user has is not asked for the way to ours.

    Names that are for a host of `led` go: past the user's own proxy ours takes the agent there.
    """
    given = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    names = [name.strip() for name in given.split(",") if name.strip()]
    names = [name for name in names if not _excepts(name, led)]
    value = ",".join([*names, *(name for name in LOOPBACK if name not in names)])
    return {"NO_PROXY": value, "no_proxy": value}


def _excepts(name: str, hosts: Collection[str]) -> bool:
    """-> whether a name in NO_PROXY (`.example.com`, `llm.example.com:443`, `*`) is for one of these hosts."""
    bare = re.sub(r":\d+\Z", "", name.lower().lstrip("*."))
    return any(not bare or f".{host}".endswith(f".{bare}") or f".{bare}".endswith(f".{host}") for host in hosts)


def through_proxy(listening: Listening, environment: Mapping[str, str]) -> dict[str, str]:
    """-> the environment of an agent, and of what it starts, whose HTTPS goes through the CONNECT listener.

    Every variable that names a file of roots is set: scripts that the agent runs may call the provider themselves.
    """
    proxy = f"http://127.0.0.1:{listening.connect}"
    roots = dict.fromkeys(CERTIFICATES, listening.ca)
    return {"HTTPS_PROXY": proxy, "https_proxy": proxy, **roots, **without_proxy(environment, listening.hosts)}
