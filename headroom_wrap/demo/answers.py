"""What a provider says: a reply of the scripted model in, the events of each wire out (server-sent or JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headroom_wrap.demo.asked import JSON, Asked
from headroom_wrap.demo.script import ToolCall

SIGNATURE = "c2NyaXB0ZWQgcHJvdmlkZXI6IG5vIHRob3VnaHQgd2FzIHNpZ25lZA=="


@dataclass(frozen=True, slots=True)
class Reply:
    """One turn of the scripted model, with the usage that it reports. `fresh`: prompt tokens that no cache held.

    `compacts`: the text is the summary that stands for what came before, which only the provider can read.
    """

    id: str
    model: str
    text: str
    call: ToolCall | None
    fresh: int
    cache_read: int
    cache_write: int
    output: int
    thinking: bool = False
    compacts: bool = False

    @property
    def prompt(self) -> int:
        """-> all prompt tokens, cached or not."""
        return self.fresh + self.cache_read + self.cache_write


def anthropic(reply: Reply) -> Iterator[JSON]:
    """-> the events of a Messages stream."""
    yield {"type": "message_start", "message": {**_message(reply), "content": [], "stop_reason": None}}
    for index, block in enumerate(_anthropic_blocks(reply)):
        yield from _anthropic_block(index, block)
    ending = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": reply.output}}
    yield {"type": "message_stop"}


def anthropic_json(reply: Reply) -> JSON:
    """-> the same as one JSON message."""
    return {**_message(reply), "content": _anthropic_blocks(reply), "stop_reason": _stop_reason(reply)}


def _message(reply: Reply) -> JSON:
    usage = {
        "input_tokens": reply.fresh,
        "cache_creation_input_tokens": reply.cache_write,
        "cache_read_input_tokens": reply.cache_read,
        "output_tokens": reply.output,
    }
    return {
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "stop_sequence": None,
        "usage": usage,
    }


def _stop_reason(reply: Reply) -> str:
    return "tool_use" if reply.call else "end_turn"


def _anthropic_blocks(reply: Reply) -> list[JSON]:
    blocks: list[JSON] = []
    if reply.thinking:
        blocks.append({"type": "thinking", "thinking": "One step after the other.", "signature": SIGNATURE})
    blocks.append({"type": "text", "text": reply.text})
    if reply.call:
        call = reply.call
        blocks.append({"type": "tool_use", "id": f"toolu_{reply.id}", "name": call.name, "input": call.arguments})
    return blocks


def _anthropic_block(index: int, block: JSON) -> Iterator[JSON]:
    kind = block["type"]
    if kind == "thinking":
        empty: JSON = {**block, "thinking": "", "signature": ""}
        deltas: list[JSON] = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    elif kind == "text":
        empty, deltas = {**block, "text": ""}, [{"type": "text_delta", "text": block["text"]}]
    else:
        empty = {**block, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def chat(reply: Reply) -> Iterator[JSON]:
    """-> the chunks of a Chat Completions stream, the usage chunk included."""
    yield _chunk(reply, {"role": "assistant", "content": reply.text}, None)
    if reply.call:
        yield _chunk(reply, {"tool_calls": [{"index": 0, **_chat_call(reply, reply.call)}]}, None)
    yield _chunk(reply, {}, "tool_calls" if reply.call else "stop")
    yield {**_chunk(reply, {}, None), "choices": [], "usage": _chat_usage(reply)}


def chat_json(reply: Reply) -> JSON:
    """-> the same as one JSON completion."""
    message: JSON = {"role": "assistant", "content": reply.text}
    if reply.call:
        message["tool_calls"] = [_chat_call(reply, reply.call)]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if reply.call else "stop"}
    head = {"id": f"chatcmpl-{reply.id}", "object": "chat.completion", "created": 0, "model": reply.model}
    return {**head, "choices": [choice], "usage": _chat_usage(reply)}


def _chunk(reply: Reply, delta: JSON, finish: str | None) -> JSON:
    head = {"id": f"chatcmpl-{reply.id}", "object": "chat.completion.chunk", "created": 0, "model": reply.model}
    return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _chat_call(reply: Reply, call: ToolCall) -> JSON:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": f"call_{reply.id}", "type": "function", "function": function}


def _chat_usage(reply: Reply) -> JSON:
    return {
        "prompt_tokens": reply.prompt,
        "completion_tokens": reply.output,
        "total_tokens": reply.prompt + reply.output,
        "prompt_tokens_details": {"cached_tokens": reply.cache_read},
    }


def responses(reply: Reply) -> Iterator[JSON]:
    """-> the events of a Responses stream, the same over HTTP and over a WebSocket."""
    yield {"type": "response.created", "response": {**_response(reply), "output": [], "status": "in_progress"}}
    for index, item in enumerate(_responses_items(reply)):
        yield {"type": "response.output_item.added", "output_index": index, "item": item}
        if item["type"] == "message":
            delta = {"type": "response.output_text.delta", "item_id": item["id"], "content_index": 0}
            yield {**delta, "output_index": index, "delta": reply.text}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": responses_json(reply)}


def responses_json(reply: Reply) -> JSON:
    """-> the same as one JSON response."""
    usage = {
        "input_tokens": reply.prompt,
        "input_tokens_details": {"cached_tokens": reply.cache_read},
        "output_tokens": reply.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.prompt + reply.output,
    }
    return {**_response(reply), "status": "completed", "output": _responses_items(reply), "usage": usage}


def _response(reply: Reply) -> JSON:
    return {"id": f"resp_{reply.id}", "object": "response", "created_at": 0, "model": reply.model, "error": None}


def _responses_items(reply: Reply) -> list[JSON]:
    text = {"type": "output_text", "text": reply.text, "annotations": []}
    message = {"type": "message", "id": f"msg_{reply.id}", "role": "assistant", "status": "completed"}
    call = reply.call
    if reply.compacts:
        return [{"type": "compaction", "id": f"cmp_{reply.id}", "encrypted_content": reply.text}]
    if call is None:
        return [{**message, "content": [text]}]
    head = {"call_id": f"call_{reply.id}", "name": call.name, "status": "completed"}
    if call.text:
        return [{"type": "custom_tool_call", "id": f"ctc_{reply.id}", **head, "input": call.text}]
    arguments = json.dumps(call.arguments)
    return [{"type": "function_call", "id": f"fc_{reply.id}", **head, "arguments": arguments}]


def gemini(reply: Reply) -> Iterator[JSON]:
    """-> the chunks of a streamGenerateContent answer."""
    parts: list[JSON] = [{"text": reply.text}]
    if reply.call:
        parts.append({"functionCall": {"name": reply.call.name, "args": reply.call.arguments}})
    yield {"candidates": [{"content": {"role": "model", "parts": parts[:1]}, "index": 0}], **_gemini_head(reply)}
    last = {"content": {"role": "model", "parts": parts[1:]}, "finishReason": "STOP", "index": 0}
    yield {"candidates": [last], **_gemini_head(reply)}


def gemini_json(reply: Reply) -> JSON:
    """-> the same as one JSON answer."""
    first, last = gemini(reply)
    parts = [part for each in (first, last) for part in each["candidates"][0]["content"]["parts"]]
    return {**last, "candidates": [{**last["candidates"][0], "content": {"role": "model", "parts": parts}}]}


def _gemini_head(reply: Reply) -> JSON:
    usage = {
        "promptTokenCount": reply.prompt,
        "cachedContentTokenCount": reply.cache_read,
        "candidatesTokenCount": reply.output,
        "totalTokenCount": reply.prompt + reply.output,
    }
    return {"usageMetadata": usage, "modelVersion": reply.model, "responseId": reply.id}


def sse(event: JSON) -> bytes:
    """-> one server-sent event; Anthropic's and OpenAI's Responses events carry their type as the event's name."""
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def reply_to(asked: Asked, ident: str, text: str, call: ToolCall | None, shared: int) -> Reply:
    """-> the reply to a request of whose prompt `shared` tokens stood in the cache."""
    written: Any = len(text) + (len(json.dumps(call.arguments)) + len(call.text) if call else 0)
    fresh = min(12, asked.tokens - shared)
    return Reply(
        id=ident,
        model=asked.model,
        text=text,
        call=call,
        fresh=fresh,
        cache_read=shared,
        cache_write=asked.tokens - shared - fresh,
        output=written // 4 + 1,
        thinking=asked.thinking,
        compacts=asked.compacts,
    )
