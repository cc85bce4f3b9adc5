"""Requests with our tool, through the real proxy: calls alone and beside the client's, errors, people who hang up."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.marker import RETRIEVE
from headroom_wrap.store.local import LocalStore
from tests.inject.provider import WIRES, Block, events, heard, in_order, ours, stream, whole
from tests.inject.test_history import LIST, results, turn, user, weather
from tests.proxy.loopback import Handler, Proxy, Upstream, proxy, request
from tests.proxy.test_server import over_connect, own_proxy, trusting

pytestmark = pytest.mark.slow

PATHS = {
    "anthropic": "/v1/messages",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "gemini": "/v1beta/models/m:streamGenerateContent?alt=sse",
}
TEXT = "alpha\nbeta\ngamma\n"
THEIRS = ("call", "c9", "get_weather", {"city": "Ulm"})


class Model:
    """Says one leg after the other, in the wire of the request and as a stream where that is asked for."""

    def __init__(self, *legs: Sequence[Block], encoding: str = "") -> None:
        self.legs, self.encoding, self.asked = legs, encoding, 0

    def __call__(self, handler: Handler) -> None:
        body = json.loads(handler.received.body)
        wire = next(wire for wire, path in PATHS.items() if path.partition(":")[0] in handler.path)
        blocks = in_order(wire, self.legs[min(self.asked, len(self.legs) - 1)])
        self.asked += 1
        if not body.get("stream") and "stream" not in handler.path:
            self.reply(handler, json.dumps(whole(wire, blocks, self.asked)).encode())
            return
        raw = stream(wire, blocks, self.asked)
        handler.start_stream()
        for start in range(0, len(raw), 700):
            handler.chunk(raw[start : start + 700])
        handler.end_stream()

    def reply(self, handler: Handler, raw: bytes) -> None:
        if self.encoding:
            handler.reply(200, gzip.compress(raw), content_encoding=self.encoding)
        else:
            handler.reply(200, raw)


@pytest.fixture
def running(upstream: Upstream, tmp_path: Path) -> Iterator[Proxy]:
    with proxy(tmp_path, upstream=upstream.url, inject_tool=True) as started:
        yield started


def kept(home: Path, text: str = TEXT) -> str:
    return LocalStore(home).keep(text)


def asks(wire: str, *, streamed: bool = True, history: Any = None) -> bytes:
    body = {"model": "m", "tools": weather(wire), LIST[wire]: history or [user(wire, "hi")]}
    return json.dumps({**body, **({"stream": True} if streamed and wire != "gemini" else {})}).encode()


def sent(upstream: Upstream) -> list[Any]:
    return [json.loads(each.body) for each in upstream.received]


@pytest.mark.parametrize("wire", WIRES)
def test_a_call_on_a_stream_is_answered_and_the_continuation_spliced_in(
    wire: str, upstream: Upstream, running: Proxy
) -> None:
    ref = kept(running.home)
    upstream.script = Model([("think", "hm"), ("text", "I look."), ours("c1", ref)], [("text", "Done."), THEIRS])
    answer = running.post(asks(wire), PATHS[wire])
    got = heard(wire, answer.body)
    rows = running.exchanges()

    assert RETRIEVE not in answer.body.decode()
    assert [text in json.dumps(got) for text in ("I look.", "Done.", "get_weather")] == [True] * 3
    assert json.dumps(TEXT)[1:-1] in json.dumps(sent(upstream)[1])
    assert [row["output"] for row in rows] == [7, 14]
    assert all(row["injected"] > 250 for row in rows)


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "gemini"])
def test_a_call_in_a_whole_response_is_answered(wire: str, upstream: Upstream, running: Proxy) -> None:
    upstream.script = Model([("text", "I look."), ours("c1", kept(running.home))], [("text", "Done.")], encoding="gzip")
    answer = running.post(asks(wire, streamed=False), PATHS[wire])

    assert "content-encoding" not in answer.headers
    assert [text in answer.body.decode() for text in ("I look.", "Done.", RETRIEVE)] == [True, True, False]
    assert [each.header("accept-encoding") for each in upstream.received] == ["identity", "identity"]


@pytest.mark.parametrize("wire", WIRES)
def test_a_call_beside_the_clients_own_is_answered_when_the_client_comes_back(
    wire: str, upstream: Upstream, running: Proxy
) -> None:
    upstream.script = Model([("text", "I look."), ours("c1", kept(running.home)), THEIRS], [("text", "Done.")])
    first = heard(wire, running.post(asks(wire), PATHS[wire]).body)
    seen = [("text", "I look."), THEIRS]
    history = [user(wire, "hi"), *turn(wire, seen), *results(wire, [THEIRS], "sunny")]
    running.post(asks(wire, history=history), PATHS[wire])
    went = json.dumps(sent(upstream)[1][LIST[wire]])

    assert "get_weather" in json.dumps(first)
    assert len(upstream.received) == 2
    assert went.index('"c1"') < went.index('"c9"') < went.index("gamma") < went.index("sunny")


def test_no_more_than_five_calls_in_a_row_are_answered(upstream: Upstream, running: Proxy) -> None:
    upstream.script = Model([("text", "Again."), ours("c1", kept(running.home))])
    got = heard("anthropic", running.post(asks("anthropic")).body)

    assert len(upstream.received) == 7
    assert (got["stop_reason"], len(got["content"])) == ("end_turn", 7)
    assert "are the limit" in sent(upstream)[6]["messages"][-1]["content"][0]["content"]
    assert "are the limit" not in json.dumps(sent(upstream)[5])


@pytest.mark.parametrize("wire", WIRES)
def test_an_error_of_a_later_leg_ends_the_stream_with_that_error(wire: str, upstream: Upstream, running: Proxy) -> None:
    model = Model([("text", "I look."), ours("c1", kept(running.home))])

    def overloaded(handler: Handler) -> None:
        if model.asked:
            handler.reply(529, b'{"type":"error","error":{"type":"overloaded_error","message":"later"}}')
        else:
            model(handler)

    upstream.script = overloaded
    answer = running.post(asks(wire), PATHS[wire])

    assert answer.status == 200
    assert events(answer.body)[-1]["error"] == {"type": "overloaded_error", "message": "later"}


def test_an_error_of_a_later_leg_is_the_answer_where_nothing_has_been_sent(upstream: Upstream, running: Proxy) -> None:
    model = Model([ours("c1", kept(running.home))])
    upstream.script = lambda handler: handler.reply(429, b'{"error":{}}') if model.asked else model(handler)
    answer = running.post(asks("anthropic", streamed=False))

    assert (answer.status, answer.json()) == (429, {"error": {}})


def test_an_error_of_the_first_leg_reaches_the_client_as_it_is(upstream: Upstream, running: Proxy) -> None:
    upstream.script = lambda handler: handler.reply(529, b'{"error": {"message": "busy" } }', retry_after="3")
    answer = running.post(asks("anthropic"))

    assert (answer.status, answer.body) == (529, b'{"error": {"message": "busy" } }')
    assert answer.headers["retry-after"] == "3"


def test_after_a_refusal_the_session_gets_no_tool_any_more(upstream: Upstream, running: Proxy) -> None:
    def no_tools(handler: Handler) -> None:
        refused = RETRIEVE.encode() in handler.received.body
        handler.reply(400 if refused else 200, b'{"error":{"message":"no such tool"}}' if refused else b"{}")

    upstream.script = no_tools
    statuses = [running.post(asks("anthropic", streamed=False)).status for _ in range(2)]

    assert statuses == [400, 200]
    assert "passes through now" in running.exchanges()[0]["problem"]


@pytest.mark.parametrize("wire", WIRES)
def test_a_connection_that_breaks_in_a_later_leg_breaks_the_clients(
    wire: str, upstream: Upstream, running: Proxy
) -> None:
    model = Model([("text", "I look."), ours("c1", kept(running.home))])

    def breaks(handler: Handler) -> None:
        if model.asked:
            handler.start_stream()
            handler.chunk(stream(wire, [("text", "Done.")], 2)[:40])
            handler.reset()
        else:
            model(handler)

    upstream.script = breaks
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        running.post(asks(wire), PATHS[wire])


def test_a_client_that_hangs_up_ends_the_leg_that_is_under_way(upstream: Upstream, running: Proxy) -> None:
    model = Model([("text", "I look."), ours("c1", kept(running.home))])
    noticed, begun = threading.Event(), threading.Event()

    def endless(handler: Handler) -> None:
        if not model.asked:
            model(handler)
            return
        handler.start_stream()
        begun.set()
        try:
            while not noticed.wait(0.01):
                handler.chunk(b": still here\n\n")
        except OSError:
            noticed.set()

    upstream.script = endless
    connection = http.client.HTTPConnection("127.0.0.1", running.base, timeout=60)
    connection.request("POST", PATHS["anthropic"], asks("anthropic"), {"x-api-key": "k"})
    response = connection.getresponse()
    response.read(10)
    assert begun.wait(60)
    response.close()
    connection.close()

    assert noticed.wait(60)


def test_what_stands_before_the_call_arrives_while_the_model_still_speaks(upstream: Upstream, running: Proxy) -> None:
    raw = stream("anthropic", [("text", "I look."), ("text", "More.")], 1)
    resume = threading.Event()

    def stalls(handler: Handler) -> None:
        place = raw.index(b"ook.")
        place = raw.index(b"\n\n", place) + 2
        handler.start_stream()
        handler.chunk(raw[:place])
        assert resume.wait(60)
        handler.chunk(raw[place:])
        handler.end_stream()

    upstream.script = stalls
    connection = http.client.HTTPConnection("127.0.0.1", running.base, timeout=60)
    connection.request("POST", PATHS["anthropic"], asks("anthropic"), {"x-api-key": "k"})
    response = connection.getresponse()
    got = b""
    while b"ook." not in got:
        got += response.read1()
    resume.set()
    got += response.read()
    connection.close()

    assert got == raw


def test_a_request_that_takes_no_tool_goes_its_usual_way(upstream: Upstream, running: Proxy) -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"a title, please"}]}'
    running.post(body, accept_encoding="gzip")

    assert [each.body for each in upstream.received] == [body]
    assert upstream.received[0].header("accept-encoding") == "gzip"


def test_without_the_option_no_request_gets_the_tool(upstream: Upstream, tmp_path: Path) -> None:
    with proxy(tmp_path, upstream=upstream.url) as running:
        running.post(asks("anthropic"))
    assert [each.body for each in upstream.received] == [asks("anthropic")]


def test_only_the_proxy_itself_can_use_its_inner_server(upstream: Upstream, running: Proxy) -> None:
    answer = request(running.base, "POST", PATHS["anthropic"], asks("anthropic"), {"x-headroom-leg": "guessed"})

    assert answer.status == 200
    assert len(upstream.received) == 1
    assert upstream.received[0].header("x-headroom-leg") is None


def test_over_connect_and_through_the_users_own_proxy_it_is_the_same(tmp_path: Path) -> None:
    context, root = trusting(tmp_path, "llm.example.org")
    model = Model([("text", "I look."), ours("c1", kept(tmp_path))], [("text", "Done.")])
    with Upstream(model, tls=context).running() as upstream, own_proxy(upstream.port) as own:
        options: dict[str, Any] = {
            "upstream": "https://llm.example.org", "hosts": ["llm.example.org"],
            "extra_ca": [str(root)], "upstream_proxy": own.url, "inject_tool": True,
        }  # fmt: skip
        with proxy(tmp_path, **options) as running:
            trust = ssl.create_default_context(cafile=str(running.ca))
            target = "llm.example.org:443"
            status, raw = over_connect(running.connect, target, trust, "llm.example.org", asks("anthropic"))
            answer = running.post(asks("anthropic"))

    assert (status, answer.status) == (200, 200)
    assert [block["text"] for block in heard("anthropic", raw)["content"]] == ["I look.", "Done."]
    assert [each.header("host") for each in upstream.received] == ["llm.example.org"] * 3
    assert [head.split(" HTTP", 1)[0] for head in own.heads] == ["CONNECT llm.example.org:443"] * 3
