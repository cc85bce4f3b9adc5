"""Real requests of real agents, where this checkout has them beside it: nothing of them stands in this repository."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.segment import Request
from headroom_wrap.wire import Wire
from headroom_wrap.wire.located import splice
from headroom_wrap.wire.table import wire_for

CAPTURES = Path(__file__).parents[2].parent / "shared" / "captures"

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="no ../shared/captures beside this checkout")

SHELL, READ, GREP = "cat big.json", "src/app.py", "TODO"


def requests(agent: str, mode: str) -> Iterator[tuple[Wire, dict[str, Any]]]:
    """-> the inference requests of one captured run, WebSocket messages included."""
    name = f"{agent}.{mode}.json.gz"
    (path,) = CAPTURES.glob(f"*/{name}")
    for row in json.loads(gzip.decompress(path.read_bytes())):
        wire = wire_for(row.get("path", ""))
        if wire and isinstance(row.get("json"), dict) and row.get("method") in {None, "POST"}:
            yield wire, row["json"]


def compact(body: dict[str, Any], ascii_only: bool = False) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=ascii_only)


def last(agent: str, mode: str) -> Request:
    wire, body = list(requests(agent, mode))[-1]
    return wire.read(compact(body))


FULL_HISTORY = {
    ("claude", "direct"): ("Bash", "Read", "Grep"),
    ("claude", "forward-cch"): ("Bash", "Read", "Grep"),
    ("claude_oauth", "forward"): ("Bash", "Read", "Grep"),
    ("codex", "direct-ws426"): ("exec", "exec", "exec"),
    ("codex", "forward-nows"): ("exec", "exec", "exec"),
    ("codex_chatgpt", "forward-nows"): ("exec", "exec", "exec"),
    ("codex_provider", "forward"): ("exec_command", "exec_command", "exec_command"),
    ("gemini", "forward"): ("run_shell_command", "read_file", "grep_search"),
    ("gemini_oauth", "forward"): ("run_shell_command", "read_file", "grep_search"),
    ("copilot", "forward"): ("bash", "view", "grep"),
    ("copilot", "forward-gpt"): ("bash", "view", "grep"),
    ("copilot_byok", "direct"): ("bash", "view", "grep"),
    ("copilot_byok", "direct-anth"): ("bash", "view", "grep"),
    ("opencode", "forward"): ("bash", "read", "grep"),
    ("opencode_copilot", "forward"): ("bash", "read", "grep"),
    ("opencode_google", "forward"): ("bash", "read", "grep"),
    ("opencode_openai", "forward"): ("bash", "read", "grep"),
    ("qwen", "forward"): ("run_shell_command", "read_file", "grep_search"),
    ("cline", "direct"): ("run_commands", "read_files", "search_codebase"),
    ("cline", "forward"): ("run_commands", "read_files", "search_codebase"),
    ("cline_anthropic", "forward"): ("run_commands", "read_files", "search_codebase"),
    ("openhands", "forward"): ("terminal", "file_editor", "terminal"),
    ("vibe", "forward"): ("bash", "read_file", "bash"),
    ("droid", "forward"): ("Execute", "Read", "Grep"),
    ("continue", "forward"): ("Bash", "Read", "Bash"),
    ("continue_anthropic", "forward"): ("Bash", "Read", "Bash"),
}


@pytest.mark.parametrize(("agent", "mode"), FULL_HISTORY)
def test_every_tool_result_of_a_run_is_found_with_its_tool_and_call(agent: str, mode: str) -> None:
    request = last(agent, mode)
    found = [segment for segment in request.segments if not segment.text.startswith("Script completed")]
    assert tuple(segment.tool for segment in found) == FULL_HISTORY[agent, mode]
    for segment, asked in zip(found, (SHELL, READ, GREP), strict=True):
        assert asked in segment.call
        assert "Look at big.json" in segment.goal
    assert set(FULL_HISTORY[agent, mode]) <= set(request.tools)
    assert agent == "qwen" or "Look at big.json" in request.first  # Qwen's first user message is its environment


@pytest.mark.parametrize(("agent", "mode"), FULL_HISTORY)
def test_a_shell_call_is_the_command_alone_and_a_file_read_names_its_file(agent: str, mode: str) -> None:
    found = [segment for segment in last(agent, mode).segments if not segment.text.startswith("Script completed")]
    assert found[0].call == SHELL
    if not agent.startswith("codex"):
        assert found[1].path.endswith("src/app.py")
    assert (found[0].path, found[2].path) == ("", "")


def test_websocket_deltas_of_codex_give_their_outputs_without_the_calls() -> None:
    for agent, mode, tool in (("codex", "forward", "exec"), ("codex", "forward-gpt55", "exec_command")):
        read = [wire.read(compact(body)) for wire, body in requests(agent, mode)]
        texts = [segment.text for request in read for segment in request.segments]
        assert sum("service-0" in text for text in texts) == 1
        assert sum("Demo app." in text for text in texts) == 1
        assert any(tool in request.tools for request in read)


def test_aider_sends_no_tool_results() -> None:
    assert last("aider", "forward").segments == ()


def test_splicing_changes_nothing_but_the_segments() -> None:
    changed = 0
    for path in sorted(CAPTURES.glob("*/*.forward*.json.gz")):
        agent, mode = path.name.removesuffix(".json.gz").split(".")
        for wire, body in requests(agent, mode):
            for ascii_only in (False, True):
                text = compact(body, ascii_only)
                segments = wire.read(text).segments
                assert splice(text, []) is text
                edited = splice(text, [(segment.span, f"«{place}»") for place, segment in enumerate(segments)])
                back = wire.read(edited).segments
                assert [segment.text for segment in back] == [f"«{place}»" for place in range(len(segments))]
                edits = [(new.span, old.text) for new, old in zip(back, segments, strict=True)]
                assert json.loads(splice(edited, edits)) == body
                changed += len(segments)
    assert changed > 200
