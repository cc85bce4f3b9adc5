from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from headroom_wrap.segment import Usage
from headroom_wrap.wire import anthropic
from headroom_wrap.wire.sse import Events, Whole, response_events

START = {"type": "message_start", "message": {"usage": {"input_tokens": 3, "cache_read_input_tokens": 90}}}
TEXT = {"type": "content_block_delta", "delta": {"text": "naïve “quotes” 漢字"}}
DELTA = {"type": "message_delta", "usage": {"output_tokens": 7}}
EXPECTED = Usage(input=3, output=7, cache_read=90)


def stream(end: str) -> bytes:
    lines = [f": ping{end}"]
    for event in (START, TEXT, DELTA):
        lines += [f"event: {event['type']}", end, f"data: {json.dumps(event, ensure_ascii=False)}", end, end]
    lines += [f'data:{{"usage":{end}', f'data: {{"output_tokens": 7}}}}{end}{end}', f"data: [DONE]{end}{end}"]
    return "".join(lines).encode()


def usage_of(events: list[dict[str, Any]]) -> Usage:
    usage = Usage()
    for event in events:
        usage = anthropic.usage(event, usage)
    return usage


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_stream_split_at_any_byte_gives_the_same_events(end: str) -> None:
    whole = stream(end)
    for at in range(len(whole) + 1):
        events = Events(every=True)
        found = events.feed(whole[:at]) + events.feed(whole[at:]) + events.end()
        assert found == [START, TEXT, DELTA, {"usage": {"output_tokens": 7}}]
    single = Events()
    found = [event for byte in whole for event in single.feed(bytes([byte]))]
    assert usage_of(found) == EXPECTED


def test_events_without_usage_are_not_parsed() -> None:
    assert Events().feed(stream("\n")) == [START, DELTA, {"usage": {"output_tokens": 7}}]
    assert Events().feed(b'data: {"usage": null}\n\n') == []


def test_an_event_past_the_cap_is_given_up_and_the_next_one_read() -> None:
    events = Events(every=True, cap=1000)
    for _ in range(50):
        assert events.feed(b"data: " + b"x" * 100) == []
    assert events.feed(b'\ndata: {"a": 1}\n\ndata: {"b": 2}\n\n') == [{"b": 2}]


def test_many_short_events_never_reach_the_cap() -> None:
    events = Events(every=True, cap=100)
    assert sum(len(events.feed(b'data: {"a": 1}\n\n: ping\n\n')) for _ in range(100)) == 100


def test_the_last_event_counts_without_its_blank_line() -> None:
    events = Events()
    assert events.feed(b"data: " + json.dumps(DELTA).encode()) == []
    assert events.end() == [DELTA]


def test_an_encoded_stream_is_read_as_it_comes() -> None:
    packer = zlib.compressobj(wbits=31)
    events = Events("gzip")
    first = packer.compress(stream("\n")) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert usage_of([event for byte in first for event in events.feed(bytes([byte]))]) == EXPECTED


def test_a_mislabelled_stream_gives_nothing_and_raises_nothing() -> None:
    for encoding in ("gzip", "deflate", "br", "zstd", "compress"):
        for events in (Events(encoding), Whole(encoding)):
            assert events.feed(stream("\n")) + events.feed(b"more") + events.end() == []


def test_a_json_response_is_one_event_and_an_array_several() -> None:
    for encoding, raw in (("", json.dumps(DELTA).encode()), ("gzip", gzip.compress(json.dumps([DELTA, 1]).encode()))):
        events = response_events("application/json; charset=utf-8", encoding)
        assert [event for byte in raw for event in events.feed(bytes([byte]))] == []
        assert events.end() == [DELTA]
    assert isinstance(response_events("text/event-stream"), Events)


def test_a_json_response_past_the_cap_gives_nothing() -> None:
    whole = Whole(cap=10)
    assert whole.feed(b'{"usage": {}}') + whole.end() == []
