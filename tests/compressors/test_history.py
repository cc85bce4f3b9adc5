from __future__ import annotations

import pytest

from headroom_wrap.compressors.history import history
from headroom_wrap.marker import is_marker, ref_of
from headroom_wrap.segment import Segment
from headroom_wrap.testing import check


def segment(lines: list[str], call: str = "git log --oneline", goal: str = "") -> Segment:
    text = "\n".join(lines)
    return Segment(text, "Bash", call, goal=goal, way_back="headroom get", ref=ref_of(text))


def kept(found: str) -> list[str]:
    return [line for line in found.split("\n") if not is_marker(line)]


SHORT = [f"{number:07x}a Change part {number} of the parser_{number}" for number in range(1, 201)]
FULL = [
    line
    for number in range(1, 31)
    for line in (
        f"commit {number:040x}",
        "Author: Ada <ada@example.org>",
        "Date:   Mon Mar 2 10:00:00 2026 +0100",
        "",
        f"    Change part {number}",
        "",
        *(f"    It was wrong before, for reason number {number} and reason {part}." for part in range(4)),
        "",
    )
]


@pytest.mark.slow
def test_history_keeps_every_promise() -> None:
    check(history)


def test_older_one_line_entries_fold_and_the_oldest_stay() -> None:
    found = history(segment(SHORT))
    assert found is not None
    assert kept(found.text) == [*SHORT[:40], *SHORT[-3:]]
    assert "[lines 41-197 folded: 157 older commits · headroom get " in found.text


def test_an_entry_that_names_something_of_the_goal_stays() -> None:
    found = history(segment(SHORT, goal="who touched parser_117?"))
    assert found is not None and SHORT[116] in kept(found.text)


def test_older_full_entries_keep_their_commit_line_and_subject() -> None:
    found = history(segment(FULL, "git log"))
    assert found is not None
    left = kept(found.text)
    assert left[: 10 * 11] == FULL[: 10 * 11]
    assert [line for line in left if line.startswith("commit ")] == FULL[::11]
    assert [line for line in left if line.startswith("    Change")] == FULL[4::11]


def test_what_follows_a_log_in_the_same_output_stays() -> None:
    after = ["On branch main", *(f"module_{number}.py" for number in range(20))]
    found = history(segment([*FULL, *after], "git log; git status; ls"))
    assert found is not None and kept(found.text)[-21:] == after


def test_untracked_files_fold_and_changed_ones_stay() -> None:
    changed = ["On branch main", "Changes not staged for commit:", "\tmodified:   src/a.py"]
    untracked = [f"\tbuild/part_{number}.o" for number in range(80)]
    found = history(segment([*changed, "Untracked files:", *untracked], "git status"))
    assert found is not None and kept(found.text) == [*changed, "Untracked files:", *untracked[:15]]


@pytest.mark.parametrize("word", ["deleted by us", "deleted by them", "added by us", "both added", "geändert"])
def test_conflicts_and_changes_are_no_untracked_files(word: str) -> None:
    changed = ["Unmerged paths:", *(f"\t{word}:   src/part_{number}.py" for number in range(40))]
    assert history(segment(changed, "git status")) is None


def test_what_another_command_prints_behind_tabs_is_no_untracked_file() -> None:
    status = ["Untracked files:", '  (use "git add <file>..." to include in what will be committed)', "\tnotes.txt", ""]
    source = ["package shop", "", "func total() int {", *(f"\treturn price({number})" for number in range(40)), "}"]
    assert history(segment([*status, *source], "git status; cat shop.go")) is None


def test_an_error_of_a_command_between_two_logs_stays() -> None:
    failed = ["make: *** [Makefile:12: shop.o] Error 1"]
    found = history(segment([*FULL, *failed, *FULL], "git log a; make; git log b"))
    assert found is not None and failed[0] in kept(found.text)


def test_refs_are_no_commits() -> None:
    refs = [f"{number:040x} refs/heads/part_{number}" for number in range(200)]
    assert history(segment(refs, "git show-ref")) is None


def test_lists_that_git_did_not_print_are_left_alone() -> None:
    assert history(segment(SHORT, "cat hashes.txt")) is None
    assert history(segment(SHORT[:30])) is None


BLAMES = (
    "{0:08x} {1:>3} (Ada Sund 2026-03-02 10:00:00 +0100 {1:>3}) x = {1}",
    "{0:08x} {1:>3}) x = {1}",
    "{0:08x} {1:>3} {1:>3}) x = {1}",
    "{0:08x} src/a.py {1:>3} (Ada Sund 2026-03-02 10:00:00 +0100 {1:>3}) x = {1}",
)


@pytest.mark.parametrize("line", BLAMES)
@pytest.mark.parametrize("call", ["git blame -n a.py", "git -C shop --no-pager annotate a.py | cat", "git-lines a.py"])
def test_lines_of_a_blame_are_no_commits(line: str, call: str) -> None:
    assert history(segment([line.format(place // 9, place) for place in range(100, 300)], call)) is None


def test_a_log_that_looks_for_blame_is_a_log() -> None:
    assert history(segment(SHORT, "git log --oneline --grep blame")) is not None
