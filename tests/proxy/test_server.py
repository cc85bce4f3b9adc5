"""Start, end, and what is decrypted: the real proxy as a child."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from headroom_wrap.store import UnknownRef
from headroom_wrap.store.objects import Objects
from tests.proxy.bodies import conversation
from tests.proxy.loopback import ANSWER, Upstream, children, kill, proxy, runs, wait_until
from tests.proxy.tls import own_server

pytestmark = pytest.mark.slow


def started(given: dict[str, Any]) -> tuple[int, bytes, str]:
    """-> exit code, stdout and stderr of a proxy that ends by itself, its stdin still open."""
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-m", "headroom_wrap.proxy"], stdin=pipe, stdout=pipe, stderr=pipe)
    with child:
        assert child.stdin and child.stdout and child.stderr
        child.stdin.write(json.dumps(given).encode() + b"\n")
        child.stdin.flush()
        return child.wait(30), child.stdout.read(), child.stderr.read().decode()


def test_it_ends_when_its_stdin_closes_and_leaves_nothing_running(tmp_path: Path) -> None:
    with proxy(tmp_path) as running:
        workers = children(running.child.pid)
        assert len(workers) == 1
        assert running.stop() == 0
    assert wait_until(lambda: not any(map(runs, workers)))


def test_what_nobody_has_used_for_too_long_expires_when_a_run_begins(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    old, young = objects.keep("an old one", call="make old"), objects.keep("a young one")
    os.utime(objects.paths(old)[0], (1, 1))
    with proxy(home=str(tmp_path), keep_days=3):
        pass
    assert objects.original(young).text == "a young one"
    with pytest.raises(UnknownRef, match="expired; run again: make old"):
        objects.original(old)


def test_it_ends_at_sigterm(tmp_path: Path) -> None:
    with proxy(tmp_path) as running:
        workers = children(running.child.pid)
        running.child.send_signal(signal.SIGTERM)
        assert running.child.wait(60) == 0
    assert wait_until(lambda: not any(map(runs, workers)))


def test_ctrl_c_in_the_terminal_is_the_agents(upstream: Upstream, tmp_path: Path) -> None:
    with proxy(tmp_path, upstream=upstream.url) as running:
        for pid in (running.child.pid, *children(running.child.pid)):
            os.kill(pid, signal.SIGINT)
        assert running.post(b"{}").status == 200


def test_killed_it_leaves_no_worker_not_even_a_busy_one(upstream: Upstream, tmp_path: Path) -> None:
    with proxy(tmp_path, upstream=upstream.url) as running:
        running.post(b"{}")
        workers = children(running.child.pid)
        slow = conversation(1, text=os.urandom(3_500_000).hex())  # seconds of counting
        line = socket.create_connection(("127.0.0.1", running.base))
        line.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(slow) + slow)
        kill(running.child.pid)
        running.child.wait(60)
        line.close()
    assert wait_until(lambda: not any(map(runs, workers)), 5)


def test_a_killed_parent_takes_the_proxy_and_its_workers_with_it(tmp_path: Path) -> None:
    options = json.dumps({"home": str(tmp_path)}).encode() + b"\n"
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'headroom_wrap.proxy'], stdin=subprocess.PIPE)\n"
        f"child.stdin.write({options!r})\n"
        "child.stdin.flush()\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout
        assert json.loads(parent.stdout.readline())["base"]
        family = [pid for child in children(parent.pid) for pid in (child, *children(child))]
        assert len(family) == 2
        kill(parent.pid)
    assert wait_until(lambda: not any(map(runs, family)))


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = started({"home": str(tmp_path), "base_port": port})
    assert done == (2, b"", f"headroom: the proxy did not start: port {port} is taken; choose another with --port\n")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"hosts": ["a b"]}, "'a b' in hosts is no host name"),
        ({"upstream_proxy": "socks5://p:1"}, "the upstream proxy is no http"),
        ({"upstream": "gw.example"}, "upstream 'gw.example' is no URL"),
        ({"port": 1}, "unknown proxy option 'port'"),
        ({"home": "/proc/nowhere"}, "No such file"),
    ],
)
def test_what_cannot_be_started_is_said_in_one_line(given: dict[str, Any], says: str, tmp_path: Path) -> None:
    done = started({"home": str(tmp_path), **given})
    assert done[:2] == (2, b"")
    assert says in done[2]
    assert done[2].count("\n") == 1


def test_the_folder_it_makes_is_the_users_alone(tmp_path: Path) -> None:
    with proxy(tmp_path / "new" / "headroom"):
        pass
    made = [path for path in (tmp_path / "new").rglob("*") if path.name != "mitmproxy-dhparam.pem"]  # public
    assert made
    assert not [path for path in made if path.stat().st_mode & 0o077]


def test_listeners_are_on_this_machine_only(tmp_path: Path) -> None:
    with proxy(tmp_path) as running:
        listening = {
            tuple(fields[1].split(":"))
            for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
            if fields[3] == "0A"
        }
        for port in (running.base, running.connect):
            assert [address for address, hexadecimal in listening if int(hexadecimal, 16) == port] == ["0100007F"]


def over_connect(port: int, target: str, trust: ssl.SSLContext, name: str, body: bytes) -> tuple[int, bytes]:
    """A POST through CONNECT and TLS, as an agent with HTTPS_PROXY sends it."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n".encode())
        assert b" 200 " in line.recv(4096)
        with trust.wrap_socket(line, server_hostname=name) as secure:
            head = f"POST /v1/messages HTTP/1.1\r\nhost: {name}\r\ncontent-length: {len(body)}\r\nx-api-key: k\r\n\r\n"
            secure.sendall(head.encode() + body)
            response = http.client.HTTPResponse(secure)
            response.begin()
            return response.status, response.read()


