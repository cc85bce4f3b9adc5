import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headroom_wrap import kompress
from headroom_wrap.compressors.code import code
from headroom_wrap.marker import is_marker
from headroom_wrap.segment import Segment

REF = "0123456789a"


@pytest.fixture(autouse=True)
def no_model(request, monkeypatch):
    """What the rules alone do; the tests marked `slow` ask the model."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(kompress, "available", lambda: False)


def function(name, lines=20):
    return [f"def {name}(value):", *(f"    value = value + {n}" for n in range(lines)), "    return value", ""]


NAMES = [f"step_{n}" for n in range(15)]
SOURCE = ["import os", "", *(line for name in NAMES for line in function(name))]


def read(lines=SOURCE, **facts):
    facts = {"tool": "Read", "path": "/src/steps.py", "call": "file_path=/src/steps.py", **facts}
    facts.setdefault("said", "Looking.")
    return Segment(text="\n".join(lines), way_back="headroom get", ref=REF, **facts)


def test_a_file_stays_whole_where_the_agent_did_not_say_what_it_is_for():
    assert code(read(said="")) is None


def numbered(lines, style, start=1):
    return [style.format(n, line) for n, line in enumerate(lines, start)]


def gaps(text):
    return [
        tuple(map(int, found)) for found in re.findall(r"(?m)^\[lines (\d+)-(\d+) folded: body of step_\d+\]$", text)
    ]


def test_bodies_far_down_a_large_file_become_one_line_each():
    text = code(read()).text.split("\n")
    assert text[:100] == SOURCE[:100]
    assert "def step_9(value):" in text
    assert "    value = value + 3" not in text[120:]
    assert text[text.index("def step_9(value):") + 1] == "[lines 211-231 folded: body of step_9]"
    assert text[-2:] == [f"[226 of 347 lines in 11 places · headroom get {REF} --lines A-B]", ""]


def test_what_is_kept_is_the_original_with_the_gaps_cut_out():
    text = code(read()).text
    kept = [line for line in text.split("\n") if not is_marker(line)]
    gone = {n for first, last in gaps(text) for n in range(first, last + 1)}
    assert kept == [line for n, line in enumerate(SOURCE, 1) if n not in gone]


@pytest.mark.parametrize("style", ["{}\t{}", "{:6d}→{}", "{:6d}\t{}", "{}: {}", "L{}: {}", "{:3d} | {}", "{}:{}"])
def test_every_style_of_numbering_gives_the_same_gaps(style):
    assert gaps(code(read(numbered(SOURCE, style))).text) == gaps(code(read()).text)


def test_a_page_says_file_lines_and_how_they_differ_from_lines_of_the_original():
    page = numbered(SOURCE, "{:6d}→{}", 1001)
    text = code(read(page, call="file_path=/src/steps.py offset=1001 limit=2000")).text
    assert gaps(text)[0] == (1004, 1024)
    assert text.endswith(f"headroom get {REF} --lines A-B (file line 1001 is --lines 1)]")


def test_lines_around_the_file_stay():
    text = code(read(["<path>/src/steps.py</path>", *numbered(SOURCE, "{}: {}"), "", "(End of file)"])).text.split("\n")
    assert text[0] == "<path>/src/steps.py</path>"
    assert text[-3:-1] == ["", "(End of file)"]
    assert text[-1].endswith("(file line 1 is --lines 2)]")


@pytest.mark.parametrize(
    "facts",
    [
        {"said": "I will fix the rounding."},
        {"said": "Now steps.py."},
        {"goal": "alright, read it in full"},
        {"call": "file_path=/src/steps.py offset=10 limit=400"},
        {"tool": "Bash", "path": "", "call": "sed -n '1,400p' src/steps.py"},
        {"tool": "Bash", "path": "", "call": "head -n 400 src/steps.py"},
        {"path": "/src/test_steps.py", "goal": "can we add a test?"},
    ],
)
def test_a_file_that_the_agent_is_about_to_work_with_stays_whole(facts):
    lines = SOURCE[:150] if "offset" in facts.get("call", "") else SOURCE
    assert code(read(lines, **facts)) is None


@pytest.mark.parametrize("call", ["cat src/steps.py", "cd /src && cat steps.py", "cat -n src/steps.py 2>/dev/null"])
def test_a_whole_file_printed_by_a_shell_is_read_like_one(call):
    assert gaps(code(read(tool="Bash", path="", call=call)).text) == gaps(code(read()).text)


@pytest.mark.parametrize(
    "call", ["cat a.py b.py", "cat src/steps.py | grep x", "python steps.py", "cat > steps.py", "ls"]
)
def test_other_commands_show_no_file(call):
    assert code(read(tool="Bash", path="", call=call)) is None


def test_bodies_that_the_goal_names_or_that_those_call_stay():
    source = list(SOURCE)
    source[source.index("def step_9(value):") + 1] = "    value = step_12(value)"
    text = code(read(source, goal="why does step_9 return 3?")).text
    assert "body of step_9" not in text
    assert "body of step_12" not in text
    assert "body of step_10" in text


def test_a_body_that_a_traceback_points_into_stays():
    text = code(read(goal='  File "/src/steps.py", line 215, in <module>')).text
    assert "body of step_9]" not in text
    assert "body of step_10]" in text


def test_a_file_with_merge_conflicts_stays_whole():
    source = [*SOURCE[:220], "<<<<<<< ours", *SOURCE[220:]]
    assert code(read(source)) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"path": "/src/steps.rb"},
        {"path": "", "call": "pattern=def"},
        {"error": True},
        {"tool": "Edit"},
        {"tool": "Grep"},
    ],
)
def test_what_is_no_source_file_is_left_to_others(facts):
    assert code(read(**facts)) is None


def test_nothing_is_folded_without_a_way_back():
    assert code(Segment("\n".join(SOURCE), tool="Read", path="/src/steps.py")) is None


BODY = ["x = x + 1;"] * 12
FORMS = {
    "go": ["func name(x int) {", *BODY, "}"],
    "js": ["const name = (x) => {", *BODY, "};"],
    "ts": ["export function name(x: number): void {", *BODY, "}"],
    "tsx": ["function name(x: number) {", *BODY, "return <b>{x}</b>;", "}"],
    "rs": ["fn name(x: u8) {", *BODY, "}"],
    "java": ["class A {", "void name(int x) {", *BODY, "}", "}"],
    "c": ["static int name(int x)", "{", *BODY, "}"],
    "cpp": ["int A::name(int x) {", *BODY, "}"],
    "sh": ["name() {", *["x=$((x + 1))"] * 12, "}"],
}


@pytest.mark.parametrize("ending", FORMS)
def test_each_language_folds_what_stands_between_the_braces(ending):
    form = FORMS[ending]
    text = code(read(form * 30, path=f"/src/a.{ending}")).text.split("\n")
    gap = next(line for line in text if "folded" in line)
    assert re.fullmatch(r"\[lines \d+-\d+ folded: body of (A::)?name\]", gap)
    assert text.count(form[0]) == 30
    assert text[text.index(gap) + 1] == "}" or ending == "js"


def test_a_test_suite_is_folded_test_by_test():
    test = ["  it('adds up', () => {", *["    expect(add(1, 2)).toBe(3);"] * 10, "  });"]
    text = code(read(["describe('add', () => {", *test * 30, "});"], path="/src/add.test.ts")).text
    assert text.count("folded: body of adds up]") == 22
    assert text.count("  it('adds up', () => {") == 30


def test_a_broken_file_is_folded_where_it_can_be_read():
    text = code(read([*SOURCE[:3], "    )]} = (", *SOURCE[3:]])).text
    assert "body of step_12" in text


def test_ten_thousand_levels_are_no_hindrance():
    deep = [f"if (ready{level * 7919 % 10_007}) {{" for level in range(10_000)]
    source = [*FORMS["js"] * 20, *deep, *FORMS["js"]]
    assert "[lines 10282-10293 folded: body of name]" in code(read(source, path="/src/a.js")).text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.text(max_size=30), st.sampled_from([*SOURCE[:40], "<<<<<<< a", '"""', "{", "}"])), max_size=260
    ),
    st.sampled_from(["py", "go", "ts", "c", "sh", "rs", "java"]),
    st.sampled_from(["{1}", "{}\t{}", "{:6d}→{}", "{}: {}"]),
)
def test_any_text_keeps_every_line_that_no_gap_stands_for(lines, ending, style):
    text = "\n".join(numbered(lines, style))
    segment = read(text.split("\n"), path=f"/src/a.{ending}")
    result = code(segment)
    assert result == code(segment)
    if result is not None:
        rest = iter(text.split("\n"))
        assert all(is_marker(line) or line in rest for line in result.text.split("\n"))


