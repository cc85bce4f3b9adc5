from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.compressors.logs import expand, logs
from headroom_wrap.lines.table import tabled, untabled
from headroom_wrap.marker import is_marker, ref_of
from headroom_wrap.segment import Segment
from headroom_wrap.testing import check


def segment(lines: list[str], *, way_back: str = "headroom get", call: str = "", goal: str = "") -> Segment:
    text = "\n".join(lines)
    return Segment(text, "Bash", call, goal=goal, way_back=way_back, ref=ref_of(text) if way_back else "")


def served(number: int) -> str:
    return f"2026-03-04 05:{number // 60 % 60:02}:{number % 60:02} INFO web: served /items/{number} in {number % 90} ms"


def kept(found: str) -> list[str]:
    return [line for line in found.split("\n") if not is_marker(line)]


@pytest.mark.slow
def test_logs_keeps_every_promise() -> None:
    check(logs)


def test_first_and_last_lines_of_a_template_stay_and_the_rest_is_counted() -> None:
    found = logs(segment([served(number) for number in range(200)]))
    assert found is not None
    lines = found.text.split("\n")
    assert lines[:3] == [served(number) for number in range(3)]
    assert lines[3] == "[lines 4-190 folded: 187 similar lines]"
    assert kept(found.text)[-10:] == [served(number) for number in range(190, 200)]
    assert "numbers 3-189, 0-89" in lines[-2]
    assert lines[-1].startswith("[187 of 200 lines folded: 187 similar lines · headroom get ")


def test_a_line_that_stands_once_stays_wherever_it_is() -> None:
    lines = [served(number) for number in range(300)]
    lines[150] = "2026-03-04 05:02:30 INFO config: max_conns changed from 64 to 8 by ada"
    found = logs(segment(lines))
    assert found is not None and lines[150] in found.text.split("\n")


def refused(count: int) -> list[str]:
    lines = [served(number) for number in range(600)]
    for number in range(100, 100 + 10 * count, 10):
        lines[number] = f"2026-03-04 05:00:00 ERROR db: connection {number} refused"
    return lines


def test_errors_of_one_kind_all_stay_with_context() -> None:
    lines = refused(20)
    found = logs(segment(lines))
    assert found is not None
    assert [line for line in kept(found.text) if "refused" in line] == lines[100:300:10]
    assert lines[98] in kept(found.text) and lines[104] in kept(found.text)


@pytest.mark.parametrize(
    ("usual", "bad"),
    [
        ("I0304 05:00:00.1 7 web.go:12] sent item {}", "E0304 05:00:00.1 7 web.go:12] sent item {}"),
        ("03-04 05:00:00.123  7  8 D Web: sent item {}", "03-04 05:00:00.123  7  8 E Web: sent item {}"),
        ("05:00:00 [INF] sent item {}", "05:00:00 [ERR] sent item {}"),
        ("2026-03-04 05:00:00 INFO sent item {}", "2026-03-04 05:00:00 CRITICAL sent item {}"),
        (
            '::1 - [04/Mar/2026:05:00:00] "GET /{} HTTP/1.1" 200 7',
            '::1 - [04/Mar/2026:05:00:00] "GET /{} HTTP/1.1" 502 7',
        ),
        ("2026-03-04 05:00:00 INFO GET /{} status=200", "2026-03-04 05:00:00 INFO GET /{} status=503"),
        ('2026-03-04T05:00:00Z {{"level":30,"n":{}}}', '2026-03-04T05:00:00Z {{"level":50,"n":{}}}'),
    ],
)
def test_an_error_that_only_a_level_or_a_number_tells_stays(usual: str, bad: str) -> None:
    lines = [usual.format(number) for number in range(300)]
    for number in (77, 120, 121, 200):
        lines[number] = bad.format(number)
    found = logs(segment(lines))
    assert found is not None
    assert {lines[number] for number in (77, 120, 121, 200)} <= set(kept(found.text))


def test_an_error_told_too_often_keeps_its_first_two_and_its_last() -> None:
    lines = refused(21)
    found = logs(segment(lines))
    assert found is not None
    assert [line for line in kept(found.text) if "refused" in line] == [lines[100], lines[110], lines[300]]


