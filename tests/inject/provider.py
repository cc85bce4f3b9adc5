"""A model's turns as each wire streams them, and a client that reads a stream: written from the providers' references.

A turn is a list of blocks: ("text", words), ("think", words), ("call", id, tool, arguments).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from headroom_wrap.marker import RETRIEVE

JSON = dict[str, Any]
Block = tuple[Any, ...]
WIRES = ("anthropic", "openai_chat", "openai_responses", "gemini")


def ours(ident: str, ref: str, **more: object) -> Block:
    return ("call", ident, RETRIEVE, {"ref": ref, **more})


def in_order(wire: str, blocks: Sequence[Block]) -> list[Block]:
    """Chat has one text, one run of thoughts, and its calls last."""
    if wire != "openai_chat":
        return list(blocks)
    return sorted(blocks, key=lambda block: ("think", "text", "call").index(block[0]))


def calls(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if block[0] == "call"]


def halves(text: str) -> list[str]:
    return [half for half in (text[: len(text) // 2], text[len(text) // 2 :]) if half]


def usage(wire: str, number: int) -> JSON:
    prompt, cached, output = 100 * number, 40 * number, 7 * number
    if wire == "anthropic":
        return {"input_tokens": prompt - cached, "cache_read_input_tokens": cached, "output_tokens": output}
    if wire == "openai_chat":
        counts = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
        return {**counts, "prompt_tokens_details": {"cached_tokens": cached}}
    if wire == "openai_responses":
        counts = {"input_tokens": prompt, "output_tokens": output, "total_tokens": prompt + output}
        details = {"input_tokens_details": {"cached_tokens": cached}, "output_tokens_details": {"reasoning_tokens": 0}}
        return {**counts, **details}
    counts = {"promptTokenCount": prompt, "candidatesTokenCount": output, "totalTokenCount": prompt + output}
    return {**counts, "cachedContentTokenCount": cached}


# What the model said, as the wire has it in a history and in a whole response.


def items(wire: str, blocks: Sequence[Block]) -> list[JSON]:
    """-> content blocks, a message, output items, or parts."""
    if wire == "openai_chat":
        text = "".join(block[1] for block in blocks if block[0] == "text")
        thought = "".join(block[1] for block in blocks if block[0] == "think")
        made: JSON = {"role": "assistant", "content": text or None}
        made |= {"reasoning_content": thought} if thought else {}
        return [{**made, "tool_calls": [_item(wire, call) for call in calls(blocks)]} if calls(blocks) else made]
    return [_item(wire, block) for block in blocks]


def _item(wire: str, block: Block) -> JSON:
    kind, words = block[0], block[1]
    if kind == "call":
        return _call(wire, *block[1:])
    if wire == "anthropic":
        thought = {"type": "thinking", "thinking": words, "signature": f"sig {words}"}
        return thought if kind == "think" else {"type": "text", "text": words}
    if wire == "gemini":
        return {"text": words, "thought": True} if kind == "think" else {"text": words}
    if kind == "think":
        return {"type": "reasoning", "id": f"rs_{words}", "summary": [], "encrypted_content": f"enc {words}"}
    content = [{"type": "output_text", "text": words, "annotations": []}]
    return {"type": "message", "id": f"m_{words}", "role": "assistant", "status": "completed", "content": content}


def _call(wire: str, ident: str, tool: str, arguments: JSON) -> JSON:
    if wire == "anthropic":
        return {"type": "tool_use", "id": ident, "name": tool, "input": arguments}
    if wire == "openai_chat":
        return {"id": ident, "type": "function", "function": {"name": tool, "arguments": json.dumps(arguments)}}
    if wire == "gemini":
        call = {"name": tool, "args": arguments, "id": ident}
        return {"functionCall": call, "thoughtSignature": f"sig {ident}"}
    head = {"type": "function_call", "id": f"fc_{ident}", "call_id": ident, "name": tool}
    return {**head, "arguments": json.dumps(arguments), "status": "completed"}


def whole(wire: str, blocks: Sequence[Block], number: int) -> JSON:
    """-> a response that is no stream."""
    said, counts, called = items(wire, blocks), usage(wire, number), bool(calls(blocks))
    if wire == "anthropic":
        head = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "m", "content": said}
        return {**head, "stop_reason": "tool_use" if called else "end_turn", "stop_sequence": None, "usage": counts}
    if wire == "openai_chat":
        choice = {"index": 0, "message": said[0], "finish_reason": "tool_calls" if called else "stop"}
        head = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": number, "model": "m"}
        return {**head, "choices": [choice], "usage": counts}
    if wire == "openai_responses":
        return {**_response(number), "status": "completed", "output": said, "usage": counts}
    candidate = {"content": {"role": "model", "parts": said}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": counts, "responseId": f"r{number}", "modelVersion": "m"}


def _response(number: int) -> JSON:
    return {"id": f"resp_{number}", "object": "response", "created_at": number, "model": "m", "error": None}


def stream(wire: str, blocks: Sequence[Block], number: int) -> bytes:
    """-> the same as a stream of server-sent events."""
    events = {"anthropic": _anthropic, "openai_chat": _chat, "openai_responses": _responses, "gemini": _gemini}[wire]
    made = b"".join(_sse(event) for event in events(blocks, number))
    return made + (b"data: [DONE]\n\n" if wire == "openai_chat" else b"")


def _sse(event: JSON) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def _anthropic(blocks: Sequence[Block], number: int) -> Iterator[JSON]:
    message = whole("anthropic", blocks, number)
    counts = message["usage"]
    start = {**message, "content": [], "stop_reason": None, "usage": {**counts, "output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        deltas, empty = _anthropic_deltas(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": counts["output_tokens"]}}
    yield {"type": "message_stop"}


def _anthropic_deltas(block: JSON) -> tuple[list[JSON], JSON]:
    if block["type"] == "text":
        return [{"type": "text_delta", "text": half} for half in halves(block["text"])], {**block, "text": ""}
    if block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": half} for half in halves(block["thinking"])]
        signature = {"type": "signature_delta", "signature": block["signature"]}
        return [*deltas, signature], {**block, "thinking": "", "signature": ""}
    pieces = ["", *halves(json.dumps(block["input"]))]
    return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces], {**block, "input": {}}


def _chat(blocks: Sequence[Block], number: int) -> Iterator[JSON]:
    head = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": number, "model": "m"}

    def chunk(delta: JSON, finish: str | None = None) -> JSON:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}

    yield chunk({"role": "assistant", "content": None})
    for kind, key in (("think", "reasoning_content"), ("text", "content")):
        for words in (block[1] for block in blocks if block[0] == kind):
            yield from (chunk({key: half}) for half in halves(words))
    for index, call in enumerate(calls(blocks)):
        item = _item("openai_chat", call)
        function = item["function"]
        yield chunk({"tool_calls": [{"index": index, **item, "function": {**function, "arguments": ""}}]})
        for half in halves(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": half}}]})
    yield chunk({}, "tool_calls" if calls(blocks) else "stop")
    yield {**head, "choices": [], "usage": usage("openai_chat", number)}


def _responses(blocks: Sequence[Block], number: int) -> Iterator[JSON]:
    for place, event in enumerate(_responses_events(blocks, number)):
        yield {**event, "sequence_number": place}


def _responses_events(blocks: Sequence[Block], number: int) -> Iterator[JSON]:
    begun = {**_response(number), "status": "in_progress", "output": []}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items("openai_responses", blocks)):
        at = {"output_index": index, "item_id": item["id"]}
        empty = {"message": {"content": []}, "function_call": {"arguments": ""}}.get(item["type"], {})
        yield {"type": "response.output_item.added", "output_index": index, "item": {**item, **empty}}
        if item["type"] == "message":
            yield from _responses_text(item, at)
        for half in halves(item.get("arguments", "")):
            yield {"type": "response.function_call_arguments.delta", **at, "delta": half}
        if "arguments" in item:
            done = {"arguments": item["arguments"], "name": item["name"]}
            yield {"type": "response.function_call_arguments.done", **at, **done}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": whole("openai_responses", blocks, number)}


def _responses_text(item: JSON, at: JSON) -> Iterator[JSON]:
    part = item["content"][0]
    yield {"type": "response.content_part.added", **at, "content_index": 0, "part": {**part, "text": ""}}
    for half in halves(part["text"]):
        yield {"type": "response.output_text.delta", **at, "content_index": 0, "delta": half, "logprobs": []}
    text = {"text": part["text"], "logprobs": []}
    yield {"type": "response.output_text.done", **at, "content_index": 0, **text}
    yield {"type": "response.content_part.done", **at, "content_index": 0, "part": part}


def _gemini(blocks: Sequence[Block], number: int) -> Iterator[JSON]:
    answer = whole("gemini", blocks, number)
    parts = answer["candidates"][0]["content"]["parts"]
    for index, part in enumerate(parts):
        candidate: JSON = {"content": {"role": "model", "parts": [part]}, "index": 0}
        if index == len(parts) - 1:
            candidate["finishReason"] = "STOP"
        yield {**answer, "candidates": [candidate]}


# What a client makes of a stream.


def events(raw: bytes) -> list[JSON]:
    found = [line[6:] for line in raw.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(data) for data in found if data != b"[DONE]"]


def heard(wire: str, raw: bytes) -> JSON:
    """-> the whole response that a stream comes to. AssertionError where it breaks the wire's own rules."""
    return {"anthropic": _hear_anthropic, "openai_chat": _hear_chat, "openai_responses": _hear_responses}.get(
        wire, _hear_gemini
    )(events(raw))


