"""The real Claude Code and the real Codex through `headroom wrap`, against a provider that follows a script."""

from __future__ import annotations

import json
import sqlite3
from collections import deque

import pytest

from headroom_wrap.demo.script import run, say
from headroom_wrap.demo.upstream import Fault, Upstream
from headroom_wrap.store.local import LocalStore

from .compared import changes
from .conftest import World
from .hop import listening_pids

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CODEX = ("exec", "--skip-git-repo-check", "--sandbox", "read-only", "Look at it.")
CLAUDE = ("-p", "Look at it.", "--allowedTools", "Bash(cat:*)")


def assert_nothing_left(world: World) -> None:
    assert listening_pids(str(world.folder)) == []


def test_claude_code_finishes_a_session_with_its_tool_results_compressed_and_nothing_else_touched(world: World) -> None:
    with Upstream(world.script()) as upstream:
        ran = world.wrap(upstream, "claude", *CLAUDE)

    assert (ran.code, ran.out.strip()) == (0, "All done.")
    assert len(ran.received) >= 4
    assert changes(ran.sent, ran.received)
    assert_nothing_left(world)


def test_claude_code_keeps_its_tools_deferred_behind_the_proxy(world: World) -> None:
    with Upstream(world.script()) as upstream:
        ran = world.wrap(upstream, "claude", *CLAUDE)

    tools = [tool["name"] for request in ran.received for tool in request.json().get("tools", ())]
    assert "ToolSearch" in tools


@pytest.mark.parametrize(("options", "method"), [((), "WS"), (("--no-websocket",), "POST")])
def test_codex_finishes_a_session_by_websocket_and_by_http(world: World, options: tuple[str, ...], method: str) -> None:
    with Upstream(world.script()) as upstream:
        ran = world.wrap(upstream, "codex", *CODEX, options=options)

    assert (ran.code, ran.out.strip()) == (0, "All done.")
    assert {request.method for request in ran.received} == {method}
    assert len(ran.received) >= 4
    assert changes(ran.sent, ran.received)
    assert_nothing_left(world)


@pytest.mark.parametrize(("name", "arguments"), [("claude", CLAUDE[:2]), ("codex", CODEX)])
def test_the_model_fetches_an_original_without_being_asked_for_permission(
    world: World, name: str, arguments: tuple[str, ...]
) -> None:
    original = "".join(f"line {number} of what was stored\n" for number in range(40))
    ref = LocalStore.open(world.folder / "headroom").keep(original)
    with Upstream([run(f"headroom get {ref} --lines 7-8"), say("All done."), say("All done.")]) as upstream:
        ran = world.wrap(upstream, name, *arguments)

    seen = json.dumps([request.json() for request in ran.received])
    assert "line 6 of what was stored\\nline 7 of what was stored" in seen.replace("\\\\n", "\\n")
    assert ran.code == 0


def test_the_agents_exit_code_is_handed_through(world: World) -> None:
    with Upstream(world.script(), faults=deque([Fault(status=400)] * 20)) as upstream:
        ran = world.wrap(upstream, "claude", *CLAUDE)

    assert ran.code == 1
    assert_nothing_left(world)


def test_what_the_provider_counted_is_in_the_ledger(world: World) -> None:
    with Upstream(world.script()) as upstream:
        ran = world.wrap(upstream, "claude", *CLAUDE)

    with sqlite3.connect(world.folder / "headroom" / "headroom.db") as ledger:
        rows = ledger.execute("SELECT status, agent FROM exchanges").fetchall()
    assert rows == [(200, "claude")] * len(ran.received)


def test_only_the_agents_own_files_appear_in_the_home_folder(world: World) -> None:
    with Upstream(world.script()) as upstream:
        world.wrap(upstream, "claude", *CLAUDE)

    assert {path.name for path in world.home.iterdir()} <= {
        ".claude",
        ".claude.json",
        ".cache",
        ".local",
        "codex",
        ".npm",
    }
    assert not (world.home / ".claude" / "settings.json").exists()