DULL = [f"    value = value + {n}" for n in range(20)]
USED = [
    f"    return load_fixture('fixtures/{word}_totals.json', encoding='utf-8')"
    for word in ("invoice", "ledger", "audit")
]
MIXED = ["import os", "", *(line for n in range(24) for line in (f"def step_{n}(value):", *DULL, *USED, ""))]


def left_out(text):
    """-> the numbers of the lines that gaps stand for."""
    found = re.findall(r"(?m)^\[lines? (\d+)(?:-(\d+))? folded: ", text)
    return {n for first, last in found for n in range(int(first), int(last or first) + 1)}


@pytest.mark.slow
def test_the_model_gives_up_dull_lines_of_bodies_and_keeps_signatures():
    text = code(read(MIXED)).text
    gone = left_out(text)
    kept = [line for line in text.split("\n") if not is_marker(line)]
    assert kept == [line for n, line in enumerate(MIXED, 1) if n not in gone]
    assert gone and {MIXED[n - 1] for n in gone} <= {*DULL, *USED, "", "import os"}
    assert text.rstrip("\n").split("\n")[
        -1
    ] == f"[{len(gone)} of {len(MIXED)} lines in {text.count(' folded: ')} places · " + (
        f"headroom get {REF} --lines A-B]"
    )


