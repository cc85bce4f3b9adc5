from __future__ import annotations

import pytest

from headroom_wrap.compressors.diff import diff
from headroom_wrap.marker import is_marker, ref_of
from headroom_wrap.segment import Segment
from headroom_wrap.testing import check


def segment(lines: list[str], *, goal: str = "", way_back: str = "headroom get") -> Segment:
    text = "\n".join(lines)
    return Segment(text, "Bash", "git diff", goal=goal, way_back=way_back, ref=ref_of(text) if way_back else "")


def head(path: str) -> list[str]:
    return [f"diff --git a/{path} b/{path}", "index 1234567..89abcde 100644", f"--- a/{path}", f"+++ b/{path}"]


def changed(path: str, old: list[str], new: list[str]) -> list[str]:
    sizes = f"@@ -1,{len(old)} +1,{len(new)} @@"
    return [*head(path), sizes, *("-" + line for line in old), *("+" + line for line in new)]


def kept(found: str) -> list[str]:
    return [line for line in found.split("\n") if not is_marker(line)]


HAND = changed("src/a.py", ["x = 1"], ["x = 2", "y = 3"])
LOCK = changed("web/package-lock.json", [], [f'"left-pad-{number}": "1.0.{number}"' for number in range(60)])


@pytest.mark.slow
def test_diff_keeps_every_promise() -> None:
    check(diff)


def test_a_lock_file_keeps_its_head_and_hand_written_files_all() -> None:
    found = diff(segment([*LOCK, *HAND]))
    assert found is not None
    assert kept(found.text) == [*LOCK[:5], *HAND]
    assert found.text.split("\n")[5].startswith("[lines 6-65 folded: 60 lock file lines · headroom get ")


def test_a_hunk_that_names_something_of_the_goal_stays() -> None:
    others = changed("go.sum", [], [f"example.org/mod{number} v1.0.{number}" for number in range(60)])
    found = diff(segment([*LOCK, *others, *HAND], goal="is left-pad-17 pinned?"))
    assert found is not None and kept(found.text) == [*LOCK, *others[:5], *HAND]


def test_a_moved_block_stays_once_on_its_added_side() -> None:
    block = [f"    total_{number} = compute_part(item, {number})" for number in range(12)]
    lines = [*changed("a.py", block, []), *changed("b.py", [], block)]
    found = diff(segment(lines))
    assert found is not None
    assert kept(found.text) == [line for line in lines if not line.startswith("-    total")]
    assert "12 lines moved and shown as added" in found.text


@pytest.mark.parametrize("before", [LOCK, [*head("gone.py")[:1], "deleted file mode 100644", *HAND[1:]]])
def test_a_diff_of_another_program_has_its_own_files(before: list[str]) -> None:
    lines = [f"-total_{number} = compute_part(item, {number}) + before" for number in range(40)]
    plain = ["--- old/shop.py\t2026-03-02", "+++ new/shop.py\t2026-03-02", "@@ -1,40 +0,0 @@", *lines]
    found = diff(segment([*before, *plain]))
    assert set(plain) <= set(kept(found.text if found else "\n".join(plain)))


def test_a_deleted_file_keeps_its_first_lines() -> None:
    body = [f"value_{number} = {number} * {number}" for number in range(50)]
    lines = changed("old.py", body, [])
    lines.insert(1, "deleted file mode 100644")
    found = diff(segment(lines))
    assert found is not None and kept(found.text) == lines[:11]


def test_a_hunk_equal_to_an_earlier_one_is_named() -> None:
    new = [f"licence text, sentence number {number} of the whole" for number in range(8)]
    found = diff(segment([*changed("a.py", [], new), *changed("b.py", [], new)]))
    assert found is not None and "8 lines equal to an earlier hunk" in found.text


def test_the_middle_of_long_context_folds_and_the_hunk_line_stays() -> None:
    lines = [*head("a.py"), "@@ -1,61 +1,61 @@", *(f" unchanged = {number}" for number in range(60)), "-x", "+y"]
    found = diff(segment(lines))
    assert found is not None
    assert kept(found.text) == [*lines[:10], *lines[-7:]]


@pytest.mark.parametrize("marked", ["    x_{0} = [-{0}-]{{+1+}}", "    x_{0} = {{+1+}}", "    x_{0} = 1"])
def test_a_diff_by_word_is_left_alone(marked: str) -> None:
    body = [marked.format(number) for number in range(80)]
    assert diff(segment([*head("a.py"), "@@ -1,80 +1,80 @@", *body])) is None


def test_lines_outside_of_hunks_are_never_touched() -> None:
    after = ["--- done ---", *(f"+ step {number} of the deployment" for number in range(60))]
    found = diff(segment([*LOCK, *after]))
    assert found is not None and kept(found.text) == [*LOCK[:5], *after]


def test_a_diff_of_hand_written_files_is_left_alone() -> None:
    assert diff(segment(HAND * 40)) is None or "equal to an earlier hunk" in str(diff(segment(HAND * 40)))
    many = [line for number in range(30) for line in changed(f"src/m{number}.py", [f"a = {number}"], [f"b = {number}"])]
    assert diff(segment(many)) is None


def test_a_diff_that_is_cut_off_anywhere_is_no_matter() -> None:
    text = "\n".join([*LOCK, *HAND])
    for end in range(0, len(text), 7):
        diff(segment(text[:end].split("\n")))
    assert diff(segment([*LOCK, "@@ -1,9 +1,9 @@"])) is not None


def test_without_a_way_back_nothing_is_left_out() -> None:
    assert diff(segment(LOCK, way_back="")) is None


DULL = changed(
    "data/fixtures.yaml",
    [],
    [
        f"  - {{id: {number}, state: open, owner: team, size: medium, weight: 12, shape: round}}"
        for number in range(300)
    ],
)


@pytest.mark.slow
def test_lines_of_hand_written_hunks_that_are_hardly_ever_used_go() -> None:
    found = diff(segment([*HAND, *DULL], goal="commit what you have"))
    assert found is not None and "rarely used line" in found.text
    shown = kept(found.text)
    assert shown == [line for line in [*HAND, *DULL] if line in set(shown)]
    assert shown[: len(HAND) + 5] == [*HAND, *DULL[:5]]


@pytest.mark.slow
def test_what_a_gap_says_is_shown_as_added_is_shown() -> None:
    body = [line[1:] for line in DULL[5:]]
    found = diff(segment([*changed("data/old.yaml", body, []), *DULL], goal="commit what you have"))
    assert found is not None and "300 lines moved and shown as added" in found.text
    assert kept(found.text)[-300:] == DULL[-300:]


@pytest.mark.slow
def test_a_diff_that_is_reviewed_stays_whole() -> None:
    assert diff(segment([*HAND, *DULL], goal="You are a code reviewer. Find the bugs.")) is None
