from __future__ import annotations

import gzip
import json

import brotli
import pytest
import zstandard

from headroom_wrap.proxy.tap import Tap
from headroom_wrap.segment import Usage
from headroom_wrap.wire.table import wire_for

ANTHROPIC = wire_for("/v1/messages")
STREAM = (
    b'data: {"type":"message_start","message":{"usage":{"input_tokens":3,"cache_read_input_tokens":50}}}\n\n'
    b'data: {"type":"message_delta","usage":{"output_tokens":12}}\n\n'
)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("", bytes), ("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstandard.compress)],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_counts_are_read_from_a_stream_however_it_is_cut_and_encoded(encoding: str, encode, size: int) -> None:  # type: ignore[no-untyped-def]
    sent = encode(STREAM)
    tap = Tap(ANTHROPIC, 200, "text/event-stream; charset=utf-8", encoding)
    chunks = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert [tap(chunk) for chunk in [*chunks, b""]] == [*chunks, b""]
    assert tap.finish() == Usage(input=3, output=12, cache_read=50)


def test_counts_are_read_from_a_plain_answer() -> None:
    tap = Tap(ANTHROPIC, 200, "application/json", "")
    tap(json.dumps({"type": "message", "usage": {"input_tokens": 4, "output_tokens": 2}}).encode())
    assert tap.finish() == Usage(input=4, output=2)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "unheard-of"])
def test_a_response_that_lies_about_its_encoding_passes_uncounted(encoding: str) -> None:
    tap = Tap(ANTHROPIC, 200, "text/event-stream", encoding)
    assert tap(STREAM) == STREAM
    assert tap.finish() == Usage()


def test_an_error_is_kept_as_text_up_to_a_cap() -> None:
    tap = Tap(ANTHROPIC, 400, "application/json", "gzip")
    tap(gzip.compress(b'{"error":{"message":"prompt is too long"}}'))
    assert (tap.error(), tap.finish()) == (b'{"error":{"message":"prompt is too long"}}', Usage())


def test_without_a_wire_nothing_is_looked_at() -> None:
    tap = Tap(None, 200, "text/event-stream", "")
    assert (tap(STREAM), tap.finish(), tap.error()) == (STREAM, Usage(), b"")


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/v1/messages", {"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 3}}}),
        ("/v1/chat/completions", {"model": "m-1", "usage": {"prompt_tokens": 3}}),
        ("/v1/responses", {"type": "response.completed", "response": {"model": "m-1", "usage": {"input_tokens": 3}}}),
        ("/v1beta/models/m:generateContent", {"modelVersion": "m-1", "usageMetadata": {"promptTokenCount": 3}}),
    ],
)
def test_a_response_says_of_which_model_its_counts_are(path: str, event: dict[str, object]) -> None:
    tap = Tap(wire_for(path), 200, "text/event-stream", "")
    tap(b"data: " + json.dumps(event).encode() + b"\n\n")
    assert (tap.finish().input, tap.model) == (3, "m-1")


@pytest.mark.parametrize("model", [7, None, ["m"]])
def test_a_model_that_is_no_text_is_none(model: object) -> None:
    tap = Tap(ANTHROPIC, 200, "application/json", "")
    tap(json.dumps({"model": model, "usage": {"input_tokens": 4}}).encode())
    assert (tap.finish().input, tap.model) == (4, "")
