from __future__ import annotations

import pytest

from headroom_wrap.nested import WAS, marked, outside
from headroom_wrap.proxy.options import CARRIER

OUTSIDE = {"PATH": "/bin", "HTTPS_PROXY": "http://corporate:3128"}


def test_what_a_wrap_added_is_taken_back_to_what_was() -> None:
    added = marked(OUTSIDE, {"HTTPS_PROXY": "http://127.0.0.1:1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:2"})

    assert outside({**OUTSIDE, **added, CARRIER: "run"}) == OUTSIDE


def test_what_was_changed_inside_stays() -> None:
    added = marked(OUTSIDE, {"HTTPS_PROXY": "http://127.0.0.1:1"})

    assert outside({**OUTSIDE, **added, "HTTPS_PROXY": "http://mine"}) == {**OUTSIDE, "HTTPS_PROXY": "http://mine"}


@pytest.mark.parametrize("value", ["", "{", "[]", "3", '{"A": 1}', '{"A": ["b"]}'])
def test_a_variable_that_is_not_ours_changes_nothing(value: str) -> None:
    assert outside({**OUTSIDE, WAS: value}) == OUTSIDE
