"""Play the recorded session through a proxy: a base URL in, one `Played` per request out, as it happens.

It is a small agent: it sends real requests, reads the tool call out of the streamed answer, and answers it from the
recording. What the provider received is compared with what was sent here, so every figure is measured at the far end.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headroom_wrap.demo.recorded import SYSTEM, TASK, Turn
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.tokens import count

JSON = dict[str, Any]
REF = re.compile(r"headroom get ([0-9a-hjkmnp-tv-z]{11,})")
MODEL = "scripted-model"


@dataclass(frozen=True, slots=True)
class Played:
    """One request that has been answered. `read` is what the agent had read just before it, empty for the first.

    `before` and `after` are exact o200k tokens of that tool result as it was sent and as the provider received it;
    `cached`: all of the request before was read from the provider's prompt cache.
    """

    read: str
    original: str
    received: str
    before: int
    after: int
    prompt: int
    cached: bool

    @property
    def refs(self) -> tuple[str, ...]:
        """-> the references that the provider received in place of what was left out."""
        return tuple(dict.fromkeys(REF.findall(self.received)))


def play(port: int, turns: Sequence[Turn], upstream: Upstream) -> Iterator[Played]:
    """-> what became of each request that goes to the proxy at `port` and from there to `upstream`."""
    messages: list[JSON] = [{"role": "user", "content": TASK}]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    before = 0
    try:
        for turn in (None, *turns):
            if turn:
                messages.append(_answered(messages[-1], turn))
            events = _asked(connection, messages)
            usage = next(event["message"]["usage"] for event in events if event["type"] == "message_start")
            received = upstream.inference()[-1].json()["messages"][-1]
            prompt = usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
            yield _played(turn, received, prompt, usage["cache_read_input_tokens"] >= before)
            before = prompt
            messages.append({"role": "assistant", "content": _content(events)})
    finally:
        connection.close()


def _played(turn: Turn | None, received: JSON, prompt: int, cached: bool) -> Played:
    if turn is None:
        return Played("", "", "", 0, 0, prompt, cached)
    text = received["content"][0]["content"]
    before = count(turn.result)
    after = before if text == turn.result else count(text)
    return Played(turn.about, turn.result, text, before, after, prompt, cached)


def _asked(connection: http.client.HTTPConnection, messages: Sequence[JSON]) -> list[JSON]:
    """-> the events of the streamed answer to a conversation."""
    body = {"model": MODEL, "max_tokens": 4096, "stream": True, "system": SYSTEM, "tools": TOOLS, "messages": messages}
    headers = {"content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": "none"}
    connection.request("POST", "/v1/messages", json.dumps(body), headers)
    answer = connection.getresponse().read().decode()
    return [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: ")]


def _content(events: Sequence[JSON]) -> list[JSON]:
    """-> the content blocks of a streamed answer, put together."""
    blocks: list[JSON] = [dict(event["content_block"]) for event in events if event["type"] == "content_block_start"]
    for event in events:
        if event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            if delta["type"] == "text_delta":
                block["text"] += delta["text"]
            else:
                block["input"] = json.loads(delta["partial_json"])
    return blocks


def _answered(assistant: JSON, turn: Turn) -> JSON:
    """-> the user message that answers the assistant's tool call with what was recorded."""
    call = next(block for block in assistant["content"] if block["type"] == "tool_use")
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": turn.result}]}


def _tool(name: str, description: str, *parameters: str) -> JSON:
    properties = {parameter: {"type": "string"} for parameter in parameters}
    schema = {"type": "object", "properties": properties, "required": list(parameters[:1])}
    return {"name": name, "description": description, "input_schema": schema}


TOOLS = [
    _tool("Bash", "Run a command.", "command", "description"),
    _tool("Read", "Read a file, with line numbers.", "file_path"),
    _tool("Grep", "Search file contents.", "pattern", "path", "output_mode"),
]