def trusting(folder: Path, name: str, *more: str) -> tuple[ssl.SSLContext, Path]:
    """-> a server's TLS context, and a file with the root that it needs."""
    root, context = own_server(folder, name, *more)
    file = folder / f"{name}-root.pem"
    file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return context, file


def test_an_inference_host_is_decrypted_and_the_users_own_roots_hold_upstream(tmp_path: Path) -> None:
    context, root = trusting(tmp_path, "localhost")
    options = {"hosts": ["localhost"], "extra_ca": [str(root)]}
    with Upstream(tls=context).running() as upstream, proxy(tmp_path, **options) as running:
        trust = ssl.create_default_context(cafile=str(running.ca))
        for turns in (1, 3):
            target = f"localhost:{upstream.port}"
            answer = over_connect(running.connect, target, trust, "localhost", conversation(turns))
            assert (answer[0], json.loads(answer[1])) == (200, ANSWER)
        assert upstream.received[0].body == conversation(1)
        assert len(upstream.received[1].body) < len(conversation(3))
        assert [row["segments"] for row in running.exchanges()] == [1, 3]


def test_an_upstream_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context, _ = trusting(tmp_path, "localhost")
    with Upstream(tls=context).running() as upstream, proxy(tmp_path, hosts=["localhost"]) as running:
        trust = ssl.create_default_context(cafile=str(running.ca))
        status, body = over_connect(running.connect, f"localhost:{upstream.port}", trust, "localhost", b"{}")
        assert upstream.received == []
        upstream.errors.clear()
    assert status == 502
    assert "ertificate verify failed" in json.loads(body)["error"]["message"]


def test_any_other_host_is_a_blind_tunnel(tmp_path: Path) -> None:
    """The client sees the server's own certificate, and nothing is changed or recorded."""
    context, root = trusting(tmp_path, "other.example")
    with Upstream(tls=context).running() as upstream, proxy(tmp_path) as running:
        trust = ssl.create_default_context(cafile=str(root))
        target = f"127.0.0.1:{upstream.port}"
        assert over_connect(running.connect, target, trust, "other.example", conversation(3))[0] == 200
    assert upstream.received[0].body == conversation(3)


class Tunnel(socketserver.StreamRequestHandler):
    """Answers a CONNECT and leads it to the one target, whatever it names."""

    server: OwnProxy

    def handle(self) -> None:
        self.server.heads.append("".join(iter(lambda: self.rfile.readline().decode().rstrip("\r\n") + "|", "|")))
        with socket.create_connection(("127.0.0.1", self.server.target)) as onward:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, self.connection))
            back.start()
            pump(self.connection, onward)
            back.join()


def pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


class OwnProxy(socketserver.ThreadingTCPServer):
    """The user's own proxy."""

    block_on_close = True

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.target, self.heads = target, list[str]()
        self.url = f"http://me:s%40cret@127.0.0.1:{self.server_address[1]}"


@contextmanager
def own_proxy(target: int) -> Iterator[OwnProxy]:
    with OwnProxy(target) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_the_users_own_proxy_is_chained_on_both_listeners(tmp_path: Path) -> None:
    context, root = trusting(tmp_path, "llm.example.org", "other.example")
    with Upstream(tls=context).running() as upstream, own_proxy(upstream.port) as own:
        options: dict[str, Any] = {
            "upstream": "https://llm.example.org", "hosts": ["llm.example.org"],
            "extra_ca": [str(root)], "upstream_proxy": own.url,
        }  # fmt: skip
        with proxy(tmp_path, **options) as running:
            assert running.post(conversation(1)).status == 200
            trust = ssl.create_default_context(cafile=str(running.ca))
            target, name = "llm.example.org:443", "llm.example.org"
            assert over_connect(running.connect, target, trust, name, conversation(1))[0] == 200
            blind = ssl.create_default_context(cafile=str(root))
            assert over_connect(running.connect, "other.example:443", blind, "other.example", b"{}")[0] == 200
    lines = [head.split(" HTTP", 1)[0] for head in own.heads]
    assert lines == ["CONNECT llm.example.org:443", "CONNECT llm.example.org:443", "CONNECT other.example:443"]
    assert all("proxy-authorization: basic bwu6c0bjcmv0" in head.lower() for head in own.heads)
    assert [received.header("proxy-authorization") for received in upstream.received] == [None] * 3


def test_a_host_that_the_proxy_is_not_for_is_reached_directly(upstream: Upstream, tmp_path: Path) -> None:
    with own_proxy(1) as own, proxy(tmp_path, upstream=upstream.url, upstream_proxy=own.url) as running:
        assert running.post(b"{}").status == 200
    assert own.heads == []