def ci_job(failure: list[str]) -> list[str]:
    steps = [f"Setting up lib{chr(97 + number % 26) * (3 + number // 26)} step" for number in range(400)]
    lines = ["##[group]Run tests", *steps[:200], *failure, *steps[200:]]
    return [f"2026-03-04T05:06:07.{number:07}Z {line}" for number, line in enumerate(lines)]


def test_in_a_job_what_is_indented_below_an_error_stays_behind_its_stamps() -> None:
    below = [f"        {'wanted' if number else 'got'} {'abcdefghijklm'[number:]}" for number in range(12)]
    lines = ci_job(["--- FAIL: TestPlan (0.01s)", *below, "ok   another"])
    found = logs(segment(lines))
    assert found is not None and set(lines[201:214]) <= set(kept(found.text))


def test_in_a_job_each_library_frame_of_a_trace_stays_once() -> None:
    frames = [f"    at org.junit.Runner{letter}.run(Runner.java:10)" for letter in "abcdefghij"]
    lines = ci_job(["java.lang.IllegalStateException: no rate", *frames, "java.io.IOException: no disk", *frames])
    found = logs(segment(lines))
    assert found is not None
    shown = [line.split("Z ")[1] for line in kept(found.text)]
    assert {frame: shown.count(frame) for frame in frames} == dict.fromkeys(frames, 1)


def test_in_a_job_the_calls_of_a_go_trace_stay() -> None:
    calls = [
        call for n in range(9) for call in (f"shop/tax.(*Rate).step{n}(0xc{n:07}, {{0x1, 0x2}})", f"\t/a/b.go:{n} +0x1")
    ]
    lines = ci_job(
        ["panic: no rate", "", "goroutine 21 [running]:", *calls, "created by testing.(*T).Run", "ok   more"]
    )
    found = logs(segment(lines))
    assert found is not None and set(lines[201:222]) <= set(kept(found.text))


def test_errors_that_point_to_different_lines_of_a_file_all_stay() -> None:
    lines = [served(number) for number in range(200)]
    errors = [f"2026-03-04 05:00:00 ERROR src/a.c:{number}: error: bad token" for number in range(20)]
    found = logs(segment([*lines, *errors, *lines]))
    assert found is not None and [line for line in kept(found.text) if "bad token" in line] == errors


def test_a_trace_keeps_user_frames_and_its_causes() -> None:
    trace = [
        "2026-03-04 05:00:00 ERROR app: java.lang.IllegalStateException: no rate",
        *(f"\tat org.springframework.web.Filter{letter}.run(Filter.java:10)" for letter in "abcdefghij"),
        "\tat shop.tax.TaxRepo.rate(TaxRepo.java:88)",
        "Caused by: java.sql.SQLException: no such table",
        "\tat org.apache.tomcat.jdbc.Pool.take(Pool.java:5)",
        "\tat shop.tax.Db.open(Db.java:12)",
    ]
    before = [served(number) for number in range(100)]
    found = logs(segment([*before, *trace, *before]))
    assert found is not None
    left = kept(found.text)
    assert [line for line in trace if line in left and "org." not in line] == [trace[0], *trace[11:13], trace[14]]
    assert sum("spring" in line for line in left) < 4


def test_lines_that_name_something_of_the_goal_stay() -> None:
    lines = [served(number) for number in range(200)]
    found = logs(segment(lines, goal="why was /items/117 slow?"))
    assert found is not None and lines[117] in kept(found.text)


def test_a_ci_job_keeps_what_stands_before_a_bad_exit() -> None:
    setup = ["travis_time:start:1", *(f"Setting up lib{chr(97 + number % 26) * 9} step" for number in range(400))]
    end = ["Overfull box in paragraph at lines 12--14", 'The command "make" exited with 2.']
    found = logs(segment([*setup, *end, *[f"travis_time:end:{number}" for number in range(40)]]))
    assert found is not None
    assert all(line in kept(found.text) for line in end)
    assert len(found.text) < 0.25 * len("\n".join(setup))


