"""Promise: a compressor that raises, hangs, blanks, grows or returns garbage → the original bytes, and a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from headroom_wrap.rewrite import rewrite
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.wire import Wire
from tests.properties.promises import first, never_in_the_way, nothing, raises, results
from tests.strategies import LONG, POLICY, WIRES, body, keep_ends, stored


def overflows(segment: Segment) -> Any:
    return overflows(segment)


def gives_up(segment: Segment) -> Any:
    raise MemoryError


def asserts(segment: Segment) -> Any:
    raise AssertionError("not what I thought")


def hangs(segment: Segment) -> Any:
    while segment:
        pass


def hangs_and_swallows(segment: Segment) -> Any:
    while segment:
        try:
            len(segment.text)
        except Exception:  # noqa: BLE001 - that is what is wrong with it
            continue


def blanks(segment: Segment) -> Any:
    return Compressed(" \n", "everything")


def grows(segment: Segment) -> Any:
    return Compressed(segment.text + "\nand more")


def says_it_again(segment: Segment) -> Any:
    return Compressed(segment.text)


def text_alone(segment: Segment) -> Any:
    return segment.text[:50]


def number_for_text(segment: Segment) -> Any:
    return Compressed(7)  # type: ignore[arg-type]


def truth(segment: Segment) -> Any:
    return True


BAD = [raises, overflows, gives_up, asserts, hangs, hangs_and_swallows, blanks, grows, says_it_again, text_alone]
BAD += [number_for_text, truth, nothing]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.__name__)
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_the_bytes_that_came_are_sent_and_each_result_says_why(wire: Wire, bad: Callable[[Segment], Any]) -> None:
    assert never_in_the_way(rewrite, body(wire, [LONG]), wire, bad) == 1


@pytest.mark.parametrize("bad", [raises, gives_up, asserts], ids=lambda bad: bad.__name__)
def test_one_segment_in_trouble_leaves_the_others_alone(bad: Callable[[Segment], Any]) -> None:
    def sometimes(segment: Segment) -> Compressed | None:
        return bad(segment) if segment.text == LONG.result else None

    conversation = stored(3)
    came = body(WIRES[0], conversation)
    made, changed = first(rewrite, came, WIRES[0], replace(POLICY, stack=(sometimes, keep_ends)))
    texts = dict(zip([turn.result for turn in conversation], results(made, WIRES[0]), strict=True))
    assert texts[LONG.result] == LONG.result
    assert changed >= 1
    assert [o.why for o in made.outcomes if "sometimes" in o.why] == [f"{_raised(bad)} in sometimes"]


def _raised(bad: Callable[[Segment], Any]) -> str:
    try:
        bad(LONG_SEGMENT)
    except (ValueError, MemoryError, AssertionError) as error:
        return type(error).__name__
    return ""


LONG_SEGMENT = Segment(LONG.result)
