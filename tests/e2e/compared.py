"""What an agent sent and what the provider received, compared: only tool results may differ between the two."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from headroom_wrap.demo.upstream import Received

RESULT = re.compile(
    r"\.messages\[\d+\]\.content(\[\d+\](\.content(\[\d+\]\.text)?|\.text))?"
    r"|\.input\[\d+\]\.output(\[\d+\]\.text)?"
    r"|(\.request)?\.contents\[\d+\]\.parts\[\d+\]\.functionResponse\.response\.\w+"
)
"""Where tool results stand: Messages and Chat, Responses, Gemini and Code Assist."""

TURNS = re.compile(r'"(?:messages|input)": ?\[')
MARK = re.compile(r',"cache_control":\{[^}]*\}')
"""Agents move it to the last message with every request; it is no part of the prompt."""

Differences = dict[str, tuple[Any, Any]]


def changes(sent: list[bytes], received: list[Received]) -> list[str]:
    """Assert that what was received is what was sent, byte for byte, but for tool results; -> where those stand."""
    assert len(sent) == len(received)
    places = []
    for body, request, found in _pairs(sent, received):
        assert _elsewhere(found) == []
        assert put_back(request.body, found) == body
        places += found
    return places


def sent_again(*runs: tuple[list[bytes], list[Received]]) -> list[str]:
    """Assert that each turn that was sent more than once was received the same each time, byte for byte.

    -> those of them that are not what was sent: the prefix held although it was changed.
    """
    got: dict[str, str] = {}
    again: dict[str, str] = {}
    for body, request, _ in (pair for run in runs for pair in _pairs(*run)):
        for turn, arrived in zip(turns(body), turns(request.body), strict=True):
            if turn in got:
                again[turn] = arrived
            assert got.setdefault(turn, arrived) == arrived
    return [arrived for turn, arrived in again.items() if arrived != turn]


def turns(body: bytes) -> list[str]:
    """-> the messages or input items of a request as they stand in it, without the cache marks."""
    text, found = body.decode(), []
    match = TURNS.search(text)
    at = match.end() if match else len(text) - 1
    while text[at] not in "]}":
        end = json.JSONDecoder().raw_decode(text, at)[1]
        found.append(MARK.sub("", text[at:end]))
        at = end + (text[end] == ",")
    return found


def _pairs(sent: list[bytes], received: list[Received]) -> Iterator[tuple[bytes, Received, Differences]]:
    """-> each body with the request that is most like it: two that are under way at once arrive in either order."""
    left = [(request, request.json()) for request in received]
    for body in sent:
        document = json.loads(body)
        found = [differences(document, each) for _, each in left]
        nearest = min(range(len(left)), key=lambda index: len(_elsewhere(found[index])))
        yield body, left.pop(nearest)[0], found[nearest]


def _elsewhere(found: Differences) -> list[str]:
    return [path for path in found if not RESULT.fullmatch(path)]


def differences(sent: Any, received: Any, at: str = "") -> Differences:
    """-> where two JSON documents differ: paths to the values on both sides."""
    if type(sent) is type(received) and isinstance(sent, dict) and list(sent) == list(received):
        pairs = [(f"{at}.{key}", sent[key], received[key]) for key in sent]
    elif type(sent) is type(received) and isinstance(sent, list) and len(sent) == len(received):
        pairs = [(f"{at}[{index}]", one, other) for index, (one, other) in enumerate(zip(sent, received, strict=True))]
    else:
        return {} if sent == received else {at: (sent, received)}
    return {key: value for path, one, other in pairs for key, value in differences(one, other, path).items()}


def put_back(received: bytes, changed: Differences) -> bytes:
    """-> the received body with each changed string replaced by what was sent, everything else byte for byte."""
    for sent, got in dict.fromkeys(changed.values()):
        received = _replaced(received, got, sent)
    return received


def _replaced(body: bytes, got: str, sent: str) -> bytes:
    """JSON may spell a string in two ways, with and without escapes for what is not ASCII."""
    new = [json.dumps(sent, ensure_ascii=flag).encode() for flag in (False, True)]
    old = next(text for text in (json.dumps(got, ensure_ascii=flag).encode() for flag in (False, True)) if text in body)
    return body.replace(old, new[0])
