from __future__ import annotations

import pytest

from headroom_wrap.agents import Wish, cursor
from headroom_wrap.refused import Refused


def test_it_is_refused_with_what_can_be_done_instead() -> None:
    with pytest.raises(Refused) as refused:
        cursor.AGENT.route(Wish((), {}))

    assert str(refused.value) == (
        "Cursor can't be wrapped: its requests go to Cursor's own servers, which call the models; with your own keys "
        "too: Settings > Models > Override OpenAI Base URL takes a public address, and headroom listens on this "
        "machine alone; in its terminal run an agent: headroom wrap claude; for stored originals: headroom mcp install "
        "cursor"
    )
