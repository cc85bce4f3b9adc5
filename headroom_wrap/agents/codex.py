"""Codex: the user's arguments, environment and config.toml in; `-c` overrides or a CONNECT proxy for this run out.

With an API key, or a provider of the user's own, Codex honours a base URL. With a ChatGPT login it learns its host from
the account (data residency), so the traffic is led through the CONNECT listener and whatever host it picks is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headroom_wrap.agents import Agent, Listening, Route, Start, Wish, origin_and_path, through_proxy, without_proxy
from headroom_wrap.agents.led import endpoints
from headroom_wrap.refused import Refused

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROVIDER = "https://api.openai.com/v1"
BASE_URL = "openai_base_url"
HEADLESS = ("exec", "e", "review")


@dataclass(frozen=True, slots=True)
class _BaseUrl:
    """The setting that holds Codex's base URL, and what the user has there."""

    key: str
    value: str


def route(wish: Wish) -> Route:
    """-> how Codex is led through the proxy. Raises Refused where it would go past it."""
    folder = Path(wish.environment.get("CODEX_HOME") or wish.home / ".codex")
    overrides = dict(_overrides(wish.arguments))
    config = _config(folder, wish.arguments)
    found = _base_url(config, overrides, wish.arguments)
    server = tuple(_server(wish))
    if _by_connect(wish, _signed_in(folder, wish) and not found.value and not wish.upstream):
        given = (*server, *wish.arguments)
        hosts = endpoints([folder / "config.toml"], wish.environment)
        return Route("", lambda listening: Start(given, through_proxy(listening, wish.environment)), hosts)
    origin, path = origin_and_path(wish.upstream or found.value or PROVIDER)
    path = path or ("/v1" if wish.upstream else "")
    arguments = _without_override(wish.arguments, found.key)

    def start(listening: Listening) -> Start:
        override = f'{found.key}="http://127.0.0.1:{listening.base}{path}"'
        return Start(("-c", override, *server, *arguments), without_proxy(wish.environment))

    return Route(origin, start)


def _by_connect(wish: Wish, signed_in: bool) -> bool:
    """-> whether Codex is led by CONNECT. Raises Refused where the user's wish for the other can't be met."""
    if wish.via == "connect" and wish.upstream:
        raise Refused("an upstream goes with a base URL", "", "leave --via connect out")
    if wish.via == "base" and signed_in:
        why = "its account says where its data may be, and a base URL would overrule that"
        raise Refused("Codex with a ChatGPT login is led by CONNECT", why, "leave --via base out")
    return signed_in or wish.via == "connect"


def _server(wish: Wish) -> Iterator[str]:
    """-> the overrides that add our MCP server, whose tools only read and are never asked about."""
    if wish.server is None:
        return
    entry = {**wish.server.entry(), "default_tools_approval_mode": "approve"}
    variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in entry.pop("env").items())
    for key, value in entry.items():
        yield from ("-c", f"mcp_servers.headroom.{key}={json.dumps(value)}")
    yield from ("-c", f"mcp_servers.headroom.env={{ {variables} }}")


def _base_url(config: Mapping[str, Any], overrides: Mapping[str, str], arguments: tuple[str, ...]) -> _BaseUrl:
    """-> which setting to override. Raises Refused for a provider that has no base URL to chain."""
    profile = _table(config, "profiles").get(str(config.get("profile") or ""), {})
    provider = overrides.get("model_provider") or profile.get("model_provider") or config.get("model_provider")
    if "--oss" in arguments:
        raise Refused("codex --oss talks to a model on this machine", "", "run codex without headroom")
    if not provider or provider == "openai":
        return _BaseUrl(BASE_URL, overrides.get(BASE_URL) or str(config.get(BASE_URL) or ""))
    key = f"model_providers.{provider}.base_url"
    value = overrides.get(key) or _table(_table(config, "model_providers"), provider).get("base_url")
    if not value or "." in provider:
        mend = f"give {provider!r} a base_url in config.toml, or run codex without headroom"
        raise Refused(f"Codex's model provider {provider!r} can't be chained", "it has no base_url", mend)
    return _BaseUrl(key, str(value))


def _signed_in(folder: Path, wish: Wish) -> bool:
    """-> whether Codex will use a ChatGPT login, or its login is not to be seen (a keyring, none yet)."""
    if wish.environment.get("CODEX_API_KEY") and wish.arguments[:1] and wish.arguments[0] in HEADLESS:
        return False
    try:
        login = json.loads((folder / "auth.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return not (wish.environment.get("OPENAI_API_KEY") or wish.environment.get("CODEX_API_KEY"))
    return isinstance(login, dict) and (bool(login.get("tokens")) or not login.get("OPENAI_API_KEY"))


def _config(folder: Path, arguments: tuple[str, ...]) -> dict[str, Any]:
    """-> the user's config.toml with the file of a `--profile` laid over it. A project's is not followed: a cloned
    repository must not choose where a key is sent. Raises Refused."""
    layers = [folder / "config.toml"]
    layers += [folder / f"{name}.config.toml" for name in _values(arguments, ("-p", "--profile"))]
    return {key: value for layer in layers for key, value in _toml(layer).items()}


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise Refused(f"{file} can't be read", str(problem), "correct it (codex doctor says more)") from None


def _overrides(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """-> the user's own `-c key=value`, in order; strings without their quotes."""
    for given in _values(arguments, ("-c", "--config")):
        key, _, value = given.partition("=")
        yield key.strip(), value.strip().strip("\"'")


def _values(arguments: tuple[str, ...], names: tuple[str, str]) -> Iterator[str]:
    """-> the values of an option, given as `-x value`, `-xvalue`, `--long value` or `--long=value`."""
    short, long = names
    following = iter(_options(arguments))
    for argument in following:
        if argument in names:
            yield next(following, "")
        elif argument.startswith(f"{long}="):
            yield argument[len(long) + 1 :]
        elif argument.startswith(short) and not argument.startswith("--"):
            yield argument[len(short) :]


def _options(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """-> the arguments before a `--`."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _without_override(arguments: tuple[str, ...], key: str) -> tuple[str, ...]:
    """-> the arguments without the user's own override of `key`: after a subcommand it would outrank ours."""
    kept: list[str] = []
    options = len(_options(arguments))
    skip = False
    for index, argument in enumerate(arguments):
        following = arguments[index + 1] if index + 1 < options else ""
        if skip:
            skip = False
        elif index < options and argument in ("-c", "--config") and following.partition("=")[0].strip() == key:
            skip = True
        elif index >= options or not argument.startswith((f"-c{key}=", f"--config={key}=")):
            kept.append(argument)
    return tuple(kept)


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


AGENT = Agent(
    "codex",
    "Codex",
    "codex",
    "npm install -g @openai/codex",
    route,
    version="0.169.0",
    via=("base", "connect"),
    wires=("Responses",),
    saved="tool results",
    limits="`--oss` and providers without a `base_url`: they would go past the proxy",
)
