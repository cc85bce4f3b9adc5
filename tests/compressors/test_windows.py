"""Stretches of very long lines that agents hardly ever use go, each with a gap in its place; errors and ends stay."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap import kompress
from headroom_wrap.cli.get import command
from headroom_wrap.compressors.lines_by_use import lines_by_use
from headroom_wrap.compressors.windows import LONG, WIDTH, windows
from headroom_wrap.marker import INSIDE, ref_of
from headroom_wrap.reread import Seen, refer
from headroom_wrap.route import DEFAULT, route
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.store.objects import Objects
from headroom_wrap.testing import check

pytestmark = pytest.mark.slow

ITEMS = [
    {"kind": "shape", "colour": "grey", "weight": 12, "sides": [number % 4, number % 7]}
    | ({"path": f"src/parts/loader_{number}.py", "author": f"ada{number}@example.org"} if number % 9 == 4 else {})
    for number in range(200)
]
DULL = json.dumps({"items": ITEMS}, separators=(",", ":"))
BROKEN = DULL.replace('"colour":"grey","weight":12,"sides":[0,3]', '"state":"disk error on host7"', 1)
MINIFIED = "".join(
    f"function loadPart{n}(b,c){{return require('./parts/p{n}').open(b,c)}};"
    if n % 9 == 4
    else "for(;;){a=b+c;b=a?c:d};"
    for n in range(300)
)
PROSE = " ".join(
    f"See `Farm.route_{n}` in farms/route_{n}.md for it." if n % 9 == 4 else "The road passes a farm and then another."
    for n in range(200)
)
BASE64 = b64encode(bytes((n * n * 31 + n * 7) % 251 for n in range(9000))).decode()
SAMPLES = {"JSON": DULL, "minified": MINIFIED, "prose": PROSE, "base64": BASE64}


def result(text: str, **fields: str) -> Segment:
    asked = {"tool": "Bash", "call": "gh api items", "goal": "Say hello.\nLet me look.", "said": "Let me look."}
    return Segment(text, ref=ref_of(text), **({**asked, "way_back": "headroom get"} | fields))


def answer(segment: Segment) -> Compressed:
    found = windows(segment)
    assert found is not None
    return found


def missing(text: str) -> list[tuple[int, int, int]]:
    """-> line, first and last character of every gap."""
    numbers = [list(map(int, re.findall(r"\d+", gap))) for gap in INSIDE.findall(text)]
    return [(line, first, last) for first, last, line in numbers]


def test_the_compressor_keeps_every_promise() -> None:
    texts = [*SAMPLES.values(), BROKEN, f"a short line\n{DULL}\nanother", f"{DULL}\n{MINIFIED}\n"]
    assert all(windows(result(text)) for text in texts)
    check(windows, [result(text, way_back=way_back) for text in texts for way_back in ("", "headroom get")])


@pytest.mark.parametrize("name", SAMPLES)
def test_dull_windows_go_and_the_rest_stands_verbatim_in_its_place(name: str) -> None:
    text = SAMPLES[name]
    found = answer(result(text))
    line, tail = found.text.split("\n")
    rest = ""
    for piece, (number, first, last) in zip(INSIDE.split(line), missing(line), strict=False):
        rest += piece + text[first - 1 : last]
        assert number == 1 and len(piece) >= WIDTH // 2
    assert rest + INSIDE.split(line)[-1] == text
    gone = sum(last - first + 1 for _, first, last in missing(line))
    assert tail == f"[{gone} of {len(text)} characters, by expected use · headroom get {ref_of(text)} " + (
        "--lines N --chars A-B]"
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_a_line_end_at_the_end_changes_nothing_of_what_is_kept(name: str) -> None:
    plain, ended = result(SAMPLES[name]), result(f"{SAMPLES[name]}\n")
    kept, also = answer(plain).text.split("\n"), answer(ended).text.split("\n")
    assert also[:-2] == kept[:-1]
    assert also[-1] == ""


def test_gaps_begin_at_the_end_of_a_value() -> None:
    ends = {DULL[first - 2] for _, first, _ in missing(answer(result(DULL)).text)}
    assert ends <= set(",]}")


def test_errors_stay_with_their_neighbours() -> None:
    at = BROKEN.index("disk error")
    assert BROKEN != DULL
    assert BROKEN[at - WIDTH // 2 : at + WIDTH] in answer(result(BROKEN)).text


def first_half(texts: Sequence[str], **_: str) -> list[float]:
    """What a model would say that expects no use of the second half."""
    return [float(2 * at < len(texts)) for at in range(len(texts))]


def test_in_a_source_file_the_word_error_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kompress, "scores", first_half)
    thrown = MINIFIED.replace("c:d};", "c:d}; throw Error(a);")
    shown, read = result(thrown), result(thrown, tool="Read", call="file_path=/a/x.js", path="/a/x.js")
    assert windows(shown) is None and len(answer(read).text) < 0.7 * len(thrown)


def test_errors_stay_where_no_blank_parts_them_from_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kompress, "scores", first_half)
    runs = [{"conclusion": "success", "log": f"https://ci.example/{number}", "retries": 0} for number in range(200)]
    runs[170]["conclusion"] = "failure"
    found = answer(result(json.dumps(runs, separators=(",", ":")))).text
    assert '"conclusion":"failure","log":"https://ci.example/170"' in found and "ci.example/160" not in found


def test_the_first_and_the_last_window_of_every_line_stay() -> None:
    found = answer(result(f"{DULL}\n{MINIFIED}\n")).text.split("\n")
    assert found[0].startswith(DULL[: WIDTH // 2]) and found[0].endswith(DULL[-WIDTH // 2 :])
    assert found[1].startswith(MINIFIED[: WIDTH // 2]) and found[1].endswith(MINIFIED[-WIDTH // 2 :])
    assert {line for line, _, _ in missing("\n".join(found))} == {1, 2} and found[3:] == [""]


def test_shorter_lines_stay() -> None:
    found = answer(result(f"page 1 of 9\n{DULL}\nnext: page 2"))
    lines = found.text.split("\n")
    assert (lines[0], lines[2]) == ("page 1 of 9", "next: page 2")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_marker_s_own_command_prints_what_a_gap_stands_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    text = f"items é:\n{SAMPLES[name]}\nend"
    outcome, originals = route(result(text), None, DEFAULT)
    assert outcome.text is not None and outcome.marks > 0
    for original in originals:
        Objects(tmp_path).keep(original)
    said = re.search(r"headroom get (\S+) --lines N --chars A-B\]\Z", outcome.text)
    assert said is not None and outcome.compressor == "windows"
    for line, first, last in missing(outcome.text):
        words = [said[1], "--lines", str(line), "--chars", f"{first}-{last}", "--all"]
        out = CliRunner().invoke(command, words, catch_exceptions=False).output
        assert out.partition("\n")[2] == SAMPLES[name][first - 1 : last]


def test_text_whose_terminal_codes_were_taken_out_is_left_alone() -> None:
    outcome, _ = route(result("\x1b[32mok\x1b[0m " * 30 + PROSE), None, DEFAULT)
    assert outcome.compressor == "clean"


def test_texts_of_which_less_than_half_stands_in_long_lines_are_left_to_lines_by_use() -> None:
    lines = [f"  - {{id: {number}, state: open, owner: team, size: medium, weight: 12}}" for number in range(300)]
    segment = result("\n".join([*lines, "x " * LONG]))
    assert windows(segment) is None and lines_by_use(segment) is not None


@pytest.mark.parametrize(
    "fields",
    [{"way_back": ""}, {"goal": "Give me every line in full."}, {"tool": "Task", "call": "prompt=look"}],
)
def test_what_has_to_stay_whole_is_left_alone(fields: dict[str, str]) -> None:
    assert windows(result(DULL, **fields)) is None


def test_short_results_and_machines_without_numpy_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert windows(result(DULL[: 2 * LONG])) is None
    monkeypatch.setattr(kompress, "available", lambda: False)
    assert windows(result(DULL)) is None


def test_no_later_result_refers_to_a_line_with_gaps() -> None:
    text = answer(result("\n".join([DULL] * 6))).text
    seen = Seen()
    seen.add(text, "result 1")
    assert INSIDE.search(text)
    assert refer(text, result(text, call="gh api others"), seen) is None
