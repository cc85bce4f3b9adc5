"""Through the real proxy on loopback: what the upstream gets, what the client gets, what the ledger says."""

from __future__ import annotations

import gzip
import http.client
import itertools
import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import zstandard

from tests.proxy.bodies import LISTING, conversation, results
from tests.proxy.loopback import (
    ANSWER,
    Handler,
    Proxy,
    Upstream,
    children,
    kill,
    plain,
    proxy,
    request,
    wait_until,
)


def deep(levels: int) -> bytes:
    return b'{"model":"m","messages":' + b"[" * levels + b"]" * levels + b"}"


BAD: dict[str, bytes] = {
    "empty": b"",
    "not json": b"this is not json",
    "cut off": conversation(3)[:-40],
    "a key twice": conversation(3, extra='"model": "again",'),
    "not utf-8": conversation(3).replace(b"Tidy", b"Ti\xff\xfedy"),
    "a list": b"[1, 2, 3]",
    "deep": deep(100_000),
}

GOOD: dict[str, bytes] = {
    "lone surrogates": conversation(3, extra=r'"x": "\ud800 \udfff",'),
    "not a number": conversation(3, extra='"x": NaN, "y": -Infinity,'),
    "30 digits": conversation(3, extra='"x": 123456789012345678901234567890.10, "y": 1e400,'),
    "5000 digits": conversation(3, extra=f'"x": {"7" * 5000},'),
    "200 levels": conversation(3, extra='"x": ' + "[" * 200 + "]" * 200 + ","),
}


@pytest.mark.parametrize("name", BAD)
def test_a_body_that_cannot_be_read_passes_byte_for_byte(name: str, running: Proxy, upstream: Upstream) -> None:
    answer = running.post(BAD[name])
    assert (answer.status, answer.json()) == (200, ANSWER)
    assert [received.body for received in upstream.received] == [BAD[name]]


@pytest.mark.parametrize("name", GOOD)
def test_of_an_odd_but_valid_body_only_the_segments_change(name: str, running: Proxy, upstream: Upstream) -> None:
    body = GOOD[name]
    assert running.post(body).status == 200
    sent = upstream.received[0].body
    literal = json.dumps(LISTING).encode()
    first, second, third = body.split(literal, 2)[0], body.split(literal)[1], body.split(literal)[3]
    assert sent.startswith(first + literal + second)
    assert sent.endswith(third)
    assert results(sent)[0] == LISTING
    assert all(len(text) < len(LISTING) / 4 for text in results(sent)[1:])


@pytest.mark.slow
def test_a_body_of_20_megabytes_arrives(running: Proxy, upstream: Upstream) -> None:
    body = conversation(1, text=random.Random(1).randbytes(10_000_000).hex())
    assert running.post(body).status == 200
    assert upstream.received[0].body == body


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "br", "no-such"])
def test_a_wrongly_labelled_body_passes_with_its_label(encoding: str, running: Proxy, upstream: Upstream) -> None:
    body = conversation(3)
    assert running.post(body, content_encoding=encoding).status == 200
    received = upstream.received[0]
    assert (received.body, received.header("content-encoding")) == (body, encoding)


def test_a_compressed_body_with_nothing_to_do_goes_out_as_it_came(running: Proxy, upstream: Upstream) -> None:
    body = zstandard.compress(conversation(1))
    running.post(body, content_encoding="zstd")
    assert (upstream.received[0].body, upstream.received[0].header("content-encoding")) == (body, "zstd")


@pytest.mark.parametrize("encode", [zstandard.compress, gzip.compress], ids=["zstd", "gzip"])
def test_a_compressed_body_that_changes_goes_out_plain(
    encode: Callable[[bytes], bytes], running: Proxy, upstream: Upstream
) -> None:
    running.post(conversation(3))
    running.post(encode(conversation(3)), content_encoding="zstd" if encode is zstandard.compress else "gzip")
    plain, compressed = upstream.received
    assert compressed.body == plain.body != conversation(3)
    assert compressed.header("content-encoding") is None
    assert compressed.header("content-length") == str(len(plain.body))


def test_a_chunked_body_is_rewritten_and_stays_chunked(running: Proxy, upstream: Upstream) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.base)
    body = conversation(3)
    pieces = (body[i : i + 1000] for i in range(0, len(body), 1000))
    connection.request("POST", "/v1/messages", pieces, encode_chunked=True, headers={"transfer-encoding": "chunked"})
    assert connection.getresponse().read()
    connection.close()
    received = upstream.received[0]
    assert received.header("content-length") is None
    assert len(received.body) < len(body)
    assert results(received.body)[0] == LISTING


