"""The comparison that the agents' tests rest on bites."""

from __future__ import annotations

import json

import pytest

from headroom_wrap.demo.upstream import Received

from .compared import changes, sent_again


def ask(result: str, system: str = "You code.") -> bytes:
    return json.dumps({"system": system, "messages": [{"content": [{"content": result}]}]}).encode()


def got(body: bytes) -> Received:
    return Received("POST", "/v1/messages", (), body)


TITLE = json.dumps({"system": "Name it.", "messages": [{"content": "Look."}]}).encode()


def test_two_requests_under_way_at_once_may_arrive_in_either_order() -> None:
    place = [".messages[0].content[0].content"]
    assert changes([TITLE, ask("a\nb")], [got(ask("a")), got(TITLE)]) == place
    assert changes([ask("a\nb"), TITLE], [got(ask("a")), got(TITLE)]) == place


@pytest.mark.parametrize(
    "received",
    [
        [got(TITLE), got(ask("a", "You think."))],
        [got(TITLE), got(TITLE)],
        [got(TITLE)],
        [got(TITLE), got(ask("a").replace(b": ", b":"))],
    ],
    ids=["another prompt", "one request twice", "one request lost", "other spaces"],
)
def test_a_change_elsewhere_is_seen(received: list[Received]) -> None:
    with pytest.raises(AssertionError):
        changes([TITLE, ask("a\nb")], received)


def test_a_turn_that_arrives_in_another_form_the_second_time_is_seen() -> None:
    long, short = ask("a\nb"), got(ask("a"))
    assert sent_again(([long, long], [short, short])) == ['{"content": [{"content": "a"}]}']
    assert sent_again(([long], [short])) == []
    with pytest.raises(AssertionError):
        sent_again(([long], [short]), ([long], [got(ask("b"))]))
