"""A blame says each commit once and comes back to the letter, whatever its lines hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.compressors.blame import NOTICE, blame, expand
from headroom_wrap.segment import Segment

HEADS = (
    "^3f1c2a9b (Ada Sund    2024-02-03 10:00:01 +0100 ",
    "8be07d141 (Noor Haddad 2025-06-11 17:42:30 +0200 ",
    "8be07d141 src/b.py (Noor (2) Haddad 2025-06-11 ",
    "8be07d141 ",
    "8be07d141  7 (Ada Sund 2024-02-03 10:00:01 +0100 ",
    "8be07d141  7 ",
    "8be07d141 20 01 ",
    "          (Ada Sund 2024-02-03 10:00:01 +0100 ",
    "          ",
    "8be07d141\t(Ada\t2024-02-03 10:00:01 +0100\t",
    "",
)
CODE = st.sampled_from(("", " x = f(1)", " 12) y", "8be07d141 3) z", ")", " a\r", "\ttext", NOTICE))
NUMBERED = st.tuples(st.sampled_from(HEADS), st.integers(1, 200), CODE)
BLOCK = st.tuples(
    st.sampled_from(("a" * 40, "b" * 40)),
    st.integers(1, 3),
    st.sampled_from(("author A\n", "author B\nfilename x\n", "")),
)


@given(st.lists(NUMBERED, min_size=2, max_size=30), st.lists(CODE, max_size=2))
def test_a_short_form_is_the_blame_it_was_made_of(lines: list[tuple[str, int, str]], others: list[str]) -> None:
    text = "\n".join([*(f"{head}{number:>3}){code}" for head, number, code in lines), *others])
    for call in ("", "git blame a.py"):
        found = blame(Segment(text, call=call))
        assert found is None or expand(found.text) == text


@given(st.lists(BLOCK, min_size=2, max_size=12))
def test_so_is_one_of_blocks(blocks: list[tuple[str, int, str]]) -> None:
    text = "\n".join(
        f"{commit} {line} {place}\n{said}\tcode {line}" for place, (commit, line, said) in enumerate(blocks)
    )
    found = blame(Segment(text))
    assert found is None or expand(found.text) == text


def test_author_and_date_stand_once_for_a_commit() -> None:
    lines = [f"{HEADS[place // 3 % 2]}{place + 1:>3}) line {place}" for place in range(60)]
    found = blame(Segment("\n".join(lines)))
    assert found is not None
    assert found.text.count("Ada Sund") == found.text.count("Noor Haddad") == 1
    assert all(f"{place + 1}) line {place}" in found.text for place in range(60))
    assert not found.omitted


def test_what_is_no_blame_is_left_alone() -> None:
    assert blame(Segment("deadbeef is a commit\n" * 40)) is None
    assert blame(Segment("1) first\n2) second\n" * 40)) is None
    assert blame(Segment(NOTICE + "\n" + "8be07d141 1) x\n" * 40)) is None


def test_what_is_no_blame_but_indented_and_numbered_is_left_alone() -> None:
    assert blame(Segment("      1) first\n      2) second\n" * 40)) is None
