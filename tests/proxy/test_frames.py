from __future__ import annotations

from headroom_wrap.proxy.frames import LENGTHS, Frame, outcomes, packed, written
from headroom_wrap.segment import Outcome


def test_a_frame_begins_with_its_lengths_and_its_head() -> None:
    sent = packed(Frame({"kind": "body"}, b"12345", b"67"))
    assert LENGTHS.unpack(sent[: LENGTHS.size]) == (16, 5, 2)
    assert sent[LENGTHS.size :] == b'{"kind": "body"}'


def test_outcomes_arrive_without_their_text_but_with_whether_there_was_one() -> None:
    some = (
        Outcome("shorter", "search+reread", "3 of 9 lines", "ref1", 90, 30, "", "Bash", replayed=True),
        Outcome(None, why="odd tool name", tool="\ud800", before=5, after=5),
    )
    arrived = outcomes(written(some))
    assert [outcome.text for outcome in arrived] == ["", None]
    assert [outcome.replayed for outcome in arrived] == [True, False]
    assert [(o.compressor, o.ref, o.before, o.tool) for o in arrived] == [
        ("search+reread", "ref1", 90, "Bash"),
        ("", "", 5, "\ud800"),
    ]
    assert outcomes(b"") == ()
