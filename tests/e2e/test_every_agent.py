"""Each agent that npm or PyPI has, the real program, through `headroom wrap` as it is led by default."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from headroom_wrap.demo.script import run, say, use
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.store.local import LocalStore

from .compared import changes
from .conftest import Ran, World
from .hop import listening_pids
from .sessions import SESSIONS, Session

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

every_agent = pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)


def started(world: World, session: Session, upstream: Upstream, arguments: tuple[str, ...] = ()) -> Ran:
    world.has(session.texts(), session.environment)
    given = arguments or session.arguments
    return world.wrap_by_connect(upstream, session.name, *given, hosts=session.hosts, command=session.command)


def left_behind(world: World) -> list[int]:
    """-> the processes that have the world's folder in their command line or in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(world.folder).encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return sorted({*found, *listening_pids(str(world.folder))} - {os.getpid()})


def ledger(world: World) -> list[tuple[object, ...]]:
    with sqlite3.connect(world.folder / "headroom" / "headroom.db") as database:
        return database.execute("SELECT status, agent, output > 0, problem FROM exchanges").fetchall()


@every_agent
def test_a_session_is_complete_with_its_tool_results_compressed_and_nothing_else_touched(
    world: World, session: Session
) -> None:
    with Upstream(world.script()) as upstream:
        ran = started(world, session, upstream)

    assert ran.code == 0, ran.err[-2000:]
    assert "All done." in ran.out
    assert len(ran.received) >= 6
    assert len({*changes(ran.sent, ran.received)}) >= 2
    assert ledger(world) == [(200, session.name, 1, "")] * len(ran.received)
    assert {path.name for path in world.home.iterdir()} <= {"codex", *session.leaves}
    assert left_behind(world) == []


@pytest.mark.parametrize("name", ["gemini-key", "opencode", "qwen", "cline"])
def test_an_original_is_fetched_by_shell_without_being_asked_for_permission(world: World, name: str) -> None:
    session = SESSIONS[name]
    ref = LocalStore.open(world.folder / "headroom").keep("".join(f"line {n} of what was stored\n" for n in range(40)))
    get = f"headroom get {ref} --lines 7-8"
    with Upstream([run(get), run(f"{get}; touch more"), say("All done.")]) as upstream:
        ran = started(world, session, upstream, session.asks)

    seen = json.dumps([request.json() for request in ran.received]).replace("\\\\n", "\\n")
    assert "line 6 of what was stored\\nline 7 of what was stored" in seen
    assert ran.code == 0
    assert (world.project / "more").exists() == session.free


def test_copilot_fetches_an_original_by_mcp_without_being_asked(world: World) -> None:
    ref = LocalStore.open(world.folder / "headroom").keep("".join(f"line {n} of what was stored\n" for n in range(40)))
    world.given.update({"COPILOT_PROVIDER_BASE_URL": "https://llm.example.com/v1", "COPILOT_PROVIDER_API_KEY": "dummy"})
    world.given.update({"COPILOT_MODEL": "gpt-4o", "COPILOT_OFFLINE": "true"})
    with Upstream([use("headroom_retrieve", ref=ref, lines="7-8"), say("All done.")]) as upstream:
        ran = world.wrap(upstream, "copilot", "-p", "Look at it.", options=("--mcp",))

    seen = json.dumps([request.json() for request in ran.received]).replace("\\\\n", "\\n")
    assert "line 6 of what was stored\\nline 7 of what was stored" in seen, seen[-3000:]
    assert left_behind(world) == []


def test_aiders_requests_pass_as_they_are_and_are_accounted(world: World) -> None:
    quiet = ("--no-git", "--no-check-update", "--no-show-release-notes", "--analytics-disable", "--yes-always")
    look = ("--model", "gpt-4o", "--read", "big.json", "--message", "Look at it.")
    given = {"OPENAI_API_KEY": "dummy", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    session = Session("aider", (*quiet, *look), ("api.openai.com",), given)
    with Upstream([say("All done.")]) as upstream:
        ran = started(world, session, upstream)

    assert ran.code == 0, ran.err[-2000:]
    assert b"service-219" in ran.received[0].body
    assert [request.body for request in ran.received] == ran.sent
    assert ledger(world) == [(200, "aider", 1, "")]
    assert left_behind(world) == []


@pytest.mark.parametrize("wire", ["completions", "responses"])
def test_copilot_with_an_own_provider_is_led_by_its_base_url(world: World, wire: str) -> None:
    world.given.update({"COPILOT_PROVIDER_BASE_URL": "https://llm.example.com/v1", "COPILOT_PROVIDER_WIRE_API": wire})
    world.given.update({"COPILOT_PROVIDER_API_KEY": "dummy", "COPILOT_MODEL": "gpt-4o", "COPILOT_OFFLINE": "true"})
    with Upstream(world.script()) as upstream:
        ran = world.wrap(upstream, "copilot", *SESSIONS["copilot-chat"].arguments[2:])

    assert ran.code == 0, ran.err[-2000:]
    assert {request.path for request in ran.received} == {
        "/v1/chat/completions" if wire == "completions" else "/v1/responses"
    }
    assert len({*changes(ran.sent, ran.received)}) >= 2
    assert left_behind(world) == []


@pytest.mark.parametrize("name", ["copilot-messages", "gemini-key"])
def test_an_agent_that_is_led_by_connect_can_be_led_by_base_url(world: World, name: str) -> None:
    session = SESSIONS[name]
    world.has(session.texts(), session.environment)
    with Upstream(world.script()) as upstream:
        ran = world.wrap(upstream, session.name, *session.arguments, options=("--via", "base"))

    assert ran.code == 0, ran.err[-2000:]
    assert len({*changes(ran.sent, ran.received)}) >= 2
    assert ledger(world) == [(200, session.name, 1, "")] * len(ran.received)


PROGRAM = """\
import json, os, pathlib, urllib.request
ENVIRON = os.environ
call = {"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "cat big.json"}'}}
result = {"role": "tool", "tool_call_id": "call_1", "content": pathlib.Path("big.json").read_text()}
messages = [{"role": "user", "content": "Look."}, {"role": "assistant", "content": None, "tool_calls": [call]}, result]
tool = {"type": "function", "function": {"name": "bash", "parameters": {"properties": {"command": {}}}}}
body = json.dumps({"model": "gpt-4o", "messages": messages, "tools": [tool]}).encode()
url = ENVIRON.get("OPENAI_BASE_URL", "https://api.openai.com/v1") + "/chat/completions"
request = urllib.request.Request(url, body, {"Content-Type": "application/json", "Authorization": "Bearer dummy"})
print(json.loads(urllib.request.urlopen(request).read())["choices"][0]["message"]["content"])
"""


@pytest.mark.parametrize("via", ["connect", "base"])
def test_any_command_that_calls_a_model_is_wrapped(world: World, via: str) -> None:
    (world.project / "program.py").write_text(PROGRAM)
    with Upstream([say("All done.")]) as upstream:
        ran = world.wrap_command(upstream, via, sys.executable, "program.py")

    assert (ran.code, ran.out) == (0, "All done.\n"), ran.err
    assert "JSON as tables" in ran.received[0].json()["messages"][2]["content"]
    assert ledger(world)[0][1] == Path(sys.executable).name


def test_what_a_hub_would_run_is_refused(world: World) -> None:
    with Upstream([say("All done.")]) as upstream:
        ran = world.wrap(upstream, "cline", "--zen", "Look at it.")

    assert (ran.code, ran.received) == (2, [])
    assert "its hub outlives this run" in ran.err
