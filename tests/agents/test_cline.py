from __future__ import annotations

import pytest

from headroom_wrap.agents import Listening, Wish, cline
from headroom_wrap.refused import Refused

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")


def test_a_session_neither_uses_nor_starts_a_hub() -> None:
    start = cline.AGENT.route(Wish(("Look.",), {"HOME": "/nowhere"})).start(LISTENING)

    assert start.environment["CLINE_SESSION_BACKEND_MODE"] == "local"


@pytest.mark.parametrize("argument", ["-z", "--zen", "hub", "schedule"])
def test_what_would_run_in_the_hub_is_refused(argument: str) -> None:
    with pytest.raises(Refused, match="can't be wrapped: its hub outlives this run"):
        cline.AGENT.route(Wish((argument, "Look."), {"HOME": "/nowhere"}))


def test_a_prompt_that_says_hub_is_no_subcommand() -> None:
    assert cline.AGENT.route(Wish(("What is a hub", "hub"), {"HOME": "/nowhere"})).upstream == ""