def shown(failure: list[str], *, before: str = "", after: tuple[str, ...] = ()) -> list[str]:
    """The lines, without their stamps, that are left of a job that told `failure` amid a long set-up."""
    words = [f"lib{chr(97 + number % 26) * (3 + number // 26)}" for number in range(800)]
    setup = [f"Get:{number} http://mirror.example/{word}" for number, word in enumerate(words)]
    lines = ["##[group]Run tests", *setup[:400], *failure, *after, *setup[400:]]
    found = logs(segment([f"{before}2026-03-04T05:06:07.{place:07}Z {line}" for place, line in enumerate(lines)]))
    assert found is not None
    return [line.split("Z ", 1)[1] for line in kept(found.text)]


def shown_end(end: list[str]) -> list[str]:
    """The lines that are left of a job that ends with `end` after a long set-up."""
    setup = [f"Get:{number} http://mirror.example/lib{chr(97 + number % 26) * 9}" for number in range(200)]
    found = logs(segment(["##[group]Run apt-get install", *setup, *end]))
    assert found is not None
    return kept(found.text)


BAD_EXIT = "##[error]The step exited with code 1."


def test_in_a_job_what_stands_between_the_errors_before_a_bad_exit_stays() -> None:
    words = [f"{letter}{other}-value was read" for letter in "abcdefgh" for other in "abcd"]
    failure = ["first.c:3: error: no such rate", *words, "second.c:4: error: no such day", *words[::-1]]
    assert set(failure) <= set(shown(failure, after=(BAD_EXIT,)))


def test_in_a_job_a_step_that_failed_stays_whole_where_it_is_short() -> None:
    words = [f"{letter}{other} is not as it should be" for letter in "abcdefgh" for other in "klmnopqrst"]
    assert set(words) <= set(shown(["##[group]Run the check", *words], after=(BAD_EXIT,)))


def test_in_a_job_a_chain_of_errors_stays_as_far_as_it_reaches() -> None:
    words = [f"{letter}{other}" for letter in "abcdefghij" for other in "abcdefghijkl"]
    lint = [f"src/{word}.js:{place}:1  Extra semicolon  semi" for word in words for place in (3, 7)]
    assert set(lint) <= set(shown(["> lint", *lint], after=("1 problem", BAD_EXIT)))


def test_in_a_job_progress_between_errors_goes_and_a_line_told_again_is_shown_once() -> None:
    passed = [f"test rates::of_{letter} ... ok" for letter in "abcdefghijklm"]
    said = "the rate table has no row for this day"
    words = [f"{letter}{other}-value was read" for letter in "abc" for other in "defg"]
    left = shown(["error: no rate", *words, said, *passed, said, *words, "error: no day"], after=(BAD_EXIT,))
    assert not set(passed) & set(left)
    assert left.count(said) == 1


def test_in_a_job_what_a_test_runner_reports_stays_up_to_the_end_of_its_step() -> None:
    values = [f"{letter}{other} = array({letter!r}, {other!r})" for letter in "abcdefghij" for other in "klmnopqrst"]
    left = shown(["=========== FAILURES ===========", *values], after=("##[group]Upload", "uploaded one file"))
    assert set(values) <= set(left)
    assert "uploaded one file" not in left


def test_in_a_job_what_was_told_just_before_an_error_stays_back_to_the_last_success() -> None:
    passed = [f"test rates::of_{letter} ... ok" for letter in "abcdef"]
    told = ["starting the simulator", "its log is in /tmp/sim", "device: small phone", "system: 12"]
    left = shown([*passed, *told, "test rates::of_g crashed"])
    assert set(told) <= set(left) and not set(passed) & set(left)


def test_in_a_job_a_warning_that_points_to_a_file_keeps_what_is_indented_below_it() -> None:
    below = [f"    no explicit {letter}" for letter in "abcdefgh"]
    assert set(below) <= set(shown(["src/Rates.hs:94:10: Warning:", *below]))


def test_in_a_job_a_trace_that_is_begun_is_finished() -> None:
    frames = [f"    at shop.Rate{letter}{other}.run(Rate.java:1)" for letter in "abcdefghij" for other in "abcdefghij"]
    assert set(frames) <= set(shown(["java.lang.IllegalStateException: no rate", *frames]))


