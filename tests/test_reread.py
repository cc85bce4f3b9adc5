"""Runs of lines that already stand in the request become one line; what changed stays verbatim."""

import time

import pytest

from headroom_wrap.reread import ASKED_AGAIN, REACH, Seen, refer
from headroom_wrap.segment import Segment


def source(first: int, last: int) -> list[str]:
    return [f"    total_{n} = compute(total_{n - 1}, weight={n * 3})" for n in range(first, last + 1)]


def numbered(lines: list[str], first: int = 1) -> str:
    return "\n".join(f"{n}\t{line}" for n, line in enumerate(lines, first))


def seen_with(*texts: str) -> Seen:
    seen = Seen()
    for text in texts:
        seen.add(text, "the result of Read a.py")
    return seen


def read(text: str, call: str = "file_path=a.py") -> Segment:
    return Segment(text, tool="Read", call=call)


def test_a_file_read_again_after_an_edit_shows_only_what_changed() -> None:
    before = source(1, 60)
    after = [*before[:29], "    inserted = True", *before[29:]]
    text = numbered(after)
    assert refer(text, read(text), seen_with(numbered(before))) == "\n".join(
        [
            "[lines 1-29 unchanged: they stand in the result of Read a.py above]",
            "30\t    inserted = True",
            "[lines 31-61 unchanged: they stand as lines 30-60 in the result of Read a.py above]",
        ]
    )


def test_what_stands_nowhere_above_is_left_alone() -> None:
    text = numbered(source(100, 140))
    assert refer(text, read(text), seen_with(numbered(source(1, 60)))) is None


def test_a_run_of_four_lines_stays() -> None:
    text = "\n".join([*source(1, 4), "other", *source(11, 14)])
    assert refer(text, read(text), seen_with("\n".join(source(1, 30)))) is None


def test_a_reference_never_points_at_a_reference_or_a_folded_range() -> None:
    folded = "\n".join([*source(1, 3), "[lines 4-40 folded: body of f]", *source(41, 43)])
    text = "\n".join(source(1, 43))
    assert refer(text, read(text), seen_with(folded)) is None


def test_lines_the_agent_wrote_itself_count_as_standing() -> None:
    seen = Seen()
    seen.add("\n".join(source(1, 20)), "what you wrote to a.py")
    text = numbered(source(1, 20))
    assert refer(text, read(text), seen) == "[lines 1-20 unchanged: they stand in what you wrote to a.py above]"


def test_the_same_call_with_the_same_answer_soon_after_is_answered_in_full() -> None:
    text = numbered(source(1, 60))
    seen = seen_with(text)
    seen.answered(read(text))
    assert refer(text, read(text), seen) is None
    for n in range(ASKED_AGAIN):
        seen.add(f"other {n}", "the result of Bash ls")
    assert refer(text, read(text), seen) is not None


def test_a_reference_reaches_back_only_so_far() -> None:
    text = numbered(source(1, 60))
    seen = seen_with(text)
    seen.add("x" * REACH, "the result of Bash cat")
    assert refer(text, read(text), seen) is None


def test_long_texts_that_no_reference_may_point_to_take_no_time() -> None:
    far, blank = numbered(source(1, 8000)), "@@ -1,9 +1,9 @@" + "\n+" * 16_000
    start = time.process_time()
    assert refer(far, read(far), seen_with(far, "x" * REACH)) is None
    assert refer(blank, read(blank), seen_with("\n" * 16_000)) is None
    rules = "\n".join(f"{n:016b}".translate({48: "-", 49: "="}) for n in range(16_000))
    assert refer(rules, read(rules, "cat rules"), seen_with(rules)) is None
    assert time.process_time() - start < 1


def test_lines_of_a_diff_that_the_agent_has_just_written_are_references_with_their_sign() -> None:
    new = source(1, 30)
    text = "\n".join(["@@ -1,3 +1,31 @@", " def f():", "-    return 1", *("+" + line for line in new), " # end"])
    seen = Seen()
    seen.add("\n".join(new), "what you wrote to a.py")
    assert refer(text, Segment(text, "Bash", "git diff"), seen) == "\n".join(
        [
            *text.split("\n")[:3],
            "[lines 4-33 added: they stand as lines 1-30 in what you wrote to a.py above]",
            " # end",
        ]
    )


