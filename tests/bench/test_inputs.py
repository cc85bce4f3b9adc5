"""The inputs that the benches make up are the same on every run, and hold what is asked of them."""

from __future__ import annotations

import pytest

from headroom_wrap.tokens import count
from scripts.benches.inputs import kinds, sessions
from scripts.benches.inputs.workloads import Workload, workloads
from scripts.benches.workloads import standing

SIZES = {
    "code search (100 results)": (16_000, 19_000),
    "SRE incident debugging": (60_000, 70_000),
    "GitHub issue triage": (50_000, 58_000),
    "codebase exploration": (55_000, 79_000),
    "demo: 100 logs, one FATAL": (8_000, 10_200),
}
"""Tokens of the inputs that the field's figures were made with, and some room."""

each_load = pytest.mark.parametrize("load", list(workloads()), ids=lambda load: load.name)


@each_load
def test_a_workload_is_as_large_as_the_field_s(load: Workload) -> None:
    least, most = SIZES[load.name]
    assert least <= sum(count(text) for _, _, text in load.results) <= most


@each_load
def test_each_needle_stands_in_one_result(load: Workload) -> None:
    results = [text for _, _, text in load.results]
    assert len(load.needles) >= 3
    for needle in load.needles:
        assert sum(standing(needle, text) for text in results) == 1, needle


def test_inputs_are_the_same_every_time() -> None:
    assert list(workloads()) == list(workloads())
    assert list(sessions.sessions()) == list(sessions.sessions())
    assert list(kinds.samples()) == list(kinds.samples())


def test_what_an_agent_used_stands_in_the_result_and_nowhere_before() -> None:
    for session in sessions.sessions():
        for turn, used in session.used.items():
            before = "\n".join(str(message) for message in session.messages[:turn])
            text = session.messages[turn]["content"]
            assert [each for each in used if each not in text or each in before] == []


def test_lines_that_are_marked_stand_in_their_log() -> None:
    marked = [(line, sample.text.split("\n")) for sample in kinds.samples() for line in sample.marked]
    assert marked
    assert [line for line, lines in marked if line not in lines] == []