def test_what_is_sent_for_a_conversation_is_the_start_of_what_is_sent_for_the_next_turn(
    running: Proxy, upstream: Upstream
) -> None:
    for turns in range(1, 6):
        running.post(conversation(turns))
    sent = [received.body.removesuffix(b"]}") for received in upstream.received]
    assert all(after.startswith(before) for before, after in itertools.pairwise(sent))
    assert len(sent[-1]) < len(conversation(5)) / 2


def test_headers_and_other_paths_pass_untouched(running: Proxy, upstream: Upstream) -> None:
    beta = {"anthropic-beta": "a-1,b-2", "anthropic-version": "2023-06-01", "authorization": "Bearer x", "X-Odd": "é"}
    assert request(running.base, "HEAD", "/").status == 200
    assert request(running.base, "GET", "/v1/models?limit=3", headers=beta).status == 200
    assert request(running.base, "POST", "/v1/other", conversation(3)).status == 200
    head, get, post = upstream.received
    assert (head.method, head.path, get.path, post.body) == ("HEAD", "/", "/v1/models?limit=3", conversation(3))
    assert {key: value for key, value in get.headers if key in beta} == beta
    assert get.header("host") == upstream.url.removeprefix("http://")


def test_an_upstream_with_a_path_gets_it_before_every_path(upstream: Upstream, tmp_path: Path) -> None:
    with proxy(tmp_path, upstream=f"{upstream.url}/gateway/") as running:
        running.post(b"{}")
    assert upstream.received[0].path == "/gateway/v1/messages"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"host": "evil.example"},
        {"host": "evil.example:1234"},
    ],
)
def test_a_web_page_is_refused(headers: dict[str, str], running: Proxy, upstream: Upstream) -> None:
    answer = request(running.base, "POST", "/v1/messages", b"{}", headers)
    assert (answer.status, answer.json()["error"]["type"]) == (403, "api_error")
    assert upstream.received == []


def test_a_program_on_this_machine_is_welcome_under_any_name_of_it(running: Proxy, upstream: Upstream) -> None:
    for headers in ({"host": "localhost:1"}, {"host": "[::1]:9"}, {"origin": "http://localhost:3000"}):
        assert request(running.base, "POST", "/v1/messages", b"{}", headers).status == 200


EVENTS = [
    {"type": "message_start", "message": {"usage": {"input_tokens": 3, "cache_read_input_tokens": 50}}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "grüße"}},
    {"type": "message_delta", "usage": {"output_tokens": 12}},
    {"type": "message_stop"},
]


