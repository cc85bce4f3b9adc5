"""Tools that an agent starts behind CONNECT: real curl, git, pip and npm get what the server has, past us."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from headroom_wrap.agents import through_proxy
from headroom_wrap.proxy.options import Options
from headroom_wrap.running import proxy
from headroom_wrap.settings import environment
from tests.proxy.tls import own_server

pytestmark = pytest.mark.slow
HOST = "files.example"
URL = f"https://{HOST}"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


class Corporate(Quiet):
    """The proxy that the user has: every CONNECT leads to `port` on this machine; what was asked for is kept."""

    port = 0
    asked: tuple[str, ...] = ()

    def do_CONNECT(self) -> None:
        type(self).asked += (self.path,)
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            self.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, self.connection), daemon=True)
            back.start()
            pump(self.connection, server)
            back.join()
        self.close_connection = True


def pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := one.recv(65_536):
            other.sendall(piece)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[dict[str, str]]:
    """-> the environment of a tool behind our CONNECT listener and the user's own proxy, with the user's own root."""
    (tmp_path / "files").mkdir()
    certificate, context = own_server(tmp_path, HOST)
    root = tmp_path / "root.pem"
    root.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "files")))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    user = {"PATH": environment()["PATH"], "HOME": str(tmp_path), "SSL_CERT_FILE": str(root)}
    with served(server) as port:
        kind = type("Here", (Corporate,), {"port": port, "asked": ()})
        with served(ThreadingHTTPServer(("127.0.0.1", 0), kind)) as corporate:
            own = f"http://127.0.0.1:{corporate}"
            options = Options(str(tmp_path / "data"), upstream_proxy=own, extra_ca=(str(root),))
            with proxy(options, user) as running:
                yield {**user, **through_proxy(running.listening, user)}
            assert set(kind.asked) == {f"{HOST}:443"}  # type: ignore[attr-defined]


def ran(command: list[str], given: dict[str, str], folder: Path) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    ended = subprocess.run(command, env=given, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_curl_gets_the_bytes_and_sees_the_servers_own_certificate(behind: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "files" / "a.txt").write_text("the very bytes\n")

    out = ran(["curl", "-sS", "-w", "%{ssl_verify_result}", f"{URL}/a.txt"], behind, tmp_path)

    assert out == "the very bytes\n0"


def test_git_clones(behind: dict[str, str], tmp_path: Path) -> None:
    bare = tmp_path / "files" / "it.git"
    own = {**behind, "GIT_CONFIG_NOSYSTEM": "1"}
    ran(["git", "init", "-q", "--bare", str(bare)], own, tmp_path)
    tree = ran(["git", "-C", str(bare), "hash-object", "-w", "-t", "tree", "/dev/null"], own, tmp_path).strip()
    named = ["-c", "user.name=a", "-c", "user.email=a@example"]
    made = ran(["git", "-C", str(bare), *named, "commit-tree", "-m", "one", tree], own, tmp_path).strip()
    ran(["git", "-C", str(bare), "update-ref", "refs/heads/main", made], own, tmp_path)
    ran(["git", "-C", str(bare), "symbolic-ref", "HEAD", "refs/heads/main"], own, tmp_path)
    ran(["git", "-C", str(bare), "update-server-info"], own, tmp_path)

    ran(["git", "clone", "-q", f"{URL}/it.git", "clone"], {**own, "GIT_SSL_CAINFO": own["SSL_CERT_FILE"]}, tmp_path)

    assert ran(["git", "-C", "clone", "log", "--format=%s"], own, tmp_path) == "one\n"


def test_pip_installs(behind: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "files" / "simple" / "thing"
    folder.mkdir(parents=True)
    name = "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder / name, "w") as wheel:
        wheel.writestr("thing.py", "WHAT = 1\n")
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("thing-1.0.dist-info/RECORD", "")
    (folder / "index.html").write_text(f'<a href="{name}">{name}</a>')
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-input", "--isolated"]

    ran([*command, "--index-url", f"{URL}/simple", "--target", "into", "thing"], behind, tmp_path)

    assert (tmp_path / "into" / "thing.py").read_text() == "WHAT = 1\n"


def test_npm_asks_its_registry(behind: dict[str, str], tmp_path: Path) -> None:
    version = {"name": "thing", "version": "1.2.3", "dist": {"tarball": f"{URL}/t.tgz", "shasum": ""}}
    document = {"name": "thing", "dist-tags": {"latest": "1.2.3"}, "versions": {"1.2.3": version}}
    (tmp_path / "files" / "thing").write_text(json.dumps(document))

    plain = {**behind, "NPM_CONFIG_GLOBALCONFIG": "/dev/null", "NPM_CONFIG_FETCH_RETRIES": "0"}
    assert ran(["npm", "view", "thing", "version", "--registry", URL], plain, tmp_path) == "1.2.3\n"
