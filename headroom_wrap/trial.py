"""The way the user's proxy would be started in; whether a real request and a real TLS handshake get through it, out.

The proxy has a folder of its own for the trial, and the provider is a stub on this machine: nothing reaches the
network, the user's store or the ledger.
"""

from __future__ import annotations

import http.client
import itertools
import socket
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from headroom_wrap.agents import Listening
from headroom_wrap.demo.play import play
from headroom_wrap.demo.recorded import ANSWER, session
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.proxy.options import Options
from headroom_wrap.running import proxy

REQUESTS = 3
HOST = "api.anthropic.com"
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial: tokens of tool results before and after; `tls` says what is wrong, "" where nothing is."""

    before: int
    after: int
    tls: str


def tried(options: Options, environment: Mapping[str, str]) -> Tried:
    """-> what came of a few requests of the recorded session and of a handshake behind CONNECT.

    Raises Refused where the proxy does not start, OSError and http.client.HTTPException where it doesn't answer.
    """
    turns = session()
    steps = [*(turn.step for turn in turns), ANSWER]
    with tempfile.TemporaryDirectory(prefix="headroom-doctor-") as folder, Upstream(steps) as upstream:
        own = Options(home=folder, session="doctor", agent="doctor", upstream=upstream.url)
        own = replace(own, hosts=options.hosts, extra_ca=options.extra_ca)
        with proxy(own, environment) as running:
            played = list(itertools.islice(play(running.listening.base, turns, upstream), REQUESTS))
            tls = handshake(running.listening)
    return Tried(sum(each.before for each in played), sum(each.after for each in played), tls)


def handshake(listening: Listening, host: str = HOST) -> str:
    """-> what is wrong with the certificate that the proxy shows for an inference host to somebody who trusts the
    bundle; "" where nothing is. The provider itself is not asked: the proxy connects only for a request."""
    trust = ssl.create_default_context(cafile=str(Path(listening.ca)))
    with socket.create_connection(("127.0.0.1", listening.connect), timeout=SECONDS) as plain:
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        answer = http.client.HTTPResponse(plain, method="CONNECT")
        answer.begin()
        if answer.status != 200:
            return f"CONNECT was answered with {answer.status}"
        try:
            with trust.wrap_socket(plain, server_hostname=host):
                return ""
        except ssl.SSLError as problem:
            return str(problem)
