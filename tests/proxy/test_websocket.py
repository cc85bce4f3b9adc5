"""Codex's transport through the real proxy: deltas in, smaller deltas out."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.proxy.account import Account
from headroom_wrap.proxy.options import Options
from headroom_wrap.proxy.pool import Workers
from headroom_wrap.proxy.websocket import Connection
from headroom_wrap.wire import openai_responses
from tests.proxy import ws
from tests.proxy.bodies import LISTING
from tests.proxy.loopback import Handler, Proxy, Upstream, lose, proxy, request, told

USAGE = {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60}, "output_tokens": 7}
TOOLS = [{"type": "function", "name": "shell", "parameters": {}}]


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def call(number: int) -> dict[str, Any]:
    arguments = json.dumps({"command": f"rg step src{number}"})
    return {"type": "function_call", "call_id": f"c{number}", "name": "shell", "arguments": arguments}


def result(number: int, text: str = LISTING) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": f"c{number}", "output": text}


def create(items: list[dict[str, Any]], before: int | None, **more: Any) -> dict[str, Any]:
    previous = {} if before is None else {"previous_response_id": f"r{before}"}
    return {"type": "response.create", "model": "gpt-x", "tools": TOOLS, **previous, "input": items, **more}


class Provider:
    """Answers each message with a tool call; keeps what it received."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.error: dict[int, dict[str, Any]] = {}
        self.call = call

    def __call__(self, handler: Handler) -> None:
        if handler.command == "POST":
            self.received.append(handler.received.body)
            handler.reply(200, b"{}")
            return
        end = ws.server(handler)
        while message := end.receive():
            number = len(self.received)
            self.received.append(message)
            if error := self.error.get(number):
                end.send(error)
                continue
            end.send({"type": "response.created", "response": {"id": f"r{number}"}})
            end.send({"type": "response.output_item.done", "item": {"type": "reasoning", "encrypted_content": "x"}})
            end.send({"type": "response.output_item.done", "item": self.call(number)})
            end.send({"type": "response.completed", "response": {"id": f"r{number}", "usage": USAGE}})


@pytest.fixture
def provider(upstream: Upstream) -> Provider:
    script = Provider()
    upstream.script = script
    return script


def said(end: ws.End, message: bytes | dict[str, Any]) -> list[dict[str, Any]]:
    """Send a message -> the events up to the end of its response."""
    end.send(message)
    found: list[dict[str, Any]] = []
    while not found or found[-1]["type"] not in ("response.completed", "error"):
        found.append(json.loads(end.receive()))
    return found


@pytest.mark.parametrize("deflate", [True, False])
def test_a_delta_is_compressed_as_its_whole_conversation_would_be(
    deflate: bool, provider: Provider, running: Proxy
) -> None:
    end = ws.client(running.base, deflate=deflate)
    sent = [
        create([user("Tidy up.")], None),
        create([result(0)], 0),
        create([result(1)], 1, extra=[1.50, "ü"]),
        create([result(2), user("and now?")], 2),
    ]
    events = [said(end, message) for message in sent]
    end.close()
    assert [event["type"] for event in events[0]] == [
        "response.created", "response.output_item.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    items = [user("Tidy up."), call(0), result(0), call(1), result(1), call(2), result(2), user("and now?")]
    request(running.base, "POST", "/v1/responses", json.dumps(create(items, None)).encode())
    deltas, over_http = provider.received[:4], json.loads(provider.received[4])["input"]
    assert deltas[:2] == [json.dumps(message).encode() for message in sent[:2]]
    folded = [json.loads(delta)["input"][0]["output"] for delta in deltas[2:]]
    assert folded == [over_http[4]["output"], over_http[6]["output"]]
    assert all(len(text) < len(LISTING) / 4 for text in folded)
    for delta, message, text in zip(deltas[2:], sent[2:], folded, strict=True):
        assert delta == json.dumps(message).encode().replace(json.dumps(LISTING).encode(), json.dumps(text).encode())


def test_each_response_is_one_exchange(provider: Provider, running: Proxy) -> None:
    end = ws.client(running.base)
    for number in range(4):
        said(end, create([result(number - 1)] if number else [user("hi")], number - 1 if number else None))
    end.close()
    rows = running.exchanges()
    columns = ("wire", "model", "status", "segments", "input", "cache_read", "output", "problem")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("openai_responses", "gpt-x", 200, segments, 40, 60, 7, "") for segments in range(4)
    ]
    assert rows[2]["body_after"] < rows[2]["body_before"]


def scripted(number: int) -> dict[str, Any]:
    """-> a call in Codex's code mode: JavaScript as free text."""
    source = f'text(await tools.exec_command({{cmd: "rg step src{number}"}}));'
    return {"type": "custom_tool_call", "call_id": f"c{number}", "name": "exec", "input": source}


def printed(number: int) -> dict[str, Any]:
    """-> its result: what the script said of itself, and what it printed, as two texts."""
    texts = ("Script completed\nWall time 0.1 seconds\nOutput:\n", LISTING)
    blocks = [{"type": "input_text", "text": text} for text in texts]
    return {"type": "custom_tool_call_output", "call_id": f"c{number}", "id": f"ctco_{number}", "output": blocks}


