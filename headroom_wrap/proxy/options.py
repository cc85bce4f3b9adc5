"""What the launcher says about a run: one line of JSON in, a frozen `Options` out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

CARRIER = "HEADROOM_RUN"
"""The variable by which the processes that a wrapped agent leaves running are known; its value is `Options.carrier`."""

IDLE = 75
"""The exit code of a proxy that ended because nobody had used it for `idle_exit` seconds."""


@dataclass(frozen=True, slots=True)
class Options:
    """One run of the proxy. Only `home` is needed; a port of 0 means any free one.

    `session`, `agent` and `project` go into the ledger as they are. `upstream` overrides the provider for every path
    of the base-URL listener. `upstream_proxy` is the user's own HTTPS_PROXY, `no_proxy` the hosts it isn't for.
    `extra_ca`: files with roots that the user already trusts. `websocket=False` answers upgrades with 426, so that
    Codex falls back to HTTP at once. `way_back` to `holdout` are the policy (see `route.Policy`; `compressors`: only
    these are asked). `backstop`: seconds for one body, then its worker is killed. `keep_days`, `keep_bytes`: what
    retention leaves, once when the run begins. `lossless`: "compressor tool" of which nothing is left out, as the
    ledger had it when the run began: a proxy that dies and is started again gets the same. `inject_tool`: requests
    without a way back get our tool, whose calls are answered here. `idle_exit`: seconds without a client after which it
    ends by itself, 0: never. `carrier`: it goes on without its parent while processes have this value in their
    environment (`CARRIER`). `scorer`: the folder of a token classifier that orders lines (docs/scorers.md).
    """

    home: str
    session: str = ""
    agent: str = ""
    project: str = ""
    upstream: str = ""
    upstream_proxy: str = ""
    no_proxy: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    extra_ca: tuple[str, ...] = ()
    base_port: int = 0
    connect_port: int = 0
    websocket: bool = True
    enabled: bool = True
    way_back: str = "auto"
    stop_after: float = 2.0
    floor: int = 200
    compressors: tuple[str, ...] = ()
    skip_tools: tuple[str, ...] = ()
    holdout: float = 0.0
    scorer: str = ""
    backstop: float = 20.0
    inject_tool: bool = False
    lossless: tuple[str, ...] = ()
    keep_days: int = 30
    keep_bytes: int = 2_000_000_000
    idle_exit: float = 0.0
    carrier: str = ""


def parse(line: str | bytes) -> Options:
    """-> the options in one line of JSON. Raises ValueError, its text fit for the user."""
    try:
        given = json.loads(line)
    except ValueError as error:
        raise ValueError(f"the proxy's options are not JSON: {error}; give them as one line on stdin") from error
    if not isinstance(given, dict) or not isinstance(given.get("home"), str):
        raise ValueError('the proxy needs at least {"home": "<folder>"} as one line of JSON on stdin')
    known = {field.name: field.default for field in fields(Options)}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"unknown proxy option {name!r}; known are {', '.join(known)}")
        given[name] = _typed(name, value, known[name])
    return Options(**given)


def _typed(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"proxy option {name!r} must be a list of strings")
        return tuple(value)
    wanted: tuple[type, ...] = (int, float) if isinstance(default, float) else (type(default),)
    if name != "home" and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
        raise ValueError(f"proxy option {name!r} must be of type {type(default).__name__}")
    return value


def line(options: Options) -> bytes:
    """-> the line that `parse` reads."""
    return json.dumps(asdict(options)).encode() + b"\n"