def sse(event: dict[str, object]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def read_chunk(response: http.client.HTTPResponse) -> bytes:
    return response.read1(65536)


def test_a_stream_passes_chunk_by_chunk_and_is_counted(running: Proxy, upstream: Upstream) -> None:
    """The upstream sends an event only after the client has read the one before it."""
    seen = threading.Semaphore(0)

    def script(handler: Handler) -> None:
        handler.start_stream()
        for event in EVENTS:
            handler.chunk(sse(event))
            assert seen.acquire(timeout=60)
        handler.end_stream()

    upstream.script = script
    connection = http.client.HTTPConnection("127.0.0.1", running.base, timeout=60)
    connection.request("POST", "/v1/messages", conversation(2))
    response = connection.getresponse()
    for event in EVENTS:
        assert read_chunk(response) == sse(event)
        seen.release()
    assert response.read() == b""
    connection.close()
    (row,) = running.exchanges()
    counts = {name: row[name] for name in ("status", "input", "output", "cache_read", "segments", "problem", "model")}
    assert counts == {
        "status": 200, "input": 3, "output": 12, "cache_read": 50, "segments": 2, "problem": "", "model": "claude-x",
    }  # fmt: skip
    assert row["body_after"] < row["body_before"] == len(conversation(2))


def test_a_client_that_hangs_up_at_the_last_event_is_counted_once(running: Proxy, upstream: Upstream) -> None:
    gone = threading.Event()

    def script(handler: Handler) -> None:
        handler.start_stream()
        for event in EVENTS:
            handler.chunk(sse(event))
        gone.wait(60)

    upstream.script = script
    connection = http.client.HTTPConnection("127.0.0.1", running.base, timeout=60)
    connection.request("POST", "/v1/messages", conversation(2))
    response = connection.getresponse()
    text = b""
    while b"message_stop" not in text:
        text += read_chunk(response)
    response.close()
    connection.close()
    gone.set()
    assert wait_until((running.home / "headroom.db").exists)
    rows = running.exchanges()
    assert [(row["status"], row["output"], row["cache_read"]) for row in rows] == [(200, 12, 50)]


def test_a_stalled_stream_stalls_nobody_else(running: Proxy, upstream: Upstream) -> None:
    resume = threading.Event()

    def script(handler: Handler) -> None:
        if b"stall" not in handler.received.body:
            handler.reply(200, b"{}")
            return
        handler.start_stream()
        handler.chunk(sse(EVENTS[0]))
        resume.wait(60)
        handler.end_stream()

    upstream.script = script
    connection = http.client.HTTPConnection("127.0.0.1", running.base, timeout=60)
    connection.request("POST", "/v1/messages", b'{"stall": 1}')
    response = connection.getresponse()
    assert read_chunk(response) == sse(EVENTS[0])
    assert running.post(b"{}").status == 200
    resume.set()
    assert response.read() == b""
    connection.close()


def test_an_upstream_that_refuses_gives_an_error_that_clients_read(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound but not listening: connections are refused
        with proxy(tmp_path, upstream=f"http://127.0.0.1:{port}") as running:
            answer = running.post(conversation(2))
            (row,) = running.exchanges()
    assert answer.status == 502
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["type"] == "error"
    said = answer.json()["error"]["message"]
    assert said.startswith("headroom proxy: 127.0.0.1 can't be reached: ")
    assert said.endswith("; check the network, HTTPS_PROXY and headroom's upstream")
    assert (row["status"], row["problem"]) == (0, said.replace("headroom proxy", "no response"))


def test_an_upstream_that_resets_before_its_answer_gives_an_error(running: Proxy, upstream: Upstream) -> None:
    upstream.script = Handler.reset
    answer = running.post(conversation(2))
    assert (answer.status, answer.json()["error"]["type"]) == (502, "api_error")


def test_a_reset_in_the_middle_of_a_stream_reaches_the_client(running: Proxy, upstream: Upstream) -> None:
    def script(handler: Handler) -> None:
        handler.start_stream()
        handler.chunk(sse(EVENTS[0]))
        handler.reset()

    upstream.script = script
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        running.post(conversation(2))
    (row,) = running.exchanges()
    assert (row["status"], row["input"], row["output"]) == (200, 3, None)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_after_a_refused_change_the_session_passes_through(status: int, running: Proxy, upstream: Upstream) -> None:
    refusal = b'{"type":"error","error":{"type":"invalid_request_error","message":"messages.4: bad block"}}'
    upstream.script = lambda handler: handler.reply(status if len(upstream.received) == 1 else 200, refusal)
    answers = [running.post(conversation(turns)) for turns in (3, 3, 4)]
    assert [(answer.status, answer.body) for answer in answers] == [(status, refusal), (200, refusal), (200, refusal)]
    assert [received.body for received in upstream.received][1:] == [conversation(3), conversation(4)]
    problems = [row["problem"] for row in running.exchanges()]
    assert f"answered {status} to a changed body" in problems[0]
    assert all("passing through" in problem for problem in problems[1:])


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "rate limited"),
        (529, "overloaded"),
        (500, "oops"),
        (400, "prompt is too long: 210000 tokens > 200000 maximum"),
        (400, "Your credit balance is too low"),
    ],
)
def test_other_refusals_pass_and_change_nothing(status: int, message: str, running: Proxy, upstream: Upstream) -> None:
    body = gzip.compress(json.dumps({"error": {"message": message}}).encode())
    upstream.script = lambda handler: handler.reply(status, body, content_encoding="gzip", retry_after="7")
    answer = running.post(conversation(3))
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (status, body, "7")
    running.post(conversation(3))
    first, second = upstream.received
    assert first.body == second.body != conversation(3)


def test_an_unchanged_body_that_is_refused_switches_nothing_off(running: Proxy, upstream: Upstream) -> None:
    upstream.script = lambda handler: handler.reply(400 if len(upstream.received) == 1 else 200, b"{}")
    running.post(conversation(1))
    running.post(conversation(3))
    assert len(upstream.received[1].body) < len(conversation(3))