@pytest.mark.slow
def test_signatures_and_bodies_that_the_goal_names_stay_whatever_the_model_says(monkeypatch):
    monkeypatch.setattr(kompress, "scores", lambda lines, **_: [float(3 * at < len(lines)) for at in range(len(lines))])
    named = {step: MIXED.index(f"def step_{step}(value):") for step in range(8, 24) if step != 20}
    below = {at + 2 + line for at in named.values() for line in range(len(DULL) + len(USED) + 1)}
    assert left_out(code(read(MIXED, goal="why does step_20 return 3?")).text) == below


@pytest.mark.slow
def test_gaps_of_the_model_say_the_file_s_own_lines_too():
    page = numbered(MIXED, "{:6d}→{}", 1001)
    text = code(read(page, call="file_path=/src/steps.py offset=1001 limit=2000")).text
    kept = {int(line.split("→")[0]) for line in text.split("\n") if "→" in line}
    assert left_out(text) == set(range(1001, 1001 + len(MIXED))) - kept
    assert text.endswith("--lines A-B (file line 1001 is --lines 1)]")


@pytest.mark.slow
@pytest.mark.parametrize(("spared", "what"), [(0, "body of step_9"), (1, "rarely used")])
def test_a_body_that_goes_whole_is_named(monkeypatch, spared, what):
    first = MIXED.index("def step_9(value):") + 1 + spared
    gone = range(first, MIXED.index("def step_10(value):") - 1)
    monkeypatch.setattr(kompress, "scores", lambda lines, **_: [float(at not in gone) for at in range(len(lines))])
    assert f"\n[lines {gone[0] + 1}-{gone[-1] + 1} folded: {what}]\n" in code(read(MIXED)).text
