"""The scripted provider by itself: what the end-to-end tests lean on."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest

from headroom_wrap.demo import websocket
from headroom_wrap.demo.script import Tool, ToolCall, call_for, read, run, say, search
from headroom_wrap.demo.upstream import Fault, Upstream

SCRIPT = [run("ls"), say("done")]
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}}

REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": (
        "/v1/messages",
        {"tools": [{"name": "Bash", "input_schema": SCHEMA}], "messages": [{"role": "user", "content": "go"}]},
    ),
    "chat": (
        "/v1/chat/completions",
        {
            "tools": [{"type": "function", "function": {"name": "bash", "parameters": SCHEMA}}],
            "messages": [{"role": "user", "content": "go"}],
        },
    ),
    "responses": (
        "/v1/responses",
        {"tools": [{"type": "function", "name": "shell", "parameters": SCHEMA}], "input": "go"},
    ),
    "gemini": (
        "/v1beta/models/m:generateContent",
        {
            "tools": [{"functionDeclarations": [{"name": "run_shell_command", "parameters": SCHEMA}]}],
            "contents": [{"role": "user", "parts": [{"text": "go"}]}],
        },
    ),
}


def ask(upstream: Upstream, path: str, body: dict[str, Any], method: str = "POST") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", upstream.server.server_port, timeout=60)
    try:
        connection.request(method, path, json.dumps(body))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("wire", REQUESTS)
def test_every_wire_gets_the_scripts_call_in_the_tool_that_it_offers(wire: str) -> None:
    path, body = REQUESTS[wire]
    with Upstream(SCRIPT) as upstream:
        status, whole = ask(upstream, path, body)
        streamed = ask(upstream, path.replace(":generate", ":streamGenerate"), {**body, "stream": True})[1]

    assert status == 200
    for answer in (whole, streamed):
        assert '"ls"' in answer or '\\"ls\\"' in answer
    assert streamed.startswith(("event: ", "data: "))


def test_code_assist_is_asked_and_answers_in_its_envelope() -> None:
    path, body = "/v1internal:generateContent", {"model": "m", "request": REQUESTS["gemini"][1]}
    with Upstream(SCRIPT) as upstream:
        document = json.loads(ask(upstream, path, body)[1])

    assert list(document) == ["response"]


@pytest.mark.parametrize("wire", REQUESTS)
def test_a_conversation_that_begins_otherwise_has_a_script_of_its_own(wire: str) -> None:
    path, body = REQUESTS[wire]
    with Upstream(SCRIPT, others={'"go"': [run("pwd")]}) as upstream:
        own = ask(upstream, path, body)[1]
    with Upstream(SCRIPT, others={"stay": [run("pwd")]}) as upstream:
        main = ask(upstream, path, body)[1]

    assert ("pwd" in own, "pwd" in main) == (True, False)


def test_a_request_to_compact_gets_one_item_that_begins_the_conversation_from_then_on() -> None:
    path, body = REQUESTS["responses"]
    asks = [{"role": "user", "content": "go"}]
    with Upstream(SCRIPT, others={'"compaction"': [run("pwd")]}) as upstream:
        compacted = json.loads(ask(upstream, path, {**body, "input": [*asks, {"type": "compaction_trigger"}]})[1])
        after = ask(upstream, path, {**body, "input": [*asks, *compacted["output"]]})[1]

    assert [item["type"] for item in compacted["output"]] == ["compaction"]
    assert "pwd" in after


def test_the_next_step_follows_from_the_results_in_the_request() -> None:
    path, body = REQUESTS["anthropic"]
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x", "content": "a.py"}]}
    with Upstream(SCRIPT) as upstream:
        answer = json.loads(ask(upstream, path, {**body, "messages": [*body["messages"], result]})[1])

    assert (answer["content"], answer["stop_reason"]) == ([{"type": "text", "text": "done"}], "end_turn")


def usages(bodies: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """-> (tokens read from the cache, all prompt tokens) of each request in turn."""
    with Upstream(SCRIPT) as upstream:
        found = [json.loads(ask(upstream, "/v1/messages", body)[1])["usage"] for body in bodies]
    read_, written = "cache_read_input_tokens", "cache_creation_input_tokens"
    return [(each[read_], each[read_] + each[written] + each["input_tokens"]) for each in found]


def test_an_unchanged_history_is_read_from_the_cache_and_a_changed_one_is_not() -> None:
    def messages(first: str, count: int) -> dict[str, Any]:
        marked = {"type": "text", "text": first, "cache_control": {"type": "ephemeral"}}
        start = {"role": "user", "content": [marked if count == 0 else {"type": "text", "text": first}]}
        return {"messages": [start, *({"role": "user", "content": f"message {n}" * 40} for n in range(count))]}

    long = "the very first message " * 40
    one, grown, rewritten = usages([messages(long, 0), messages(long, 2), messages(long.upper(), 3)])

    assert (one[0], grown[0], rewritten[0]) == (0, one[1], 0)


def test_a_fault_befalls_one_request_and_the_next_is_answered() -> None:
    path, body = REQUESTS["anthropic"]
    with Upstream(SCRIPT, faults=deque([Fault(status=529, headers=(("retry-after", "0"),))])) as upstream:
        assert [ask(upstream, path, body)[0] for _ in range(2)] == [529, 200]


def test_a_stream_can_be_reset_in_the_middle() -> None:
    path, body = REQUESTS["anthropic"]
    with (
        Upstream(SCRIPT, faults=deque([Fault(after=2)])) as upstream,
        pytest.raises((ConnectionResetError, http.client.IncompleteRead)),
    ):
        ask(upstream, path, {**body, "stream": True})


def test_a_stream_can_stall_until_it_is_told_to_go_on() -> None:
    path, body = REQUESTS["anthropic"]
    resume = threading.Event()
    with Upstream(SCRIPT, faults=deque([Fault(after=2, resume=resume)])) as upstream:
        connection = http.client.HTTPConnection("127.0.0.1", upstream.server.server_port, timeout=60)
        connection.request("POST", path, json.dumps({**body, "stream": True}))
        response = connection.getresponse()
        first = response.read1(10)
        resume.set()
        rest = response.read()
        connection.close()

    assert (first, rest.endswith(b'{"type": "message_stop"}\n\n')) == (b"event: mes", True)


def test_a_websocket_chain_knows_what_came_before() -> None:
    create = {"type": "response.create", **REQUESTS["responses"][1]}
    with Upstream(SCRIPT) as upstream, socket.create_connection(("127.0.0.1", upstream.server.server_port)) as line:
        line.sendall(b"GET /v1/responses HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")
        with line.makefile("rb") as rfile:
            while rfile.readline() != b"\r\n":
                pass
            _, _, call, done = told(line, rfile, create, 4)
            output = {"type": "function_call_output", "call_id": call["item"]["call_id"], "output": "a.py"}
            more = {**create, "input": [output], "previous_response_id": done["response"]["id"]}
            last = told(line, rfile, more, 5)[-1]

    assert call["item"]["name"] == "shell"
    assert last["response"]["output"][0]["content"][0]["text"] == "done"
    assert last["response"]["usage"]["input_tokens_details"]["cached_tokens"] > 0


def told(line: socket.socket, rfile: Any, message: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """-> the `count` events that answer a message."""
    payload = json.dumps(message).encode()
    line.sendall(b"\x81" + bytes([0x80 | 126]) + len(payload).to_bytes(2, "big") + b"\0\0\0\0" + payload)
    return [json.loads(websocket.receive(rfile, line.makefile("wb"))) for _ in range(count)]


@pytest.mark.parametrize(
    ("step", "tools", "call"),
    [
        (read("a b.py"), [Tool("Bash", ("command",))], ToolCall("Bash", {"command": "cat 'a b.py'"})),
        (search("x", "src"), [Tool("exec_command", ("cmd",))], ToolCall("exec_command", {"cmd": "grep -rn x src"})),
        (read("a.py"), [Tool("read_file", ("absolute_path",))], ToolCall("read_file", {"absolute_path": "a.py"})),
        (run("ls"), [], None),
        (say("hello"), [Tool("Bash", ("command",))], None),
    ],
)
def test_a_step_becomes_a_call_of_what_is_offered(step: Any, tools: list[Tool], call: ToolCall | None) -> None:
    assert call_for(step, tools) == call


@pytest.mark.parametrize(
    ("step", "tool", "arguments"),
    [
        (run("ls"), Tool("run_commands", ("commands",)), {"commands": ["ls"]}),
        (read("a.py"), Tool("read_files", ("files",)), {"files": [{"path": "a.py"}]}),
        (search("TODO", "src"), Tool("search_codebase", ("queries",)), {"queries": ["TODO"]}),
        (
            read("a.py"),
            Tool("file_editor", ("command", "path", "security_risk")),
            {"path": "a.py", "command": "view", "security_risk": "LOW"},
        ),
        (search("TODO", "src"), Tool("grep", ("pattern", "paths")), {"pattern": "TODO", "paths": ["src"]}),
    ],
)
def test_a_step_takes_the_shape_that_an_agents_tool_wants(step: Any, tool: Tool, arguments: dict[str, Any]) -> None:
    assert call_for(step, [tool]) == ToolCall(tool.name, arguments)


def test_codex_gets_its_commands_as_javascript() -> None:
    call = call_for(read("a.py"), [Tool("exec", free_text=True)])

    assert call is not None
    assert 'tools.exec_command({cmd: "cat a.py"})' in call.text
