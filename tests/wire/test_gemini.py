from __future__ import annotations

from typing import Any

from headroom_wrap.segment import Usage
from headroom_wrap.wire import gemini
from tests.wire.conversations import READ, SHELL, dumps, rows


def session(*, ids: bool = True) -> dict[str, Any]:
    first, second = ({"id": "f1"}, {"id": "f2"}) if ids else ({}, {})
    bash = {"name": "Bash", "args": {"command": "ls -l"}, **first}
    read = {"name": "Read", "args": {"file_path": "a.py", "limit": 20}, **second}
    return {
        "systemInstruction": {"parts": [{"text": "You are."}]},
        "tools": [{"functionDeclarations": [{"name": "Bash"}, {"name": "Read"}]}, {"googleSearch": {}}],
        "contents": [
            {"role": "user", "parts": [{"text": "tidy up"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "hm", "thought": True},
                    {"text": "First a look."},
                    {"functionCall": bash, "thoughtSignature": "c2ln"},
                ],
            },
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "Bash", "response": {"output": "3 files"}, **first}}],
            },
            {"parts": [{"text": "Now the file."}, {"function_call": read}], "role": "model"},
            {
                "parts": [
                    {
                        "function_response": {
                            "name": "Read",
                            "response": {"name": "Read", "content": "x = 1\n"},
                            **second,
                        }
                    }
                ],
                "role": "user",
            },
        ],
    }


def test_results_carry_their_tool_their_call_and_what_the_agent_is_after() -> None:
    for body in (session(), session(ids=False), {"model": "gemini-x", "project": "p", "request": session()}):
        request = gemini.read(dumps(body))
        assert rows(request) == [SHELL, READ]
        assert (request.tools, request.first) == (("Bash", "Read", "googleSearch"), "tidy up")
        assert request.model == body.get("model", "")


def test_calls_of_one_name_without_ids_are_answered_in_their_order() -> None:
    calls = [{"functionCall": {"name": "sh", "args": {"command": command}}} for command in ("one", "two")]
    answers = [{"functionResponse": {"name": "sh", "response": {"output": text}}} for text in ("1", "2")]
    contents = [{"role": "model", "parts": calls}, {"role": "user", "parts": answers}]
    found = gemini.read(dumps({"contents": contents})).segments
    assert [(segment.text, segment.call) for segment in found] == [("1", "one"), ("2", "two")]


def test_any_long_string_of_an_answer_counts_but_data_does_not() -> None:
    long = "line\n" * 60
    response = {"rows": [{"note": long, "id": "short"}], "image": {"data": long}, "error": "boom", "n": int("9" * 30)}
    part = {"functionResponse": {"name": "f", "response": response, "parts": [{"inlineData": {"data": long}}]}}
    found = gemini.read(dumps({"contents": [{"parts": [part]}]})).segments
    assert [(segment.text, segment.error) for segment in found] == [(long, False), ("boom", True)]


def test_the_model_is_named_by_the_path() -> None:
    assert gemini.model_of("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse") == "gemini-2.5-pro"
    assert gemini.model_of("/v1internal:generateContent") == ""


def test_cached_tokens_are_taken_out_of_the_prompt_and_thoughts_are_output() -> None:
    counts = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 60,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 2,
    }
    expected = Usage(input=40, output=7, cache_read=60)
    for event in ({"usageMetadata": counts}, {"response": {"usageMetadata": counts}}):
        assert gemini.usage(event, Usage()) == expected
    assert gemini.usage({"usageMetadata": {"promptTokenCount": 100}}, expected) == expected
    assert gemini.usage({"candidates": []}, expected) == expected