@pytest.mark.parametrize(
    "header",
    ["##[group]Run npm test", "$ npm test", "travis_time:start:0a $ npm test", "section_start:1560896352:test_script"],
)
def test_in_a_job_the_header_of_the_step_that_failed_stays(header: str) -> None:
    passed = [f"PASS src/{letter}{other}.test.js" for letter in "abcdefghij" for other in "abcdefghijklmnop"]
    left = shown([header.replace("test", "ci"), *passed, header, *passed, "1 failing", "no rate"], after=(BAD_EXIT,))
    assert header in left and header.replace("test", "ci") not in left


def test_in_a_job_copies_after_the_last_bad_exit_are_counted_and_errors_among_them_stay() -> None:
    cleaned = [f"[command]/usr/bin/git config --unset-all http.{number}.extraheader" for number in range(40)]
    refused = "fatal: could not lock config file of http"
    left = shown_end(["no rate", BAD_EXIT, "Post job cleanup.", *cleaned, refused, *cleaned, "all is cleaned"])
    assert refused in left and "all is cleaned" in left
    assert {line for line in left if line in cleaned} < {cleaned[0], *cleaned[-2:], *cleaned[:5]}


def test_in_a_job_copies_before_the_last_bad_exit_stay_as_part_of_its_failure() -> None:
    rows = [f"row {number} is not as it should be" for number in range(12)]
    assert set(rows) <= set(shown_end(["##[group]Run the check", *rows, BAD_EXIT, "Post job cleanup."]))


def test_a_job_as_gh_prints_it_is_read_behind_its_columns() -> None:
    below = [f"        {'wanted' if number else 'got'} {'abcdefghijklm'[number:]}" for number in range(12)]
    left = shown(["--- FAIL: TestPlan (0.01s)", *below], before="build (3.11)\tRun tests\t")
    assert set(below) <= set(left) and len(left) < 100


@pytest.mark.parametrize(
    "lines",
    [
        [f"def f{number}(): return {number}" for number in range(100)],
        ["date,time,id,amount", *(f"2026-10-{number % 28 + 1:02},12:30:01,{number},9.5" for number in range(100))],
        [f'{{"time": "2026-10-01T12:30:00", "id": {number}}}' for number in range(100)],
        [served(number) for number in range(10)],
    ],
    ids=["code", "csv", "json lines", "short"],
)
def test_what_is_no_log_is_left_alone(lines: list[str]) -> None:
    assert logs(segment(lines)) is None


@pytest.mark.parametrize(
    "call",
    [
        "aws s3 ls s3://shop --recursive",
        "find . -type f -printf '%TY-%Tm-%Td %TT %s %p\\n'",
        "git -C shop log --format='%ai %s'",
        "tar -tvf shop.tgz",
        "history",
    ],
)
def test_what_a_command_lists_with_times_is_no_log(call: str) -> None:
    lines = [f"2026-03-04 05:{number % 60:02}:00 {number * 37} img/scan_{number}.png" for number in range(200)]
    assert logs(segment(lines, call=call)) is None
    assert logs(segment(lines, call=f"{call}; cat shop.log")) is not None


def test_without_a_way_back_every_line_can_be_read_back() -> None:
    given_ = segment([served(number) for number in range(100)], way_back="")
    found = logs(given_)
    assert found is not None and found.omitted == ""
    assert expand(found.text) == given_.text
    assert len(found.text) < 0.5 * len(given_.text)


WORDS = st.sampled_from(["INFO", "a", "7", "12", "10:00:01", "10:00:02", "0x1f", "|", "=", "3=", "4|", "é", "", "<>"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=30))
def test_patterns_and_rows_decode_to_the_same_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    short = tabled(text)
    assert short is None or untabled(short) == text


def test_a_text_that_looks_like_rows_already_is_left_alone() -> None:
    assert tabled("1|2\n" * 10) is None
    with pytest.raises(ValueError, match="not a log"):
        untabled("1|2")
