"""The price of a session is what a provider's prompt cache makes of it."""

from __future__ import annotations

from typing import Any

from scripts.benches.inputs.sessions import sessions
from scripts.benches.measure.candidates import Body, Forwarded, Messages, Ours
from scripts.benches.measure.replay import conversation
from scripts.benches.sessions import FIXED, OUTPUT, READ, WRITE, Total, marked, priced, replay, tokens_of


def said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


FIRST = [said("user", "one")]
SECOND = [*FIRST, said("assistant", "two"), said("user", "three")]


def size(*messages: dict[str, Any]) -> int:
    return sum(tokens_of((message["role"], block)) for message in messages for block in message["content"])


def test_a_prefix_is_read_and_the_rest_is_written() -> None:
    read, written = FIXED + size(*FIRST), FIXED + size(*FIRST) + size(*SECOND[1:])
    paid = READ * read + WRITE * written
    expected = {"written": written, "input": paid, "bill": paid + OUTPUT * 7, "breaks": 0}
    assert priced([FIRST, SECOND], 7, "") == expected


def test_a_changed_beginning_is_a_break_and_written_again() -> None:
    changed = [said("user", "ONE"), *SECOND[1:]]
    found = priced([FIRST, changed], 0, "")
    assert (found["breaks"], found["written"]) == (1, FIXED + size(*FIRST) + size(*changed))


def test_moving_the_cache_marker_breaks_nothing() -> None:
    assert priced([marked(FIRST), marked(SECOND)], 0, "") == priced([FIRST, SECOND], 0, "")


class Same:
    """Forwards what it gets."""

    name = "same"

    def __call__(self, body: Body) -> Forwarded:
        return Forwarded(body["messages"])

    def close(self) -> None:
        pass


def test_what_is_forwarded_as_it_came_saves_nothing_and_keeps_all() -> None:
    total = Total()
    for session in sessions():
        replay(Same(), session, 50, total)
    assert total.sums["used"] > 0
    assert total.sums["kept"] == total.sums["used"]
    assert total.sums["bill"] == total.sums["came bill"]


def test_ours_never_breaks_the_prefix_of_a_made_up_session() -> None:
    total, ours = Total(), Ours()
    replay(ours, next(sessions()), 50, total)
    ours.close()
    assert total.sums["breaks"] == 0
    assert total.sums["written"] < total.sums["came written"]
    assert total.errors == {}


def test_a_result_answers_the_open_call_of_its_tool() -> None:
    calls = [{"name": "Read", "arguments": '{"file_path": "a"}'}, {"name": "Bash", "arguments": "ls"}]
    recorded = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "tool": "Bash", "content": "b"},
        {"role": "tool", "tool": "Read", "content": ""},
    ]
    messages, place = conversation(recorded)
    expected: Messages = [
        {"role": "user", "content": [{"type": "text", "text": "go"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "toolu_0001", "name": "Read", "input": {"file_path": "a"}},
                {"type": "tool_use", "id": "toolu_0002", "name": "Bash", "input": {"command": "ls"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_0002", "content": "b"},
                {"type": "tool_result", "tool_use_id": "toolu_0001", "content": "(no output)"},
            ],
        },
    ]
    assert (messages, place) == (expected, {0: 0, 1: 1, 2: 2, 3: 2})
