"""The kit bites: each known-bad compressor fails the promise that it breaks."""

from __future__ import annotations

import pytest

from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.testing import check, check_one, near_linear, same_everywhere, segments, totality

TEXT = "one line\nERROR: disk full\n" + "another line\n" * 50
GIVEN = Segment(TEXT, way_back="headroom get", ref="0123456789a")
SEEN: list[str] = []


def drops_errors(segment: Segment) -> Compressed | None:
    return Compressed("one line\n[lines 2-52 folded: rest]", "51 lines")


def rewrites(segment: Segment) -> Compressed | None:
    return Compressed("one lime\nERROR: disk full", "50 lines")


def loses_silently(segment: Segment) -> Compressed | None:
    return Compressed("ERROR: disk full")


def grows(segment: Segment) -> Compressed | None:
    return Compressed(segment.text * 2, "nothing")


def blanks(segment: Segment) -> Compressed | None:
    return Compressed("", "everything")


def omits_without_a_way_back(segment: Segment) -> Compressed | None:
    return Compressed("ERROR: disk full", "51 lines")


def remembers(segment: Segment) -> Compressed | None:
    SEEN.append(segment.text)
    return Compressed(f"ERROR: disk full\n[lines 1-{len(SEEN)} folded: x]", "all")


@pytest.mark.parametrize("bad", [drops_errors, rewrites, loses_silently, grows, blanks, remembers])
def test_a_bad_answer_is_refused(bad: object) -> None:
    with pytest.raises(AssertionError):
        check_one(bad, GIVEN)  # type: ignore[arg-type]


def test_leaving_out_without_a_way_back_is_refused() -> None:
    with pytest.raises(AssertionError, match="no way back"):
        check_one(omits_without_a_way_back, Segment(TEXT))


def raises_on_odd_text(segment: Segment) -> Compressed | None:
    segment.text.encode()
    return None


def test_raising_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        totality(raises_on_odd_text)


def depends_on_the_hash_seed(segment: Segment) -> Compressed | None:
    return Compressed(f"[lines 1-{hash(segment.text) % 10**9} folded: x]", "all")


def test_an_answer_that_depends_on_the_hash_seed_is_refused() -> None:
    with pytest.raises(AssertionError, match="another process"):
        same_everywhere(depends_on_the_hash_seed, [GIVEN])


def takes_square_time(segment: Segment) -> Compressed | None:
    lines = segment.text.split("\n")[::5]
    sum(1 for line in lines for other in lines if line is other)
    return None


def test_square_time_is_refused() -> None:
    with pytest.raises(AssertionError, match="four times"):
        near_linear(takes_square_time, [GIVEN])


def leaves_alone(segment: Segment) -> Compressed | None:
    return None


def test_a_compressor_that_never_answers_is_fine() -> None:
    check(leaves_alone)


def test_the_samples_come_with_and_without_a_way_back() -> None:
    found = list(segments())
    assert {bool(segment.way_back) for segment in found} == {True, False}
    assert len({segment.text for segment in found}) == len(found) / 2
