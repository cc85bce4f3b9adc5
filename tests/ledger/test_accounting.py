"""Responses as providers stream them, in; the ledger's counts out: equal to the token, on every wire.

The streams have the shapes of the providers' own (partial counts first, the final ones last, cached tokens inside or
beside the prompt), and arrive in pieces that cut through lines and characters.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.ledger import Ledger
from headroom_wrap.proxy.account import Account, Accounts
from headroom_wrap.proxy.tap import Tap
from headroom_wrap.proxy.websocket import Connection
from headroom_wrap.segment import Usage
from headroom_wrap.wire import Wire, anthropic, gemini, openai_chat, openai_responses


@dataclass(frozen=True)
class Stream:
    """A response of a provider, and what it counted."""

    wire: Wire
    kind: str
    body: bytes
    usage: Usage
    encoding: str = ""


def sse(*events: dict[str, Any], named: bool = True, end: str = "") -> bytes:
    lines = [f"event: {event.get('type')}\n" * named + f"data: {json.dumps(event)}\n\n" for event in events]
    return ("".join(lines) + end).encode()


TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "usage: {ünïcode ✓}"}}
STARTED = {
    "input_tokens": 12, "cache_creation_input_tokens": 2310, "cache_read_input_tokens": 41877, "output_tokens": 3,
    "cache_creation": {"ephemeral_5m_input_tokens": 310, "ephemeral_1h_input_tokens": 2000},
    "service_tier": "standard",
}  # fmt: skip
ENDED = {
    "input_tokens": 12, "cache_creation_input_tokens": 2310, "cache_read_input_tokens": 41877, "output_tokens": 845,
}  # fmt: skip
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-5", "content": []}
ANTHROPIC = Stream(
    anthropic,
    "text/event-stream; charset=utf-8",
    sse(
        {"type": "message_start", "message": {**MESSAGE, "usage": STARTED}},
        {"type": "ping"},
        *[TEXT] * 40,
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": ENDED},
        {"type": "message_stop"},
    ),
    Usage(12, 845, 41877, 310, 2000),
)
ANTHROPIC_WHOLE = Stream(
    anthropic, "application/json", gzip.compress(json.dumps({**MESSAGE, "usage": {**STARTED, **ENDED}}).encode()),
    Usage(12, 845, 41877, 310, 2000), "gzip",
)  # fmt: skip
CHUNK = {"id": "c", "object": "chat.completion.chunk", "model": "gpt-5", "choices": [{"delta": {"content": "a ✓"}}]}
COUNTED = {
    "prompt_tokens": 30_000, "completion_tokens": 512, "total_tokens": 30_512,
    "prompt_tokens_details": {"cached_tokens": 28_672, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 300},
}  # fmt: skip
CHAT = Stream(
    openai_chat,
    "text/event-stream",
    sse(*[CHUNK] * 30, {**CHUNK, "choices": [], "usage": COUNTED}, named=False, end="data: [DONE]\n\n"),
    Usage(1328, 512, 28_672),
)
DEEPSEEK = Stream(
    openai_chat,
    "text/event-stream",
    sse(
        {**CHUNK, "usage": None},
        {**CHUNK, "usage": {"prompt_tokens": 900, "completion_tokens": 7, "prompt_cache_hit_tokens": 640}},
        named=False,
    ),
    Usage(260, 7, 640),
)
DONE = {
    "input_tokens": 52_311, "input_tokens_details": {"cached_tokens": 51_200, "cache_write_tokens": 1000},
    "output_tokens": 77, "output_tokens_details": {"reasoning_tokens": 64}, "total_tokens": 52_388,
}  # fmt: skip
COMPLETED = {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "usage": DONE}}
RESPONSES = Stream(
    openai_responses,
    "text/event-stream",
    sse(
        {"type": "response.created", "response": {"id": "resp_1", "usage": None}},
        *[{"type": "response.output_text.delta", "delta": "…"}] * 20,
        COMPLETED,
    ),
    Usage(111, 77, 51_200, 1000),
)


def counts(output: int, thoughts: int) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"parts": [{"text": "…"}], "role": "model"}}],
        "usageMetadata": {
            "promptTokenCount": 8000, "cachedContentTokenCount": 6100, "candidatesTokenCount": output,
            "thoughtsTokenCount": thoughts, "totalTokenCount": 8000 + output + thoughts,
        },
    }  # fmt: skip


GEMINI = Stream(
    gemini, "text/event-stream", sse(counts(1, 40), counts(9, 40), counts(17, 40), named=False),
    Usage(1900, 57, 6100),
)  # fmt: skip
GEMINI_ARRAY = Stream(
    gemini, "application/json", json.dumps([counts(1, 0), counts(30, 0)]).encode(), Usage(1900, 30, 6100)
)
CODE_ASSIST = Stream(
    gemini, "text/event-stream", sse({"response": counts(5, 6), "traceId": "t"}, named=False), Usage(1900, 11, 6100)
)
STREAMS = {
    "anthropic": ANTHROPIC, "anthropic whole": ANTHROPIC_WHOLE, "chat": CHAT, "deepseek": DEEPSEEK,
    "responses": RESPONSES, "gemini": GEMINI, "gemini array": GEMINI_ARRAY, "code assist": CODE_ASSIST,
}  # fmt: skip


def fed(stream: Stream, piece: int, write: Callable[[Account], None]) -> None:
    """Send a response through the tap in pieces of so many bytes, and end its account."""
    account = Account("s", "agent", "project", stream.wire.name, write, model=stream.wire.name)
    account.status, account.tap = 200, Tap(stream.wire, 200, stream.kind, stream.encoding)
    for start in range(0, len(stream.body), piece):
        chunk = stream.body[start : start + piece]
        assert account.tap(chunk) is chunk
    account.finish()
    account.finish()


def reported(home: Path) -> list[tuple[int, ...]]:
    ledger = Ledger(home)
    rows = [
        (row.reported, row.input, row.output, row.cache_read, row.cache_write, row.cache_write_1h)
        for row in ledger.totals()
    ]
    ledger.close()
    return rows


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_counted_to_the_token(name: str, piece: int, tmp_path: Path) -> None:
    stream = STREAMS[name]
    accounts = Accounts(tmp_path)
    fed(stream, piece, accounts.write)
    accounts.close()
    usage = stream.usage
    counts = (usage.input, usage.output, usage.cache_read, usage.cache_write, usage.cache_write_1h)
    assert reported(tmp_path) == [(1, *(count or 0 for count in counts))]


def test_all_streams_together_are_their_sum(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    for stream in STREAMS.values():
        fed(stream, 997, accounts.write)
    accounts.close()
    usages = [stream.usage for stream in STREAMS.values()]
    names = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
    assert reported(tmp_path) == [(8, *(sum(getattr(usage, name) or 0 for usage in usages) for name in names))]


def test_a_stream_that_breaks_off_counts_as_far_as_it_came(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    cut = Stream(anthropic, ANTHROPIC.kind, ANTHROPIC.body[: ANTHROPIC.body.index(b"message_delta")], Usage())
    fed(cut, 64, accounts.write)
    accounts.close()
    assert reported(tmp_path) == [(1, 12, 3, 41877, 310, 2000)]


def test_a_websocket_is_counted_like_the_stream(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)

    def opened() -> Account:
        return Account("s", "codex", "project", "openai_responses", accounts.write, model="gpt-5")

    connection = Connection(
        "/v1/responses",
        openai_responses,
        None,
        opened,
        lambda account, text: None,
        lambda account: False,  # type: ignore[arg-type]
    )
    for _ in range(2):
        connection.account = opened()
        connection.received(json.dumps({"type": "response.created", "response": {"id": "r"}}).encode())
        connection.received(json.dumps(COMPLETED).encode())
    accounts.close()
    assert reported(tmp_path) == [(2, 222, 154, 102_400, 2000, 0)]
