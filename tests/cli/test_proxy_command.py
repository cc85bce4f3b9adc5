from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headroom_wrap.cli import group
from headroom_wrap.demo.script import say
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.settings import environment

ROOT = Path(__file__).parents[2]


def test_the_proxy_says_where_it_listens_serves_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    with Upstream([say("hello")]) as upstream:
        command = [sys.executable, "-m", "headroom_wrap", "proxy", "--port", "0", "--upstream", upstream.url]
        given = {**environment(), "HEADROOM_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
        code, out, answer = served(command, given, "SSL_CERT_FILE=")

    assert answer["content"] == [{"type": "text", "text": "hello"}]
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:" in out
    assert code == 0


def test_the_help_says_that_a_second_port_is_used() -> None:
    said = " ".join(CliRunner().invoke(group, ["proxy", "--help"]).output.split())
    assert "the next one serves HTTPS_PROXY and must be free too" in said


def test_options_that_exclude_each_other_are_refused(tmp_path: Path) -> None:
    for words, said in (
        (["--stop", "--daemon"], "--daemon and --stop"),
        (["--unit", "systemd", "--service"], "--unit and --service"),
    ):
        ended = CliRunner(env={"HEADROOM_HOME": str(tmp_path)}).invoke(group, ["proxy", *words])
        assert (ended.exit_code, f"{said} exclude each other" in ended.output) == (2, True)


def served(command: list[str], given: dict[str, str], ready: str) -> tuple[int, str, dict[str, Any]]:
    """-> exit code, what was printed up to `ready`, and the answer to one request before Ctrl-C."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given) as child:
        assert child.stdout is not None
        out = ""
        while ready not in out:
            out += child.stdout.readline()
        port = re.search(r"http://127\.0\.0\.1:(\d+)\. Ctrl-C ends it", out)
        assert port, out
        answer = asked(int(port[1]))
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    return child.returncode, out, answer


@pytest.mark.slow
@pytest.mark.parametrize("wish", [["--inject-tool"], []])
def test_the_tool_is_offered_by_option_and_by_setting(wish: list[str], tmp_path: Path) -> None:
    with Upstream([say("hello")]) as upstream:
        command = [sys.executable, "-m", "headroom_wrap", "proxy", "--port", "0", "--upstream", upstream.url, *wish]
        setting = {} if wish else {"HEADROOM_INJECT_TOOL": "1"}
        path = {"PATH": str(tmp_path)}  # no `headroom` there: a shell is no way back
        given = {**environment(), **setting, **path, "HEADROOM_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
        _, _, answer = served(command, given, "answered here")
        sent = [tool["name"] for tool in upstream.inference()[0].json()["tools"]]

    assert answer["content"] == [{"type": "text", "text": "hello"}]
    assert sent == ["Bash", "headroom_retrieve"]


def asked(port: int) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [{"name": "Bash"}]}
    connection.request("POST", "/v1/messages", json.dumps(body), {"content-type": "application/json"})
    document: dict[str, object] = json.loads(connection.getresponse().read())
    connection.close()
    return document