@pytest.mark.slow
def test_a_body_that_takes_too_long_goes_out_with_its_new_segments_as_they_came(
    upstream: Upstream, tmp_path: Path
) -> None:
    """A worker that is stopped never answers, however fast the machine; the next one has 12 s for what takes one."""
    with proxy(tmp_path, upstream=upstream.url, backstop=12) as running:
        running.post(conversation(3))
        (before,) = children(running.child.pid)
        os.kill(before, signal.SIGSTOP)
        running.post(conversation(4))
        assert before not in children(running.child.pid)
        running.post(conversation(5))
        rows = running.exchanges()
    first, second, third = (results(received.body) for received in upstream.received)
    assert second == [*first, LISTING]
    assert third[:4] == second
    assert len(third[4]) < len(LISTING)
    problem = "new segments sent as they came: the worker was stopped after 12 s"
    assert [row["problem"] for row in rows] == ["", problem, ""]


def test_a_killed_worker_is_replaced(running: Proxy, upstream: Upstream) -> None:
    running.post(conversation(3))
    for pid in children(running.child.pid):
        kill(pid)
    running.post(conversation(3))
    first, second = upstream.received
    assert first.body == second.body != conversation(3)


def test_nothing_is_rewritten_when_it_is_switched_off(upstream: Upstream, tmp_path: Path) -> None:
    answer = b'{"model":"claude-x","usage":{"input_tokens":10,"output_tokens":2}}'
    upstream.script = lambda handler: handler.reply(200, answer)
    with proxy(tmp_path, upstream=upstream.url, enabled=False) as running:
        running.post(conversation(3))
        (row,) = running.exchanges()
    assert upstream.received[0].body == conversation(3)
    assert (row["status"], row["input"], row["model"]) == (200, 10, "claude-x")


def chunked_until(done: threading.Event) -> Callable[[Handler], None]:
    """A script that streams a chunk each 10 ms until `done` to who asks for a stream, and answers others at once."""

    def script(handler: Handler) -> None:
        if b"stream" not in handler.received.body:
            handler.reply(200, b"{}")
            return
        handler.start_stream()
        while not done.is_set():
            handler.chunk(b"data: {}\n\n")
            time.sleep(0.01)
        handler.end_stream()

    return script


def longest_turn(running: Proxy, upstream: Upstream, bodies: list[bytes]) -> float:
    """Seconds for which the proxy computes between two chunks of a stream, at most, while these bodies are posted.

    Processor time: how long the machine lets it wait says nothing of it.
    """
    done = threading.Event()
    upstream.script = chunked_until(done)
    connection = http.client.HTTPConnection("127.0.0.1", running.base, timeout=60)
    connection.request("POST", "/v1/messages", b'{"stream": 1}')
    response = connection.getresponse()
    clients = [threading.Thread(target=running.post, args=(body,)) for body in bodies]
    for client in clients:
        client.start()
    threading.Thread(target=lambda: ([client.join() for client in clients], done.set()), daemon=True).start()
    of_proxy = psutil.Process(running.child.pid)
    last, longest = computed(of_proxy), 0.0
    while read_chunk(response):
        now = computed(of_proxy)
        last, longest = now, max(longest, now - last)
    connection.close()
    return longest


def computed(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@pytest.mark.slow
def test_while_large_and_slow_bodies_are_compressed_another_stream_flows(running: Proxy, upstream: Upstream) -> None:
    """18 MB in many segments and one text of 7 MB, at once; a stream of a chunk each 10 ms never waits for them."""
    chance = random.Random(0)
    slow = conversation(1, text=chance.randbytes(3_500_000).hex())
    large = conversation(200, text="\n".join(f"{chance.random()} {LISTING[i : i + 90]}" for i in range(900)))
    assert len(large) > 18_000_000
    assert longest_turn(running, upstream, [slow, large]) < 0.15


def test_no_credential_is_written_anywhere(
    running: Proxy, upstream: Upstream, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not where all goes well, nor where the provider refuses, hangs up, or the body can't be read."""
    answers = iter([plain, lambda handler: handler.reply(400, b"{}"), Handler.reset, plain])
    upstream.script = lambda handler: next(answers)(handler)  # noqa: PLW0108 - the next one at each request
    headers = {"authorization": "Bearer s3cret-1", "x_api_key": "s3cret-2", "x_goog_api_key": "s3cret-3"}
    for body in (conversation(2), conversation(3), conversation(4), b"no json"):
        running.post(body, "/v1/messages?key=s3cret-4", **headers)
    assert len(running.exchanges()) == 4
    written = [path for path in running.home.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert written == []
    assert "s3cret" not in "".join(capfd.readouterr())
