"""A line is told to be one of our markers, and told in no time."""

import time

import pytest

from headroom_wrap.marker import RETRIEVE, WAY_BACK, footer, gap, is_marker, whole
from headroom_wrap.segment import Segment


@pytest.mark.parametrize("back", [WAY_BACK, RETRIEVE])
def test_gaps_and_footers_are_markers(back: str) -> None:
    segment = Segment("text", way_back=back, ref="0123456789a")
    tail = footer(segment, "3 of 9 lines · by use")
    assert all(map(is_marker, (gap(3, 3, "body"), gap(1, 9, "body"), whole(segment, 1, 9, "body"), tail, f" {tail}\r")))


@pytest.mark.parametrize(
    "line", ["", "[", "[a · b c]", "[lines folded]", "lines 1-2 folded", "[lines 1-2 folded: it", "x[1]"]
)
def test_other_lines_are_none(line: str) -> None:
    assert not is_marker(line)


def test_a_long_line_that_looks_like_many_markers_is_read_in_no_time() -> None:
    start = time.process_time()
    assert not is_marker("[" + "one · two " * 20_000 + "]")
    assert not is_marker("[a · b" + " 0123456789a" * 20_000)
    assert time.process_time() - start < 1