def test_lines_of_a_diff_with_other_signs_are_never_in_one_reference() -> None:
    lines = source(1, 12)
    text = "\n".join(["@@ -1,12 +1,12 @@", *("+-"[n % 2] + line for n, line in enumerate(lines))])
    assert refer(text, Segment(text, "Bash", "git diff"), seen_with("\n".join(lines))) is None
    signed = "\n".join(
        ["@@ -1,9 +1,9 @@", *("-" + line for line in lines[:6]), *("+" + line for line in lines[6:]), "not a hunk"]
    )
    assert refer(signed, Segment(signed, "Bash", "git diff"), seen_with("\n".join(lines))) == "\n".join(
        [
            "@@ -1,9 +1,9 @@",
            "[lines 2-7 deleted: they stand as lines 1-6 in the result of Read a.py above]",
            "[lines 8-13 added: they stand as lines 7-12 in the result of Read a.py above]",
            "not a hunk",
        ]
    )


def test_lines_outside_of_hunks_have_no_sign() -> None:
    lines = source(1, 12)
    text = "\n".join("+" + line for line in lines)
    assert refer(text, Segment(text, "Bash", "cat list"), seen_with("\n".join(lines))) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{size}\t./packages/service-{n}/generated/output", "{size}9\t./packages/service-{n}/generated/output"),
        (
            "10:{n:02}:07 the worker took a request of the backend",
            "14:{n:02}:07 the worker took a request of the backend",
        ),
        (
            "71{n:012}\tcustomer number {n} has paid what was due",
            "94{n:012}\tcustomer number {n} has paid what was due",
        ),
        ("{n}{n}: customer number {n} has paid what was due", "{n}{n}5: customer number {n} has paid what was due"),
    ],
)
def test_sizes_times_and_ids_in_front_of_lines_are_no_line_numbers(before: str, after: str) -> None:
    earlier, text = ("\n".join(form.format(n=n, size=4096 * n) for n in range(10, 40)) for form in (before, after))
    assert refer(text, read(text, "du"), seen_with(earlier)) is None


def test_hits_that_moved_by_an_edit_keep_their_numbers() -> None:
    hits = [(3 * n, f"    value = lookup(table_{n}, key)") for n in range(1, 21)]
    earlier, text = ("\n".join(f"{n + moved}:{line}" for n, line in hits) for moved in (0, 4))
    assert refer(text, read(text, "lookup"), seen_with(earlier)) is None
    assert refer(earlier, read(earlier, "lookup"), seen_with(earlier)) is not None


def test_a_reference_in_a_text_with_gaps_counts_lines_as_the_gaps_do() -> None:
    gaps = ["[lines 11-40 folded: rarely used]", "[line 61 folded: rarely used]"]
    text = "\n".join([*source(101, 110), gaps[0], *source(1, 20), gaps[1], *source(201, 210)])
    made = refer(text, read(text, "cat b.py"), seen_with("\n".join([*source(1, 20), *source(201, 210)])))
    assert made == "\n".join(
        [
            *source(101, 110),
            gaps[0],
            "[lines 41-60 unchanged: they stand as lines 1-20 in the result of Read a.py above]",
            gaps[1],
            "[lines 62-71 unchanged: they stand as lines 21-30 in the result of Read a.py above]",
        ]
    )


def test_lines_above_the_first_gap_are_counted_from_it() -> None:
    header = ["Wall time 2 s", "Output:"]
    earlier = "\n".join([*header, *source(1, 20), "[lines 21-40 folded: rarely used]"])
    text = "\n".join(source(1, 20))
    made = refer(text, read(text, "cat b.py"), seen_with(earlier))
    assert made == "[lines 1-20 unchanged: they stand in the result of Read a.py above]"