def _hear_anthropic(given: list[JSON]) -> JSON:
    assert [event["type"] for event in given].count("message_start") == 1
    assert [event["type"] for event in given[-2:]] == ["message_delta", "message_stop"]
    message = given[0]["message"]
    blocks: list[JSON] = []
    for event in given[1:-2]:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append({**event["content_block"], "partial_json": ""})
        elif event["type"] == "content_block_delta":
            assert event["index"] == len(blocks) - 1
            for key, value in event["delta"].items():
                if key != "type":
                    blocks[-1][key] += value
        elif event["type"] == "content_block_stop":
            assert event["index"] == len(blocks) - 1
            partial = blocks[-1].pop("partial_json")
            blocks[-1] |= {"input": json.loads(partial)} if partial else {}
    delta = given[-2]
    return {**message, "content": blocks, **delta["delta"], "usage": {**message["usage"], **delta["usage"]}}


def _hear_chat(given: list[JSON]) -> JSON:
    assert len({(event["id"], event["created"]) for event in given}) == 1
    message: JSON = {"role": "", "content": None}
    made: list[JSON] = []
    finish = [event["choices"][0]["finish_reason"] for event in given if event["choices"]]
    assert [reason for reason in finish if reason] == finish[-1:]
    for delta in (event["choices"][0]["delta"] for event in given if event["choices"]):
        for key, value in delta.items():
            if isinstance(value, str):
                message[key] = (message.get(key) or "") + value
        for call in delta.get("tool_calls", ()):
            if call["index"] == len(made):
                made.append({key: value for key, value in call.items() if key != "index"})
            else:
                made[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    counts = [event["usage"] for event in given if event.get("usage")]
    assert len(counts) == 1
    assert not given[-1]["choices"]
    if made:
        message["tool_calls"] = made
    head = {**given[0], "object": "chat.completion", "usage": counts[0]}
    return {**head, "choices": [{"index": 0, "message": message, "finish_reason": finish[-1]}]}


def _hear_responses(given: list[JSON]) -> JSON:
    assert [event["sequence_number"] for event in given] == list(range(len(given)))
    kinds = [event["type"] for event in given]
    assert kinds.count("response.created") == kinds.count("response.completed") == 1
    assert kinds[-1] == "response.completed"
    done = [event for event in given if event["type"] == "response.output_item.done"]
    assert [event["output_index"] for event in done] == list(range(len(done)))
    final: JSON = given[-1]["response"]
    assert final["output"] == [event["item"] for event in done]
    assert final["id"] == given[0]["response"]["id"]
    return final


def _hear_gemini(given: list[JSON]) -> JSON:
    assert len({event["responseId"] for event in given}) == 1
    candidates = [event["candidates"][0] for event in given]
    assert [index for index, each in enumerate(candidates) if each.get("finishReason")] == [len(given) - 1]
    parts = [part for each in candidates for part in each["content"]["parts"]]
    content = {"role": "model", "parts": parts}
    return {**given[-1], "candidates": [{**candidates[-1], "content": content}]}