def test_in_code_mode_only_what_a_script_printed_is_compressed(provider: Provider, running: Proxy) -> None:
    provider.call = scripted
    tools = [{"type": "custom", "name": "exec", "format": {"type": "text"}}]
    offered = {"type": "additional_tools", "id": "at_1", "tools": tools}
    end = ws.client(running.base)
    sent = [
        create([], None, tools=[], generate=False),
        create([offered, user("Tidy up.")], 0, tools=[]),
        create([printed(1)], 1, tools=[]),
        create([printed(2)], 2, tools=[]),
    ]
    for message in sent:
        said(end, message)
    end.close()

    assert provider.received[:2] == [json.dumps(message).encode() for message in sent[:2]]
    text = json.loads(provider.received[3])["input"][0]["output"][1]["text"]
    assert len(text) < len(LISTING) / 4
    assert provider.received[3] == json.dumps(sent[3]).encode().replace(
        json.dumps(LISTING).encode(), json.dumps(text).encode()
    )


def test_a_warm_up_and_unknown_frames_pass_untouched(provider: Provider, running: Proxy) -> None:
    end = ws.client(running.base)
    frames = [
        json.dumps(create([], None, generate=False)).encode(),
        b'{"type": "session.update" , "x": 1}',
        b"no json at all",
        b'{"type":"response.create","input":"text"}',
        b'{"type":"response.create","input":[],"input":[]}',
        json.dumps(create([result(0), result(1)], 77)).encode(),
    ]
    for frame in frames:
        said(end, frame)
    end.close()
    assert provider.received == frames
    assert [row["problem"] for row in running.exchanges()][-1] == "unknown previous_response_id"


def test_after_a_message_that_no_worker_read_deltas_pass_until_all_is_sent_again(tmp_path: Path) -> None:
    """The history lives in the proxy, so a lost worker takes none of it; one unread message would leave a gap in it."""
    items = [user("Tidy up."), *itertools.chain(*([call(n), result(n)] for n in range(4)))]
    deltas = [create(items[:1], None), *(create([result(n)], n) for n in range(4))]

    async def use() -> list[tuple[str, str]]:
        workers = Workers(Options(str(tmp_path)), told(tmp_path))
        accounts: list[Account] = []

        def account() -> Account:
            accounts.append(Account("s", "codex", "", "openai_responses", lambda account: None))
            return accounts[-1]

        end = Connection("/v1/responses", openai_responses, workers, account, lambda *_: None, lambda _: False)
        became = []
        for number, message in enumerate([*deltas, create(items, None), create([result(9)], 5)]):
            if number == 3:
                lose(workers)
                (tmp_path / "gone").write_text("3")
            sent = await end.sent(json.dumps(message).encode())
            became.append(("changed" if accounts[-1].changed else "as it came", accounts[-1].problem))
            assert len(sent) <= len(json.dumps(message))
            end.received(json.dumps({"type": "response.output_item.done", "item": call(number)}).encode())
            end.received(json.dumps({"type": "response.completed", "response": {"id": f"r{number}"}}).encode())
        workers.close()
        return became

    became = asyncio.run(use())
    assert became[3][1].startswith("sent as it came: the worker died")
    assert [what for what, _ in became] == ["as it came"] * 2 + ["changed"] + ["as it came"] * 2 + ["changed"] * 2
    assert [problem for _, problem in became if not problem.startswith("sent as")] == [
        "", "", "", "unknown previous_response_id", "", "",
    ]  # fmt: skip


def test_a_message_of_2_megabytes_with_letters_of_all_lengths_arrives(provider: Provider, running: Proxy) -> None:
    """A changed message must not be cut into frames in the middle of a character."""
    chance = random.Random(5)
    long = "".join(chance.choice("aüŧ漢🙂") for _ in range(700_000))
    end = ws.client(running.base)
    said(end, create([user("hi")], None))
    said(end, create([result(0)], 0))
    last = create([result(1), user(long)], 1)
    end.send(json.dumps(last, ensure_ascii=False).encode())
    while json.loads(end.receive())["type"] != "response.completed":
        pass
    end.close()
    items = json.loads(provider.received[2])["input"]
    assert items[0]["output"] != LISTING
    assert items[1] == user(long)


def test_after_a_refused_message_the_session_passes_through(provider: Provider, running: Proxy) -> None:
    provider.error = {2: {"type": "error", "status": 400, "error": {"message": "input.0: bad output"}}}
    end = ws.client(running.base)
    said(end, create([user("hi")], None))
    said(end, create([result(0)], 0))
    assert said(end, create([result(1)], 1)) == [provider.error[2]]
    said(end, create([result(1)], 1))
    end.close()
    assert provider.received[2] != provider.received[3] == json.dumps(create([result(1)], 1)).encode()
    rows = running.exchanges()
    assert [row["status"] for row in rows] == [200, 200, 400, 200]
    assert "400 to a changed body" in rows[2]["problem"]
    assert "passing through" in rows[3]["problem"]


def test_switched_off_an_upgrade_is_answered_with_426(upstream: Upstream, tmp_path: Path) -> None:
    headers = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": "x"}
    with proxy(tmp_path, upstream=upstream.url, websocket=False) as running:
        assert request(running.base, "GET", "/v1/responses", headers=headers).status == 426
    assert upstream.received == []
