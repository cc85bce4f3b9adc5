from __future__ import annotations

from dataclasses import replace

import pytest

from headroom_wrap import kompress
from headroom_wrap.compressors.output import output
from headroom_wrap.lines.noise import noise
from headroom_wrap.marker import is_marker, ref_of
from headroom_wrap.segment import Segment
from headroom_wrap.testing import check


def segment(lines: list[str], *, call: str = "", error: bool = False) -> Segment:
    text = "\n".join(lines)
    return Segment(text, "Bash", call, error=error, way_back="headroom get", ref=ref_of(text))


def kept(found: str) -> list[str]:
    return [line for line in found.split("\n") if not is_marker(line)]


NOISE = {
    "go": ["=== RUN   TestA", "--- PASS: TestA (0.00s)", "    --- PASS: TestA/b (0.00s)", "ok  \tx.org/a\t0.3s"],
    "pytest": ["tests/test_a.py::test_b PASSED [ 10%]", "tests/test_a.py ........ [ 20%]", "PASSED tests/a.py::b"],
    "unittest": ["test_a (app.tests.T) ... ok"],
    "bun": ["(pass) area > case [1.00ms]"],
    "jest": ["PASS src/a.test.ts", "PASS  src/b.test.js (5.1 s)"],
    "cargo": ["   Compiling serde v1.0.1", "test mod::case ... ok", "  Downloaded rand v0.8.5"],
    "maven": [
        "[INFO] Downloading from central: https://repo/x.jar",
        "Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s",
    ],
    "gradle": ["> Task :app:compileJava UP-TO-DATE"],
    "pip": ["Collecting numpy", "Requirement already satisfied: six in /usr/lib", "  Using cached six-1.16-py2.whl"],
    "apt": [
        "Get:1 http://deb.example.org stable InRelease",
        "Unpacking libfoo (1.2) ...",
        "Setting up libfoo (1.2) ...",
    ],
    "make": ["make[1]: Entering directory '/src'", "gcc -O2 -Wall -c main.c -o main.o", "  CC      main.o"],
    "cmake": ["[ 12%] Building C object a.c.o", "[3/9] Linking C executable a", "-- Looking for stdio.h"],
    "docker": ["#7 sha256:0af 12.3MB / 80MB 1.2s", "0af1b2c3d4e5: Pull complete", " ---> 0af1b2c3d4e5"],
    "terraform": ["aws_vpc.main: Refreshing state... [id=vpc-1]", "aws_vpc.main: Still creating... [10s elapsed]"],
    "git": ["remote: Counting objects: 100% (5/5), done.", "Receiving objects:  10% (1/10)"],
    "tqdm": ["epoch 1:  50%|█████     | 5/10 [00:05, loss=0.31]", "100%|##########| 10/10 [00:10<00:00, 1.00s/it]"],
    "behind a prefix": [
        "@a/core test: (pass) area > case",
        "[lint] ok  \tx.org/a\t(cached)",
        "#12 3.45 Get:1 http://deb x",
    ],
}

NEVER_NOISE = [
    "--- FAIL: TestA (0.00s)",
    "FAIL\tx.org/a\t0.3s",
    "ok  \tx.org/a\t0.3s\tcoverage: 81.2% of statements",
    "tests/test_a.py::test_b FAILED [ 10%]",
    "tests/test_a.py ...F.... [ 20%]",
    "test mod::case ... FAILED",
    "FAIL src/a.test.ts",
    "> Task :app:compileJava FAILED",
    "Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE!",
    "src/a.c:12:5: error: expected ';'",
    "make: *** [Makefile:3: all] Error 2",
    "        value = compute(item)",
    "Successfully installed six-1.16",
    "epoch 1: 100%|██████████| 10/10 [00:10<00:00,  1.00s/it, loss=0.21]",
    "5 passed, 1 failed in 0.3s",
    "",
]


@pytest.mark.parametrize("line", [line for lines in NOISE.values() for line in lines])
def test_noise_of_known_tools_is_recognised(line: str) -> None:
    assert noise(line, False)


@pytest.mark.parametrize("line", NEVER_NOISE)
def test_failures_results_and_unknown_lines_are_never_noise(line: str) -> None:
    assert noise(line, True) == ""


@pytest.mark.slow
def test_output_keeps_every_promise() -> None:
    check(output)


def test_passes_become_a_count_and_the_failure_stays_whole() -> None:
    passed = [f"tests/test_a.py::test_{number} PASSED [ {number}%]" for number in range(60)]
    failure = ["____ test_b ____", "    assert 1 == 2", "E   assert 1 == 2", "tests/test_a.py:9: AssertionError"]
    result = ["FAILED tests/test_a.py::test_b", "=== 1 failed, 60 passed in 0.5s ==="]
    found = output(segment([*passed, *failure, *result]))
    assert found is not None
    assert kept(found.text) == [*failure, *result]
    assert found.text.startswith("[lines 1-60 folded: 60 passed tests · headroom get ")


def test_few_passes_stay_by_name() -> None:
    lines = [f"--- PASS: TestNumber{number} (0.00s)" for number in range(15)]
    assert output(segment([*lines, "PASS", "ok  \tx.org/a\t0.3s"])) is None


