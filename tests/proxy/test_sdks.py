"""The providers' own SDKs through the real proxy, against the scripted provider: they read what the legs became."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from headroom_wrap.demo import script
from headroom_wrap.demo.upstream import Upstream as Scripted
from headroom_wrap.marker import RETRIEVE
from tests.inject.provider import ours
from tests.inject.test_history import LONG, user, weather
from tests.proxy.loopback import Proxy, Upstream, proxy, wait_until
from tests.proxy.test_legs import THEIRS, Model, kept

pytestmark = pytest.mark.slow


@pytest.fixture
def running(upstream: Upstream, tmp_path: Path) -> Iterator[Proxy]:
    with proxy(tmp_path, upstream=upstream.url, inject_tool=True) as started:
        yield started


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[tuple[Scripted, Proxy]]:
    steps = [
        script.use(RETRIEVE, ref=kept(tmp_path), lines="2"),
        script.use("get_weather", city="Ulm"),
        script.say("Sun."),
    ]
    with Scripted(steps, chunk=7) as upstream, proxy(tmp_path, upstream=upstream.url, inject_tool=True) as running:
        yield upstream, running


def bodies(upstream: Scripted) -> list[str]:
    return [json.dumps(each.json()) for each in upstream.inference()]


@pytest.mark.parametrize("streamed", [True, False])
def test_anthropics_sdk(streamed: bool, scripted: tuple[Scripted, Proxy]) -> None:
    upstream, running = scripted
    client = anthropic.Anthropic(api_key="k", base_url=f"http://127.0.0.1:{running.base}", max_retries=0)
    history: list[Any] = [{"role": "user", "content": "hi"}]
    said: dict[str, Any] = {"model": "m", "max_tokens": 9, "tools": weather("anthropic")}
    for _ in range(2):
        if streamed:
            with client.messages.stream(**said, messages=history) as events_:
                message: Any = events_.get_final_message()
        else:
            message = client.messages.create(**said, messages=history)
        calls = [block for block in message.content if block.type == "tool_use"]
        result = [{"type": "tool_result", "tool_use_id": call.id, "content": LONG} for call in calls]
        history += [{"role": "assistant", "content": message.content}, {"role": "user", "content": result}]

    assert [call.name for call in calls] == []
    assert message.content[-1].text == "Sun."
    assert_cached(bodies(upstream))


def assert_cached(sent: list[str]) -> None:
    """Three requests; the result of our call stands in the last two, and the client's own was compressed."""
    assert len(sent) == 3
    assert ["beta" in body for body in sent] == [False, True, True]
    assert "alpha" not in sent[2]
    assert f"{RETRIEVE} " in sent[2].replace(f"`{RETRIEVE} 4f2a9c0d1e2 --lines A-B`", "")


@pytest.mark.parametrize("streamed", [True, False])
def test_openais_sdk_with_chat_completions(streamed: bool, scripted: tuple[Scripted, Proxy]) -> None:
    upstream, running = scripted
    client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{running.base}/v1", max_retries=0)
    history: list[Any] = [{"role": "user", "content": "hi"}]
    said: dict[str, Any] = {"model": "m", "tools": weather("openai_chat")}
    for _ in range(2):
        if streamed:
            with client.chat.completions.stream(**said, messages=history) as events_:
                message: Any = events_.get_final_completion().choices[0].message
        else:
            message = client.chat.completions.create(**said, messages=history).choices[0].message
        result = [{"role": "tool", "tool_call_id": call.id, "content": LONG} for call in message.tool_calls or ()]
        history += [message.to_dict(), *result]

    assert not message.tool_calls
    assert message.content == "Sun."
    assert_cached(bodies(upstream))


@pytest.mark.parametrize("streamed", [True, False])
def test_openais_sdk_with_responses(streamed: bool, scripted: tuple[Scripted, Proxy]) -> None:
    upstream, running = scripted
    client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{running.base}/v1", max_retries=0)
    history: list[Any] = [{"role": "user", "content": "hi"}]
    said: dict[str, Any] = {"model": "m", "tools": weather("openai_responses")}
    for _ in range(2):
        if streamed:
            *_, last = client.responses.create(**said, input=history, stream=True)
            response: Any = last.response
        else:
            response = client.responses.create(**said, input=history)
        calls = [item for item in response.output if item.type == "function_call"]
        result = [{"type": "function_call_output", "call_id": call.call_id, "output": LONG} for call in calls]
        history += [*(item.to_dict() for item in response.output), *result]

    assert not calls
    assert response.output_text == "Sun."
    assert_cached(bodies(upstream))


@pytest.mark.parametrize("streamed", [True, False])
def test_googles_sdk(streamed: bool, scripted: tuple[Scripted, Proxy]) -> None:
    upstream, running = scripted
    client = genai.Client(api_key="k", http_options={"base_url": f"http://127.0.0.1:{running.base}"})
    config = {"tools": [{"function_declarations": [{"name": "get_weather"}]}]}
    history: list[Any] = [{"role": "user", "parts": [{"text": "hi"}]}]
    for _ in range(2):
        said = {"model": "m", "contents": history, "config": config}
        if streamed:
            chunks = list(client.models.generate_content_stream(**said))
        else:
            chunks = [client.models.generate_content(**said)]
        parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or ()]
        names = [part.function_call.name for part in parts if part.function_call]
        answers = [{"function_response": {"name": name, "response": {"output": LONG}}} for name in names]
        history += [{"role": "model", "parts": parts}, {"role": "user", "parts": answers}]

    assert not names
    assert "".join(part.text or "" for part in parts).endswith("Sun.")
    assert_cached(bodies(upstream))


def test_calls_of_both_kinds_in_one_turn(upstream: Upstream, running: Proxy) -> None:
    """On a stream, read by Anthropic's SDK and by OpenAI's."""
    upstream.script = Model([("text", "I look."), ours("c1", kept(running.home)), THEIRS])
    client = anthropic.Anthropic(api_key="k", base_url=f"http://127.0.0.1:{running.base}", max_retries=0)
    asks_: dict[str, Any] = {"model": "m", "tools": weather("anthropic"), "messages": [user("anthropic", "hi")]}
    with client.messages.stream(**asks_, max_tokens=9) as events_:
        message: Any = events_.get_final_message()
    other = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{running.base}/v1", max_retries=0)
    chat: dict[str, Any] = {"model": "m", "tools": weather("openai_chat"), "messages": [user("openai_chat", "hi")]}
    with other.chat.completions.stream(**chat) as chunks:
        choice: Any = chunks.get_final_completion().choices[0]
    responses: dict[str, Any] = {"model": "m", "tools": weather("openai_responses"), "input": "hi"}
    *_, last = other.responses.create(**responses, stream=True)

    assert [(block.type, getattr(block, "name", "")) for block in message.content] == [
        ("text", ""),
        ("tool_use", "get_weather"),
    ]
    assert message.stop_reason == "tool_use"
    assert [(call.function.name, call.function.arguments) for call in choice.message.tool_calls] == [
        ("get_weather", '{"city": "Ulm"}')
    ]
    assert choice.finish_reason == "tool_calls"
    assert [item.type for item in last.response.output] == ["message", "function_call"]  # type: ignore[union-attr]
    assert wait_until(lambda: len(upstream.received) == 3)
