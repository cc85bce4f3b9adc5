"""Promise: any text in, no exception; doubled input takes at most tripled time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.rewrite import rewrite
from headroom_wrap.wire import Wire, anthropic
from tests.properties.promises import first, near_linear
from tests.strategies import Turn, body, styles, wires

UNITS = [
    *("a", " ", "\n", "\t", "=", "漢", "\x1b[31m", "\r", "[", "{", '{"a":', "[[1],", '"', "\\", "<a>", "| ", "```\n"),
    *("at entry ", "\nat entry ", "\nERROR code ", "\nsrc/a.py:1: x ", "\n+ line ", '{"id": 1, "v": "x"}\n', "a,b,c\n"),
    *("\n   12\t    x = ", "\n-rw-r--r-- 1 a b 1 May 1 10:00 f", "(a+)+", "\n    def f", '\n  File "a.py", line '),
]


@given(st.text(max_size=3000), wires, styles)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_any_text_may_be_a_result(text: str, wire: Wire, style: object) -> None:
    made, _ = first(rewrite, body(wire, [Turn("Bash", {"command": text[:40]}, text * 3, said=text, asked=text)]), wire)
    assert made.problem == ""


@given(st.lists(st.sampled_from(UNITS), min_size=1, max_size=5), st.integers(30, 400))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_fragments_of_every_form_may_stand_in_any_order(units: list[str], times: int) -> None:
    text = "".join(f"{unit}{number}" for number in range(times) for unit in units)
    made, _ = first(rewrite, body(anthropic, [Turn("Bash", {"command": "x"}, text)]), anthropic)
    assert made.problem == ""
    assert not [o.why for o in made.outcomes if " in " in o.why]


@pytest.mark.parametrize("unit", UNITS)
def test_twice_the_text_takes_at_most_three_times_as_long(unit: str) -> None:
    assert near_linear(rewrite, anthropic, unit) == 1
