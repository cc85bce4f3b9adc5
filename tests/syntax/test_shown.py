import time

import pytest

from headroom_wrap.segment import Segment
from headroom_wrap.syntax.languages import language_of
from headroom_wrap.syntax.shown import Shown, shown

CODE = ["def f():", "    return 1", "", "x = [", "  1,", "]"]


def read(text, call="file_path=/a.py", **facts):
    return Segment(text=text, **{"tool": "Read", "path": "/a.py", "call": call, **facts})


@pytest.mark.parametrize(
    "style", ["{}\t{}", "{:6d}→{}", "{:6d}\t{}", "{}: {}", "{}:{}", "L{}: {}", " {} | {}", "{}|{}"]
)
def test_numbers_of_every_style_are_taken_off(style):
    lines = ["before", *(style.format(n, line) for n, line in enumerate(CODE, 7)), "", "after"]
    assert shown(read("\n".join(lines))) == Shown("/a.py", lines, CODE, 1, 7, True, False)


def test_unnumbered_text_is_all_file():
    assert shown(read("\n".join(CODE))) == Shown("/a.py", CODE, CODE, 0, 1, False, True)


def test_numbers_that_are_content_stay():
    lines = ["1: one", "2: two", "7: seven", "a", "b", "c"]
    assert shown(read("\n".join(lines))).code == lines


@pytest.mark.parametrize(
    ("tool", "call", "path", "number", "whole"),
    [
        ("Read", "file_path=/a.py offset=40 limit=20", "/a.py", 40, False),
        ("Read", "file_path=/a.py limit=50", "/a.py", 1, False),
        ("view", "path=/a.py view_range=[5, 9]", "/a.py", 5, False),
        ("read_file", "target=/a.py start_line=5 end_line=9", "/a.py", 5, False),
        ("mcp__fs__read_text_file", "path=/a.py", "/a.py", 1, True),
        ("Bash", "cat b.go", "b.go", 1, True),
        ("Bash", "cd /x && cat -n 'src/b.go'", "src/b.go", 1, True),
        ("exec", "sed -n '10,20p' b.go", "b.go", 10, False),
        ("exec", "nl -ba b.go | sed -n '10,20p'", "b.go", 10, False),
        ("Bash", "head -50 b.go", "b.go", 1, False),
        ("Bash", "head b.go", "b.go", 1, False),
    ],
)
def test_the_call_says_which_file_and_which_part(tool, call, path, number, whole):
    file = shown(read("\n".join(CODE), call, tool=tool, path="/a.py" if "a.py" in call else ""))
    assert (file.path, file.number, file.whole) == (path, number, whole)


@pytest.mark.parametrize(
    ("tool", "call"),
    [
        ("Bash", "cat a.py b.py"),
        ("Bash", "cat a.py > b.py"),
        ("Bash", "cat *.py"),
        ("Bash", "cat a.py; rm b.py"),
        ("Bash", "grep -n x a.py"),
        ("Grep", "pattern=x path=/a.py"),
        ("str_replace_editor", "command=str_replace path=/a.py old_str=x"),
        ("str_replace_editor", "command=create path=/a.py"),
    ],
)
def test_other_calls_show_no_file(tool, call):
    assert shown(read("x", call, tool=tool, path="")) is None


def test_languages_go_by_the_ending_of_the_name():
    assert [language_of(name) for name in ("a.py", "/x/b.TSX", "c.h", "d.min.js", "Makefile", "x.go/readme")] == [
        *("python", "tsx", "c", "javascript", "", "")
    ]


def test_a_long_argument_without_a_path_is_read_in_no_time():
    start = time.process_time()
    assert shown(Segment("text", "read_thread", "body=" + "ab/+" * 10_000)) is None
    assert time.process_time() - start < 1
