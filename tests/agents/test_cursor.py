from __future__ import annotations

import pytest

from headroom_wrap.agents import Wish, cursor
from headroom_wrap.refused import Refused


def test_it_is_refused_with_what_can_be_done_instead() -> None:
    with pytest.raises(Refused) as refused:
        cursor.AGENT.route(Wish((), {}))

    assert str(refused.value) == (
        "Cursor can't be wrapped: its requests go to Cursor's own servers, which call the models, with your own keys "
        "too; in its terminal run headroom wrap claude (or another agent); for an own key behind a public address, set "
        "Settings > Models > Override OpenAI Base URL to that address"
    )
