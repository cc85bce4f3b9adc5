"""Lines that agents hardly ever use go, in runs, with a way back; what must stay stays."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from headroom_wrap import kompress
from headroom_wrap.compressors.freedom import NAMED, PICKED, SILENT, caution, freedom
from headroom_wrap.compressors.lines_by_use import LEAST, lines_by_use, must
from headroom_wrap.marker import is_marker, ref_of
from headroom_wrap.route import Policy, route
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.testing import check

pytestmark = pytest.mark.slow

FIXTURES = [
    f"  - {{id: {number}, state: open, owner: team, size: medium, colour: grey, weight: 12, shape: round}}"
    for number in range(300)
]


def page(lines: list[str], **fields: str) -> Segment:
    text = "\n".join(lines)
    asked = {
        "tool": "Read",
        "call": "file_path=/a/data/fixtures.yaml",
        "goal": "Say hello.",
        "way_back": "headroom get",
    }
    return Segment(text, ref=ref_of(text), **(asked | fields))


def answer(segment: Segment) -> Compressed:
    found = lines_by_use(segment)
    assert found is not None
    return found


def test_the_compressor_keeps_every_promise() -> None:
    check(lines_by_use)


def test_dull_lines_go_in_runs_and_the_rest_stands_verbatim() -> None:
    found = answer(page(FIXTURES))
    kept = [line for line in found.text.split("\n") if not is_marker(line)]
    assert kept == [line for line in FIXTURES if line in set(kept)]
    assert len(FIXTURES) * 0.2 <= len(kept) < len(FIXTURES)
    gone = len(FIXTURES) - len(kept)
    assert found.omitted == f"{gone} of 300 lines, by expected use"
    assert found.text.split("\n")[-1] == f"[{found.omitted} · headroom get {page(FIXTURES).ref} --lines A-B]"


def test_gaps_say_the_file_s_own_numbers_where_it_shows_them() -> None:
    numbered = [f"{number:6d}→{line}" for number, line in enumerate(FIXTURES, 501)]
    found = answer(page(numbered, call="file_path=/a/data/fixtures.yaml offset=501 limit=300"))
    gaps = [line for line in found.text.split("\n") if line.startswith("[line")]
    kept = {int(line.split("→")[0]) for line in found.text.split("\n") if "→" in line}
    said = {
        number
        for gap in gaps
        for first, _, last in [gap.split()[1].partition("-")]
        for number in range(int(first), int(last or first) + 1)
    }
    assert said == set(range(501, 801)) - kept
    assert found.text.endswith("--lines A-B (file line 501 is --lines 1)]")


def test_errors_stay_in_what_a_command_printed() -> None:
    lines = [line if number % 70 else f"error: step {number} failed" for number, line in enumerate(FIXTURES)]
    found = answer(page(lines, call="file_path=/a/run.txt"))
    assert [line for line in found.text.split("\n") if "error:" in line] == [line for line in lines if "error:" in line]


@pytest.mark.parametrize("around", [FIXTURES[:140], [f"{n}→{line}" for n, line in enumerate(FIXTURES[:140], 700)]])
def test_a_gap_in_a_numbered_file_names_the_numbers_that_stand_beside_it(around: list[str]) -> None:
    file = [f"{n}→{line}" for n, line in enumerate(FIXTURES[140:], 1)]
    for lines in ([*around, *file], [*file, *around]):
        kept = answer(page(lines)).text.split("\n")
        assert set(around) <= set(kept)
        gaps = [(place, line) for place, line in enumerate(kept[:-1]) if is_marker(line)]
        assert gaps
        for place, gap in gaps:
            first, last = map(int, re.findall(r"\d+", gap)[:2])
            gone = [line for line in file if first <= int(line.split("→")[0]) <= last]
            assert kept[place - 1] == lines[lines.index(gone[0]) - 1]
            assert kept[place + 1] == [*lines, kept[-1]][lines.index(gone[-1]) + 1]


@pytest.mark.parametrize(
    "line",
    [
        "git@github.com: Permission denied (publickey).",
        "dial tcp 127.0.0.1:5432: connect: connection refused",
        "read: connection reset by peer",
        "listen tcp :8080: bind: address already in use",
        "write: broken pipe",
        "open /var/lib/a: read-only file system",
        "accept: too many open files",
        "ioctl: invalid argument",
        "    reason: OOMKilled",
    ],
)
def test_what_a_system_call_failed_of_is_an_error(line: str) -> None:
    assert must([line], "") == [True]


def test_signatures_stay_in_source_files() -> None:
    lines = ["     1→def load(path):", "     2→    return 1", "     3→class Shop:", "     4→    # class of shops"]
    assert must(lines, "shop.py") == [True, False, True, False]
    assert (
        must(["export async function load() {", "pub(crate) fn run()", "func (s *Shop) Run() {"], "a.ts") == [True] * 3
    )


def test_where_a_tool_says_that_it_cut_its_result_stays() -> None:
    cut = [
        "... 63433 bytes truncated ...",
        "The output was truncated. Full output saved to: /tmp/tool-output/7",
        "<persisted-output>",
    ]
    assert must([*cut, "a line of its own", "truncate(table)"], "") == [True] * 3 + [False] * 2


def told(said: str, call: str = "file_path=/a/data/fixtures.yaml", asked: str = "Say hello.") -> Segment:
    return page(FIXTURES, goal=f"{asked}\n{said}", said=said, call=call)


def test_less_goes_of_a_file_that_the_agent_has_just_named() -> None:
    assert freedom(told("Let me look at fixtures.yaml.")) == NAMED < 1.0
    assert freedom(told("Let me look at the prefixtures.")) == 1.0


def test_what_the_user_asks_for_counts_whatever_the_agent_thinks_and_says() -> None:
    spoken = told("Let me look. " * 40, asked="Read it in full.")
    assert freedom(spoken) == freedom(replace(spoken, thought="The user wants something.")) == 0.0


def test_what_the_agent_only_thinks_counts_as_said() -> None:
    silent = page(FIXTURES)
    assert freedom(replace(silent, thought="Let me look.")) == 1.0
    assert freedom(replace(silent, thought="Let me look at fixtures.yaml.")) == NAMED
    assert freedom(replace(silent, thought="I want it in full.")) == 0.0


def test_less_goes_where_the_agent_said_nothing_of_what_it_wants() -> None:
    assert freedom(page(FIXTURES)) == SILENT < freedom(told("Let me look.")) == 1.0


def test_less_goes_of_lines_that_the_agent_picked_out_of_a_file() -> None:
    assert freedom(told("Let me look.", "file_path=/a/data/fixtures.yaml offset=400 limit=300")) == PICKED
    for whole in ("", " offset=400", " limit=300", " offset=400 limit=2000"):
        assert freedom(told("Let me look.", f"file_path=/a/data/fixtures.yaml{whole}")) == 1.0


@pytest.mark.parametrize(
    "name", ["test_a.py", "a_test.go", "a.test.ts", "a.spec.ts", "ATest.java", "tests.rs", "TestA.java"]
)
def test_tests_stay_whole_where_tests_are_spoken_of(name: str) -> None:
    call = f"file_path=/a/{name}"
    assert freedom(told("Let me see how it's tested, then add a test.", call)) == 0.0
    assert freedom(told("Let me look.", call, "Cover it with tests.")) == 0.0
    assert freedom(told("Let me look.", call)) == 1.0


@pytest.mark.parametrize("name", ["latest.py", "inspector.go", "contest.ts", "special.md"])
def test_not_all_that_sounds_like_a_test_is_one(name: str) -> None:
    assert freedom(told("Let me add a test.", f"file_path=/a/{name}")) == 1.0


def test_a_file_with_merge_conflicts_stays_whole() -> None:
    assert freedom(page([*FIXTURES, "<<<<<<< ours"])) == 0.0
    assert freedom(page(["     1→<<<<<<< ours", *FIXTURES])) == 0.0


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"goal": "Please read the whole file."}, "kept whole: wanted in full"),
        (
            {"goal": "Add a test.", "call": "file_path=/a/test_shop.py", "said": "Add a test."},
            "kept whole: tests spoken of",
        ),
        ({"said": "fixtures.yaml next."}, "no line safe to leave out (file just named)"),
        ({"said": ""}, "no line safe to leave out (agent said nothing)"),
        (
            {"said": "Next.", "call": "file_path=/a/fixtures.yaml offset=9 limit=30"},
            "no line safe to leave out (lines were picked)",
        ),
        ({"said": "Next."}, "no line safe to leave out"),
        ({"way_back": ""}, ""),
        ({"tool": "WebFetch", "call": "url=https://example.com/fixtures.yaml"}, ""),
    ],
)
def test_the_reason_for_a_whole_result_is_said_in_plain_words(fields: dict[str, str], why: str) -> None:
    assert caution(page(FIXTURES, **fields)) == why


def test_the_reason_is_the_model_s_only_where_the_model_is_asked() -> None:
    assert caution(page(["<<<<<<< ours", *FIXTURES])) == "kept whole: merge conflict"
    assert caution(page(FIXTURES[:20])) == ""
    wanted = page(FIXTURES, goal="Please read the whole file.")
    assert route(wanted, None, Policy())[0].why == "kept whole: wanted in full"
    for policy in (Policy(stack=()), Policy(lossless=frozenset({("lines_by_use", "Read")}))):
        assert route(wanted, None, policy)[0].why == "no compressor"


@pytest.mark.parametrize(
    "fields",
    [
        {"way_back": ""},
        {"goal": "Please read the whole file."},
        {"goal": "Say hello.\nLet me read it in full.", "said": "Let me read it in full."},
        {"tool": "Task", "call": "prompt=look"},
        {"tool": "WebFetch", "call": "url=https://example.com/fixtures.yaml"},
    ],
)
def test_what_has_to_stay_whole_is_left_alone(fields: dict[str, str]) -> None:
    assert lines_by_use(page(FIXTURES, **fields)) is None


def test_short_results_are_left_alone() -> None:
    lines = FIXTURES[:20]
    assert sum(kompress.costs(lines)) < 100 * LEAST
    assert lines_by_use(page(lines)) is None


def test_a_file_with_conflict_marks_is_left_alone() -> None:
    assert lines_by_use(page([*FIXTURES, "<<<<<<< ours", "a", "=======", "b", ">>>>>>> theirs"])) is None
