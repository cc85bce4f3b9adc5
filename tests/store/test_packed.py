"""Outcomes in, the same outcomes out, whatever they hold and whoever wrote them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.segment import Outcome
from headroom_wrap.store.packed import packed, unpacked

TEXTS = st.text(st.characters(), max_size=3000)
OUTCOMES = st.builds(
    Outcome, st.none() | TEXTS, TEXTS, TEXTS, TEXTS, st.integers(0), st.integers(0), st.text(max_size=40), st.text()
)


@given(OUTCOMES)
def test_every_outcome_comes_back_as_decided_earlier(outcome: Outcome) -> None:
    back = unpacked(packed(outcome))
    assert back == outcome and back.replayed


def test_large_outcomes_are_compressed() -> None:
    assert len(packed(Outcome("line of text\n" * 1000))) < 500


def test_what_a_newer_version_added_is_left_out() -> None:
    assert unpacked(json.dumps({"text": "form", "certainty": 0.9}).encode()) == Outcome("form")
