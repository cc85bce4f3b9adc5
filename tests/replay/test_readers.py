"""Each agent's log gives back the conversation and the counts that were written into it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from headroom_wrap.replay import claude, codex, copilot, gemini, opencode
from headroom_wrap.replay.past import Asked, Conversation
from headroom_wrap.segment import Usage

from .logs import BEGAN, claude_log, stamp

RESULT = "line\n" * 40


def use(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": arguments}


def result(name: str, text: str = RESULT) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": f"toolu_{name}", "content": text}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


TALK = [
    user(text("Look.")),
    assistant(text("I look."), use("Bash", command="ls")),
    user(result("Bash")),
    assistant(text("Done.")),
]


def jsonl(path: Path, *entries: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def test_claude_code_blocks_of_one_answer_are_one_message_and_one_request(tmp_path: Path) -> None:
    path = claude_log(tmp_path / ".claude/projects/-home-someone-shop/abc.jsonl", TALK, "claude-opus-4-8")
    assert claude.files(tmp_path, {}) == [path]
    asked = [Asked(at, BEGAN + at, "claude-opus-4-8", name=f"msg_abc_{at}") for at in (1, 3)]
    assert list(claude.conversations(path)) == [
        Conversation("abc", "shop", "anthropic", tuple(TALK), tuple(asked), claude.TOOLS)
    ]


def test_claude_code_counts_of_the_last_line_of_an_answer_hold(tmp_path: Path) -> None:
    path = claude_log(tmp_path / "a.jsonl", TALK[:2])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    cache = {"cache_read_input_tokens": 700, "cache_creation_input_tokens": 30}
    lines[1]["message"]["usage"] = {"input_tokens": 5, **cache, "output_tokens": 1}
    lines[2]["message"]["usage"] = {
        "input_tokens": 5, **cache, "output_tokens": 90,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    }  # fmt: skip
    (found,) = claude.conversations(jsonl(path, *lines))
    assert [request.usage for request in found.requests] == [Usage(5, 90, 700, 30)]


def test_a_rewound_claude_code_session_is_two_conversations_with_one_beginning(tmp_path: Path) -> None:
    path = claude_log(tmp_path / "a.jsonl", TALK)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    again = {**lines[0], "uuid": "x", "parentUuid": lines[2]["uuid"], "message": user(text("Otherwise."))}
    end = {**lines[-1], "uuid": "y", "parentUuid": "x"}
    first, second = claude.conversations(jsonl(path, *lines, again, end))
    assert first.items == tuple(TALK)
    assert second.items == (*TALK[:2], user(text("Otherwise.")), TALK[3])
    assert second.requests[0] == first.requests[0]


def test_parallel_results_and_messages_typed_meanwhile_are_no_rewind(tmp_path: Path) -> None:
    calls = assistant(use("Bash", command="ls"), use("Read", file_path="a"))
    talk = [TALK[0], calls, user(result("Bash")), user(result("Read")), user(text("Also this.")), TALK[3]]
    path = claude_log(tmp_path / "a.jsonl", talk)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[4]["parentUuid"] = lines[2]["uuid"]  # the second result answers the second call, not the first result
    lines[5]["parentUuid"] = lines[3]["uuid"]
    (found,) = claude.conversations(jsonl(path, *lines))
    assert found.items == tuple(talk)


def test_a_compacted_claude_code_session_begins_anew_and_a_subagent_is_its_own(tmp_path: Path) -> None:
    before, after = claude_log(tmp_path / "a.jsonl", TALK), claude_log(tmp_path / "b.jsonl", TALK)
    side = claude_log(tmp_path / "c.jsonl", TALK, isSidechain=True)
    lines = [json.loads(line) for path in (before, side, after) for line in path.read_text().splitlines()]
    assert [found.items for found in claude.conversations(jsonl(before, *lines))] == [tuple(TALK)] * 3


def test_what_is_cut_off_or_not_from_the_model_is_passed_over(tmp_path: Path) -> None:
    path = claude_log(tmp_path / "a.jsonl", TALK)
    error = {"type": "assistant", "message": {"model": "<synthetic>", "content": [text("API Error")]}}
    lines = path.read_text()
    path.write_text(f'{json.dumps(error)}\n[1]\n{{"type": "summary"}}\n{lines}{{"type": "user", "mess')
    assert [found.items for found in claude.conversations(path)] == [tuple(TALK)]
    assert list(claude.conversations(jsonl(path, {"type": "user", "message": user(text("Hi."))}))) == []


def responses(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": stamp(7), "type": kind, "payload": payload}


def test_codex_items_are_the_request_and_the_first_count_after_an_answer_is_its_own(tmp_path: Path) -> None:
    call = {"type": "function_call", "name": "shell", "call_id": "c", "arguments": '{"command": ["ls"]}'}
    output = {"type": "function_call_output", "call_id": "c", "output": RESULT}
    asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Look."}]}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}

    def counted(prompt: int, cached: int, output: int) -> dict[str, Any]:
        last = {"input_tokens": prompt, "cached_input_tokens": cached, "output_tokens": output}
        return responses("event_msg", type="token_count", info={"last_token_usage": last})

    path = jsonl(
        tmp_path / "sessions/2026/11/22/rollout-1.jsonl",
        responses("session_meta", id="s", cwd="/home/someone/shop"),
        responses("turn_context", model="gpt-5.1-codex"),
        responses("response_item", **asked, metadata={"history_sequence": 1}),
        responses("response_item", type="reasoning", encrypted_content="x"),
        responses("response_item", **call),
        counted(1000, 0, 20),
        responses("response_item", **output),
        counted(1000, 0, 20),
        responses("response_item", **said),
        counted(1100, 1000, 3),
    )
    assert codex.files(tmp_path, {"CODEX_HOME": str(tmp_path)}) == [path]
    items = (asked, {"type": "reasoning", "encrypted_content": "x"}, call, output, said)
    at = BEGAN + 7
    assert list(codex.conversations(path)) == [
        Conversation(
            "s",
            "shop",
            "openai_responses",
            items,
            (
                Asked(1, at, "gpt-5.1-codex", Usage(1000, 20, 0), 2),
                Asked(4, at, "gpt-5.1-codex", Usage(100, 3, 1000), 1),
            ),
            codex.TOOLS,
        )
    ]


def test_a_compacted_codex_session_goes_on_with_what_was_left(tmp_path: Path) -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}
    path = jsonl(
        tmp_path / "a.jsonl",
        responses("response_item", **said),
        responses("compacted", message="", replacement_history=[{"type": "message", "role": "user", "content": []}]),
        responses("response_item", **said),
    )
    assert [len(found.items) for found in codex.conversations(path)] == [1, 2]


def gemini_records() -> list[dict[str, Any]]:
    answer = {"functionResponse": {"id": "c", "name": "run_shell_command", "response": {"output": RESULT}}}
    call = {"id": "c", "name": "run_shell_command", "args": {"command": "ls"}, "result": [answer]}
    counts = {"input": 1000, "cached": 600, "output": 5, "thoughts": 2}
    model = {"type": "gemini", "model": "gemini-2.5-pro", "tokens": counts, "timestamp": stamp(1)}
    return [
        {"id": "1", "type": "user", "content": [{"text": "Look."}], "timestamp": stamp(0)},
        {"id": "2", **model, "content": "I look.", "toolCalls": [call]},
        {"id": "3", "type": "user", "content": [answer]},
        {"id": "4", **model, "content": "Done."},
    ]


def test_gemini_messages_written_again_replace_themselves_in_both_kinds_of_files(tmp_path: Path) -> None:
    one, two, three, four = gemini_records()
    chats = tmp_path / ".gemini/tmp/shop/chats"
    unfinished = {**two, "toolCalls": []}
    new = jsonl(
        chats / "session-2.jsonl",
        {"sessionId": "s", "kind": "main"}, {"$set": {"messages": [one]}}, unfinished, two, three, four,
    )  # fmt: skip
    old = chats / "session-1.json"
    old.write_text(json.dumps({"sessionId": "s", "messages": [one, two, four]}))
    assert set(gemini.files(tmp_path, {})) == {new, old}
    asked, call = Usage(400, 7, 600), {"id": "c", "name": "run_shell_command", "args": {"command": "ls"}}
    expected = Conversation(
        "s",
        "shop",
        "gemini",
        (
            {"role": "user", "parts": [{"text": "Look."}]},
            {"role": "model", "parts": [{"text": "I look."}, {"functionCall": call}]},
            {"role": "user", "parts": three["content"]},
            {"role": "model", "parts": [{"text": "Done."}]},
        ),
        tuple(Asked(carried, BEGAN + 1, "gemini-2.5-pro", asked) for carried in (1, 3)),
        gemini.TOOLS,
    )
    assert list(gemini.conversations(new)) == list(gemini.conversations(old)) == [expected]


def test_opencode_keeps_all_sessions_in_a_database(tmp_path: Path) -> None:
    path = tmp_path / ".local/share/opencode/opencode.db"
    path.parent.mkdir(parents=True)
    tokens = {"input": 10, "output": 2, "reasoning": 3, "cache": {"read": 40, "write": 5}}
    model = {"role": "assistant", "modelID": "claude-sonnet-4-5", "tokens": tokens, "time": {"created": 2000}}
    state = {"status": "error", "input": {"command": "ls"}, "error": "no such folder"}
    tool = {"type": "tool", "tool": "bash", "callID": "c", "state": state}
    rows = [
        ("1", {"role": "user"}, [text("Look.")]),
        ("2", model, [{"type": "step-start"}, text("I look."), tool]),
        ("3", {**model, "summary": True}, [text("So far.")]),
        ("4", model, [text("Done.")]),
    ]  # fmt: skip
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE session (id TEXT, directory TEXT, time_updated INTEGER)")
        database.execute("CREATE TABLE message (id TEXT, session_id TEXT, time_created INTEGER, data TEXT)")
        database.execute("CREATE TABLE part (id TEXT, message_id TEXT, data TEXT)")
        database.execute("INSERT INTO session VALUES ('s', '/home/someone/shop', 1)")
        for name, message, parts in rows:
            database.execute("INSERT INTO message VALUES (?, 's', ?, ?)", (name, int(name), json.dumps(message)))
            for number, part in enumerate(parts):
                database.execute("INSERT INTO part VALUES (?, ?, ?)", (f"{name}{number}", name, json.dumps(part)))
        database.commit()
    assert opencode.files(tmp_path, {}) == [path]
    call = {"type": "tool_use", "id": "c", "name": "bash", "input": {"command": "ls"}}
    failed = {"type": "tool_result", "tool_use_id": "c", "content": "no such folder", "is_error": True}
    usage = Usage(10, 5, 40, 5)
    before = (user(text("Look.")), assistant(text("I look."), call), user(failed), assistant(text("So far.")))
    after = (user(text("So far.")), assistant(text("Done.")))
    asked = [Asked(carried, 2.0, "claude-sonnet-4-5", usage) for carried in (1, 3, 1)]
    assert list(opencode.conversations(path)) == [
        Conversation("s", "shop", "anthropic", before, tuple(asked[:2]), opencode.TOOLS),
        Conversation("s", "shop", "anthropic", after, (asked[2],), opencode.TOOLS),
    ]  # fmt: skip


def test_a_file_that_is_no_database_of_opencode_has_no_conversation(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    path.write_bytes(b"no database at all, but long enough to be looked at")
    assert list(opencode.conversations(path)) == []


def test_copilot_counts_stand_before_the_answer_that_they_are_for(tmp_path: Path) -> None:
    call = {"toolCallId": "c", "name": "bash", "arguments": {"command": "ls"}}

    def event(kind: str, **found: Any) -> dict[str, Any]:
        return {"type": kind, "data": found, "timestamp": stamp(1)}

    path = jsonl(
        tmp_path / ".copilot/session-state/s/events.jsonl",
        event("session.start", context={"cwd": "/home/someone/shop"}, selectedModel="gpt-5"),
        event("user.message", content="Look.", transformedContent="<now/>Look."),
        event("session.usage_record", usage={"inputTokens": 1000, "outputTokens": 4, "cacheReadTokens": 600}),
        event("assistant.message", content="I look.", toolRequests=[call], messageId="m1"),
        event("tool.execution_complete", toolCallId="c", result={"content": RESULT}),
        event("session.model_change", newModel="gpt-5-mini"),
        event("assistant.message", content="Done.", messageId="m2"),
        event("session.compaction_complete", summaryContent="So far."),
        event("assistant.message", content="More.", messageId="m3"),
    )
    assert copilot.files(tmp_path, {}) == [path]
    function = {"name": "bash", "arguments": '{"command": "ls"}'}
    said = {
        "role": "assistant",
        "content": "I look.",
        "tool_calls": [{"id": "c", "type": "function", "function": function}],
    }
    items = (
        {"role": "user", "content": "<now/>Look."},
        said,
        {"role": "tool", "tool_call_id": "c", "content": RESULT},
        {"role": "assistant", "content": "Done."},
    )
    at = BEGAN + 1
    first = (Asked(1, at, "gpt-5", Usage(400, 4, 600, 0), name="m1"), Asked(3, at, "gpt-5-mini", name="m2"))
    then = ({"role": "user", "content": "So far."}, {"role": "assistant", "content": "More."})
    assert list(copilot.conversations(path)) == [
        Conversation("s", "shop", "openai_chat", items, first, copilot.TOOLS),
        Conversation("s", "shop", "openai_chat", then, (Asked(1, at, "gpt-5-mini", name="m3"),), copilot.TOOLS),
    ]
