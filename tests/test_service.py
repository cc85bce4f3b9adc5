"""The proxy in the background: started, found, restarted, ended; real processes."""

from __future__ import annotations

import http.client
import json
import os
import plistlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from headroom_wrap import service
from headroom_wrap.demo.script import say
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.settings import environment
from tests.test_launch import answers, gone, listens

ROOT = Path(__file__).parents[1]
slow = pytest.mark.slow


class Service:
    """`headroom proxy` of a user of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": environment()["PATH"], "HEADROOM_HOME": str(self.home), "PYTHONPATH": str(ROOT), **more}
        command = [sys.executable, "-m", "headroom_wrap", "proxy", *arguments]
        return subprocess.run(
            command,
            env={"HOME": str(self.home.parent), **given},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str, **more: str) -> list[psutil.Process]:
        """-> its processes."""
        ended = self.run("--daemon", "--port", str(self.port), *arguments, **more)
        assert ended.returncode == 0, ended.stderr
        first = psutil.Process(service.found(self.home).pid)  # type: ignore[union-attr]
        return [first, *first.children(recursive=True)]

    def ask(self, body: dict[str, object]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/v1/messages", json.dumps(body), {"content-type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path)
    yield running
    running.run("--stop")


def body(turns: int) -> dict[str, object]:
    """A conversation that grows: the first turns are always the same."""
    messages: list[dict[str, object]] = [{"role": "user", "content": "Look."}]
    for turn in range(turns):
        rows = {"rows": [{"id": row, "name": f"service-{row}", "state": "ok", "turn": turn} for row in range(150)]}
        call = {"type": "tool_use", "id": f"t{turn}", "name": "Bash", "input": {"command": f"cat {turn}.json"}}
        result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": json.dumps(rows, indent=1)}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return {"model": "claude-x", "max_tokens": 1, "messages": messages, "tools": [{"name": "Bash"}]}


@slow
def test_it_is_started_found_and_stopped_and_leaves_nothing(started: Service) -> None:
    assert started.run("--status").returncode == 3
    left = started.start()

    assert f"http://127.0.0.1:{started.port}" in started.run("--status").stdout
    again = started.run("--daemon")
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "the service runs already" in again.stderr
    assert "Stopped the proxy on port" in started.run("--stop").stdout
    assert gone(left)
    assert not listens(started.port)
    assert started.run("--stop").stdout == "No proxy ran in the background.\n"
    assert not (started.home / service.STATE).exists()


@slow
def test_a_session_goes_on_over_a_restart_and_sends_the_same_prefix(started: Service) -> None:
    with Upstream([say("ok")] * 3) as upstream:
        started.start("--upstream", upstream.url, HEADROOM_WAY_BACK="shell")
        assert started.ask(body(2)) == 200
        started.run("--stop")
        started.start("--upstream", upstream.url, HEADROOM_WAY_BACK="shell")
        assert started.ask(body(3)) == 200
        first, second = (request.body for request in upstream.inference())

    sent = json.loads(first)["messages"]
    assert len(first) < len(json.dumps(body(2))) / 2
    assert json.loads(second)["messages"][: len(sent)] == sent


@slow
@pytest.mark.parametrize("wish", [["--inject-tool"], []])
def test_our_own_tool_is_offered_where_the_daemon_was_asked_to(started: Service, wish: list[str]) -> None:
    tool = {"name": "look", "description": "Look.", "input_schema": {"type": "object", "properties": {}}}
    with Upstream([say("ok")]) as upstream:
        started.start("--upstream", upstream.url, *wish)
        assert started.ask({**body(0), "tools": [tool]}) == 200
    (received,) = upstream.inference()
    offered = [each["name"] for each in received.json()["tools"]]
    assert offered == ["look", *(["headroom_retrieve"] if wish else [])]


@slow
def test_a_killed_proxy_is_started_again_on_its_port_and_a_killed_service_leaves_nothing(started: Service) -> None:
    first, proxy, *_ = started.start()
    proxy.kill()
    psutil.wait_procs([proxy], timeout=60)
    answers(started.port)
    left = [first, *first.children(recursive=True)]
    first.kill()
    assert gone(left)
    assert started.run("--status").returncode == 3
    assert gone(started.start()) is False


@slow
def test_it_ends_when_nobody_has_used_it_for_a_while_but_not_while_a_client_is_connected(started: Service) -> None:
    left = started.start(HEADROOM_IDLE_EXIT="3")
    with socket.create_connection(("127.0.0.1", started.port)):
        time.sleep(4.5)
        assert all(each.is_running() for each in left)
    assert gone(left)
    assert started.run("--status").returncode == 3


@slow
def test_a_port_that_is_taken_is_one_line_that_names_it(started: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = started.run("--daemon", "--port", str(port))

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert f"port {port} is taken" in ended.stderr


def test_another_process_with_its_pid_is_not_taken_for_it(tmp_path: Path) -> None:
    other = service.Service(os.getpid(), "another time", 0.0, 1, 2, "")
    (tmp_path / service.STATE).write_text(json.dumps({**{f: getattr(other, f) for f in other.__slots__}}))

    assert service.found(tmp_path) is None
    assert service.stop(tmp_path) is None
    assert not (tmp_path / service.STATE).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_record_is_no_service(tmp_path: Path, text: str) -> None:
    (tmp_path / service.STATE).write_text(text)
    assert service.found(tmp_path) is None


def test_a_unit_for_systemd_quotes_what_systemd_reads(tmp_path: Path) -> None:
    unit = service.systemd(["/a b/headroom", "proxy", "$x%y"], Path("/data"))
    assert "ExecStart='/a b/headroom' proxy '$$x%%y'\n" in unit
    assert "Environment=HEADROOM_HOME=/data\n" in unit


def test_a_list_for_launchd_can_be_read_by_it(tmp_path: Path) -> None:
    plist = plistlib.loads(service.launchd(["/a b/headroom", "proxy"], Path("/data")).encode())
    assert plist["ProgramArguments"] == ["/a b/headroom", "proxy"]
    assert plist["KeepAlive"] == {"SuccessfulExit": False}