def test_what_passed_go_tests_print_goes_only_where_many_ran() -> None:
    def ran(times: int) -> list[str]:
        out = []
        for number in range(times):
            name = f"TestNumber{number}"
            out += [
                f"=== RUN   {name}",
                f"    a_test.go:12: state of number {number} is fine",
                f"--- PASS: {name} (0s)",
            ]
        return [*out, "=== RUN   TestBad", "    a_test.go:90: got 3", "--- FAIL: TestBad (0s)", "FAIL"]

    many, few = output(segment(ran(40))), output(segment(ran(9)))
    assert many is not None and kept(many.text) == ran(0)[1:]
    assert few is None


def test_library_frames_fold_but_for_those_next_to_the_failure() -> None:
    frames = [
        part
        for number in range(12)
        for part in (
            f'  File "/usr/lib/python3.12/site-packages/web/app{number}.py", line {number}, in run',
            "    call()",
        )
    ]
    user = ['  File "/home/ada/shop/tax.py", line 88, in rate', "    return table[key]"]
    trace = ["Traceback (most recent call last):", *frames, *user, "KeyError: 'at'"]
    found = output(segment(trace))
    assert found is not None
    assert kept(found.text) == [trace[0], *frames[-4:], *user, "KeyError: 'at'"]


def test_a_message_below_a_frame_without_its_source_stays() -> None:
    frame = '  File "/usr/lib/python3.12/site-packages/web/app.pyx", line {}, in run'
    failed = [part for number in range(9) for part in (frame.format(number), f"KeyError: 'at {number}'")]
    found = output(segment([*failed, *(f"tests/test_a.py::test_{number} PASSED" for number in range(60))]))
    assert found is not None
    assert [line for line in kept(found.text) if line.startswith("KeyError")] == failed[1::2]


def test_a_step_that_failed_is_no_noise() -> None:
    steps = [f"  Building wheel for part{number} (setup.py): started" for number in range(40)]
    failed = "  Building wheel for bad (setup.py): finished with status 'error'"
    found = output(segment([*steps, failed, "Failed to build bad"]))
    assert found is not None and kept(found.text) == [failed, "Failed to build bad"]


def told(*results: str) -> Segment:
    """A long output of known noise, of what a program says of itself, and of `results` in the middle of it."""
    words = [f"{letter}{other}" for letter in "abcdefghijklm" for other in "nopqrstuvwxyz"]
    chatter = [f"{word} has been looked at and was found to be as it had been before, all is well" for word in words]
    passed = [f"tests/test_a.py::test_{word} PASSED [ 10%]" for word in words]
    given = segment([*passed, *chatter[:80], *results, *chatter[80:]], call="pytest -v")
    return replace(given, goal="Run the tests.\nNow I run the tests.", said="Now I run the tests.")


RESULTS = (
    "E   KeyError: 'at'",
    '  File "/home/ada/shop/tax.py", line 88, in rate',
    "    return table[key]",
    "src/rates.ts:12:5 Extra semicolon",
    "Process exited with code 3",
    "1 failed, 169 passed",
    "Ran 169 tests in 3.2 s",
    "make: *** [all] Interrupt",
    "The output was saved to /tmp/log, of it the beginning is shown",
)


def test_results_stay_whatever_the_line_model_says_and_a_frame_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kompress, "scores", lambda lines, **_: [float(2 * at < len(lines)) for at in range(len(lines))])
    library = '  File "/usr/lib/python3.12/site-packages/web/app.py", line 3, in run'
    dull = [
        [f"{letter}{at} has been looked at, and all is as it had been before" for at in "vwxyz"]
        for letter in "abcdefghij"
    ]
    apart = [
        line
        for result, between in zip(RESULTS, dull, strict=False)
        for line in (result, *(between if "File" not in result else ()))
    ]
    found = output(told(*apart, RESULTS[1], library))
    assert found is not None
    assert kept(found.text)[kept(found.text).index(RESULTS[0]) :] == list(RESULTS)
    assert "rarely used line" in found.text


def test_without_the_line_model_only_noise_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kompress, "available", lambda: False)
    given = told(*RESULTS)
    found = output(given)
    assert found is not None
    assert kept(found.text) == [line for line in given.text.split("\n") if not noise(line, False)]


def test_nothing_but_noise_folds_as_a_whole() -> None:
    found = output(segment([f"=== RUN   TestCase{number}" for number in range(400)], call="go test -v ./..."))

    assert found is not None
    assert len(kept(found.text)) < 5


def test_an_output_that_is_wanted_in_full_loses_only_noise() -> None:
    given = replace(told(*RESULTS), goal="Show me the whole output.\nNow I run the tests.")
    found = output(given)
    assert found is not None and "rarely used line" not in found.text


@pytest.mark.parametrize(
    "given",
    [
        segment([f"--- PASS: TestNumber{number} (0.0s)" for number in range(90)], call="cat notes.md"),
        segment([f"--- PASS: TestNumber{number} (0.0s)" for number in range(90)], error=True),
        segment(["diff --git a/x b/x", *(f"--- PASS: TestNumber{number} (0.0s)" for number in range(90))]),
    ],
    ids=["a file that is shown", "an error result", "a diff"],
)
def test_what_is_not_plain_output_is_left_alone(given: Segment) -> None:
    assert output(given) is None
