"""References in, printed originals out: ranges, matches, limits, errors, and the time it takes."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headroom_wrap import tokens
from headroom_wrap.cli.get import command
from headroom_wrap.marker import ref_of
from headroom_wrap.refused import Refused
from headroom_wrap.retrieve import TOKENS
from headroom_wrap.settings import environment
from headroom_wrap.store import UnknownRef
from headroom_wrap.store.objects import Objects

LINES = [f"line {number}: {'error' if number % 40 == 0 else 'fine'}\n" for number in range(1, 201)]
TEXT = "".join(LINES)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def ref(home: Path) -> str:
    return Objects(home).keep(TEXT, tool="Bash", call="make\ntest")


def got(*words: str) -> Result:
    result = CliRunner().invoke(command, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_whole_text_follows_the_header(ref: str) -> None:
    assert got(ref).output == f"[headroom original {ref} lines 1-200 of 200]\n{TEXT}"


@pytest.mark.parametrize("text", [TEXT, "no end", "a\r\nb\rc\x0cd\u2028e\n\n", "\udc80 lone", "é" * 20_000, ""])
def test_raw_is_every_byte_and_nothing_else(text: str, home: Path, tmp_path: Path) -> None:
    ref = Objects(home).keep(text)
    assert got(ref, "--raw").stdout_bytes == text.encode("utf-8", "surrogatepass")
    file = tmp_path / "out"
    assert got(ref, "-o", str(file)).output == ""
    assert file.read_bytes() == text.encode("utf-8", "surrogatepass")


def test_raw_of_a_part_is_that_part(ref: str) -> None:
    assert got(ref, "--raw", "--lines", "3-4").output == LINES[2] + LINES[3]
    assert got(ref, "--raw", "--chars", "1-4", "-o", "-").output == TEXT[:4]


def test_a_file_that_cannot_be_written_is_said(ref: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"can't be written.*name another file"):
        got(ref, "-o", str(tmp_path))


def test_a_range_of_lines(ref: str) -> None:
    assert got(ref, "--lines", "3-4").output == f"[headroom original {ref} lines 3-4 of 200]\n{LINES[2]}{LINES[3]}"
    assert got(ref, "--lines", "200").output == f"[headroom original {ref} lines 200-200 of 200]\n{LINES[199]}"
    assert (
        got(ref, "--lines", "199-").output == got(ref, "--lines", "199-5000").output == got(ref, "--tail", "2").output
    )


def test_head_and_tail_together_leave_out_the_middle_once(ref: str) -> None:
    assert got(ref, "--head", "1", "--tail", "1").output.splitlines(True)[1:] == [LINES[0], LINES[199]]
    assert got(ref, "--lines", "1-2", "--head", "2", "--tail", "2").output.splitlines(True)[1:] == LINES[:2]


def test_matches_are_numbered_and_context_is_told_apart(ref: str) -> None:
    printed = got(ref, "--lines", "1-90", "--grep", "err.r", "-C", "1").output
    assert printed == (
        f"[headroom original {ref} lines 39-81 of 200]\n39-{LINES[38]}40:{LINES[39]}41-{LINES[40]}--\n"
        f"79-{LINES[78]}80:{LINES[79]}81-{LINES[80]}"
    )


def test_nothing_wanted_says_so(ref: str) -> None:
    for words in (("--grep", "absent"), ("--grep", "absent", "--head", "1", "--tail", "1")):
        assert got(ref, *words).output == f"[headroom original {ref} · none of its 200 lines is wanted]\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--lines 201-", "there is no line 201: it has 200 lines; correct --lines"),
        ("--lines 5000-6000 --raw", "there is no line 5000: it has 200 lines; correct --lines"),
        ("--lines 1 --chars 900-950", "there is no character 900: what is wanted has 13 characters; correct --chars"),
        ("--lines 1 --chars 900- --raw", "there is no character 900: what is wanted has 13 characters; correct"),
    ],
)
def test_what_lies_beyond_the_end_is_refused_with_the_size(ref: str, words: str, says: str) -> None:
    with pytest.raises(Refused, match=re.escape(says)):
        got(ref, *words.split())


def test_one_of_a_kind_is_said_as_one(home: Path) -> None:
    ref = Objects(home).keep("x")
    assert got(ref, "--stat").output == f"[headroom original {ref} · 1 line, 1 character]\n"
    assert got(ref, "--grep", "y").output == f"[headroom original {ref} · none of its 1 line is wanted]\n"
    with pytest.raises(Refused, match="there is no line 2: it has 1 line; correct --lines"):
        got(ref, "--lines", "2")


def test_what_it_is_without_its_text(ref: str) -> None:
    assert got(ref, "--stat").output == (
        f"[headroom original {ref} · 200 lines, {len(TEXT)} characters · Bash: make test]\n"
    )


def test_long_output_is_cut_at_a_line_and_says_how_to_go_on(home: Path) -> None:
    text = "x" * 999 + "\n"
    ref = Objects(home).keep(text * 40)
    first = got(ref).output
    assert first.startswith(f"[headroom original {ref} lines 1-17 of 40]\n{text}")
    assert first.endswith(f"[lines 18-40 follow · headroom get {ref} --lines 18-40, or --all]\n")
    assert got(ref, "--lines", "18-40").output.startswith(f"[headroom original {ref} lines 18-34 of 40]\n")
    assert got(ref, "--all").output == f"[headroom original {ref} lines 1-40 of 40]\n{text * 40}"


def test_what_follows_is_asked_for_with_the_same_filter(home: Path) -> None:
    ref = Objects(home).keep("".join(f"{'odd' if n % 2 else 'even'} {'x' * 990}\n" for n in range(1, 61)))
    first = got(ref, "--grep", "^odd |a b", "--head", "25").output
    last = first.splitlines()[-1]
    assert last == f"[lines 35-49 follow · headroom get {ref} --lines 35-49 --grep '^odd |a b', or --all]"
    rest = got(ref, "--lines", "35-49", "--grep", "^odd |a b").output.splitlines()[1:]
    assert (
        first.splitlines()[1:-1] + rest == got(ref, "--grep", "^odd", "--head", "25", "--all").output.splitlines()[1:]
    )


def test_four_thousand_tokens_are_fewer_characters_where_tokens_are_short(home: Path) -> None:
    ref = Objects(home).keep("ab1 " * 20_000)
    shown = got(ref).output
    assert 2000 < tokens.count(shown) < 6000 < len(shown)


def test_one_endless_line_comes_in_ranges_of_characters(home: Path) -> None:
    text = "head\n" + "word " * 6000 + "\ntail\n"
    ref = Objects(home).keep(text)
    first = got(ref, "--lines", "2-3").output
    found = re.search(r"--lines 2 --chars (\d+)-30001]\n", first)
    assert found is not None
    end = int(found[1]) - 1
    assert first == (
        f"[headroom original {ref} characters 1-{end} of 30001 in line 2]\n{text[5 : 5 + end]}\n"
        f"[characters {end + 1}-30001 follow · headroom get {ref} --lines 2 --chars {end + 1}-30001]\n"
        f"[lines 3-3 follow · headroom get {ref} --lines 3, or --all]\n"
    )
    rest = got(ref, "--lines", "2", "--chars", f"{end + 1}-30001").output
    assert rest == f"[headroom original {ref} characters {end + 1}-30001 of 30001 in line 2]\n{text[5 + end : 30006]}"
    assert got(ref, "--chars", "3-6").output == f"[headroom original {ref} characters 3-6 of {len(text)}]\nad\nw"


WORDS = "".join(f"word{number} " for number in range(10_000))
PLACED = re.compile(r"^(\d+)([:-])\[characters (\d+)-(\d+) of (?:line|row) (\d+)\] (.*)\n", re.M)


def placed(printed: str) -> list[tuple[str, str, str, str]]:
    """-> number, mark, characters and text of each stretch of a long line."""
    found = PLACED.findall(printed)
    assert all(number == again for number, _, _, _, again, _ in found)
    return [(number, mark, f"{first}-{last}", text) for number, mark, first, last, _, text in found]


def test_of_a_long_line_the_text_around_each_match_is_printed_with_its_place(home: Path) -> None:
    ref = Objects(home).keep(f"head\n{WORDS}\ntail word7000\n")
    printed = got(ref, "--grep", "word[57]000").output
    (_, _, _, first), (_, _, _, second) = found = placed(printed)
    assert "word5000 " in first and "word7000 " in second and len(first) == len(second) == 408
    for number, mark, chars, text in found:
        assert (number, mark) == ("2", ":")
        assert got(ref, "--raw", "--lines", number, "--chars", chars).output == text
    assert printed.startswith(f"[headroom original {ref} lines 2-3 of 3]\n2:[characters ")
    more = f"[long lines: the text around each match · headroom get {ref} --lines N --chars A-B]\n"
    assert printed.endswith(f"\n3:tail word7000\n{more}") and len(printed) < 1200


def test_stretches_that_overlap_are_one_and_end_with_the_line(home: Path) -> None:
    ref = Objects(home).keep(f"{WORDS}\n{WORDS}\n")
    assert len(placed(got(ref, "--lines", "1", "--grep", "word50(00|20|40)").output)) == 1
    ((_, _, start, text),) = placed(got(ref, "--lines", "2", "--grep", "^").output)
    assert start == "1-200" and text == WORDS[:200]
    ((_, _, end, _),) = placed(got(ref, "--lines", "2", "--grep", r"word9999 \n").output)
    assert end.endswith(f"-{len(WORDS)}")


@pytest.mark.parametrize("pattern", [".*word5000.*", "^.*word5000 .*$", "(?i).*?WORD5000 .*?", r"word5000\b.*.*"])
def test_dots_and_stars_at_the_ends_of_a_pattern_do_not_make_the_match_the_line(pattern: str, home: Path) -> None:
    ((_, _, _, text),) = placed(got(Objects(home).keep(WORDS), "--grep", pattern).output)
    assert "word5000 " in text and len(text) < 410


def test_long_lines_beside_a_match_show_their_beginning_and_long_rows_are_rows(home: Path) -> None:
    found = placed(got(Objects(home).keep(f"{WORDS}\nhit\n"), "--grep", "hit", "-C", "1").output)
    assert found == [("1", "-", "1-400", WORDS[:400])]
    ref = Objects(home).keep(json.dumps({"a": ["x", WORDS]}))
    printed = got(ref, "--jq", ".a", "--grep", "word5000 ").output
    ((number, _, chars, text),) = placed(printed)
    assert got(ref, "--raw", "--jq", ".a", "--rows", number, "--chars", chars).output == text
    assert f"of row 2] {text}" in printed and f"headroom get {ref} --jq .a --rows N --chars A-B]" in printed


@pytest.mark.parametrize("pattern", ["word", "", ".*", ".*absent", "word[0-9]*7 "])
def test_matches_all_over_a_long_line_fill_no_more_than_a_page_in_little_time(pattern: str, home: Path) -> None:
    ref = Objects(home).keep(WORDS * 10)
    before = time.process_time()
    printed = got(ref, "--grep", pattern).output
    assert time.process_time() - before < 2 and tokens.count(printed) < 1.5 * TOKENS
    if "follow" in printed:
        again = re.search(r"follow · headroom get (.*)\]", printed)
        assert again is not None and got(*shlex.split(again[1])).output.startswith("[headroom original ")


def test_raw_matches_are_whole_lines(home: Path) -> None:
    assert got(Objects(home).keep(f"{WORDS}\n"), "--raw", "--grep", "word5000").output == f"1:{WORDS}\n"


def test_carriage_returns_and_foreign_letters_come_out_byte_for_byte(home: Path) -> None:
    text = "a\r\nü\u2028日本\rb"
    ref = Objects(home).keep(text)
    assert got(ref).stdout_bytes == f"[headroom original {ref} lines 1-2 of 2]\n{text}".encode()


TABLE = """{"total": 4, "items": [
  {"id": 1, "status": 200, "by": {"login": "ada"}, "sum": 1.10},
  {"id": 2, "status": 500, "by": {"login": "bob"}, "sum": 1e5, "error": "disk \\u00e9 full"},
  {"id": 3, "status": 404, "by": {"login": "ada"}, "sum": -0},
  {"id": 4, "status": "500", "by": null, "sum": 12345678901234567890}
], "note": "one\\ntwo\\nthree", "a key": {"b": [[1, 2], [3]]}}"""
ONE, TWO, THREE, FOUR = (
    '{"id":1,"status":200,"by":{"login":"ada"},"sum":1.10}\n',
    '{"id":2,"status":500,"by":{"login":"bob"},"sum":1e5,"error":"disk \\u00e9 full"}\n',
    '{"id":3,"status":404,"by":{"login":"ada"},"sum":-0}\n',
    '{"id":4,"status":"500","by":null,"sum":12345678901234567890}\n',
)


@pytest.fixture
def table(home: Path) -> str:
    return Objects(home).keep(TABLE)


@pytest.mark.parametrize(
    ("words", "head", "out"),
    [
        (("--jq", ".items", "--rows", "2-3"), "rows 2-3 of 4 in .items", TWO + THREE),
        (("--rows", "4"), "rows 4-4 of 4", FOUR),
        (("--jq", ".items"), "rows 1-4 of 4 in .items", ONE + TWO + THREE + FOUR),
        (("--jq", ".items", "--tail", "1"), "rows 4-4 of 4 in .items", FOUR),
        (("--jq", "items[1].by.login"), "lines 1-1 of 1 in items[1].by.login", "bob"),
        (("--jq", ".items[-1].sum"), "lines 1-1 of 1 in .items[-1].sum", "12345678901234567890"),
        (("--jq", ".items[].by.login", "--rows", "1-2"), "", "there is no 'login'"),
        (("--jq", ".items[].id"), "rows 1-4 of 4 in .items[].id", "1\n2\n3\n4\n"),
        (("--jq", '.["a key"].b'), 'rows 1-2 of 2 in .["a key"].b', "[1,2]\n[3]\n"),
        (("--jq", '."a key".b[1][0]'), 'lines 1-1 of 1 in ."a key".b[1][0]', "3"),
        (("--jq", ".note", "--lines", "2-3"), "lines 2-3 of 3 in .note", "two\nthree"),
        (("--jq", ".", "--rows", "1"), "rows 1-1 of 4 in .", ONE),
        (("--where", "status>=400"), "rows 2-4 of 4", "2:" + TWO + "3:" + THREE + "4:" + FOUR),
        (("--where", "status=404 or by.login=bob"), "rows 2-3 of 4", "2:" + TWO + "3:" + THREE),
        (("--where", "not (status>=400 && by.login != bob) and sum"), "rows 1-2 of 4", "1:" + ONE + "2:" + TWO),
        (("--where", "error ~ 'disk . full' || by=null"), "rows 2-4 of 4", "2:" + TWO + "4:" + FOUR),
        (("--where", "error!=x", "--rows", "3-"), "rows 3-4 of 4", "3:" + THREE + "4:" + FOUR),
        (("--where", "id>9"), "", "none of its 4 rows is wanted]\n"),
        (("--jq", ".items", "--grep", "ada"), "rows 1-3 of 4 in .items", "1:" + ONE + "3:" + THREE),
    ],
)  # fmt: skip
def test_rows_paths_and_conditions_print_json_to_the_letter(
    table: str, words: tuple[str, ...], head: str, out: str
) -> None:
    if head:
        assert got(table, *words).output == f"[headroom original {table} {head}]\n{out}"
    elif out.startswith("none"):
        assert got(table, *words).output == f"[headroom original {table} · {out}"
    else:
        with pytest.raises(Refused, match=out):
            got(table, *words)


def test_json_lines_count_as_rows_whatever_stands_between_them(home: Path) -> None:
    ref = Objects(home).keep("".join(json.dumps({"n": n, "level": "info"}) + "\n\n" for n in range(5)))
    assert got(ref, "--rows", "2-3").output.splitlines()[1:] == ['{"n":1,"level":"info"}', '{"n":2,"level":"info"}']
    assert got(ref, "--jq", ".[4].level").output.splitlines()[1:] == ["info"]


def test_a_map_has_its_entries_as_rows(home: Path) -> None:
    ref = Objects(home).keep('{"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}}')
    assert got(ref, "--rows", "2-").output.splitlines()[1:] == ['"b":{"n":2}', '"c":{"n":3}']
    assert got(ref, "--where", "*=c or n=1").output.splitlines()[1:] == ['1:"a":{"n":1}', '3:"c":{"n":3}']


def test_coloured_json_is_read_without_its_colours(home: Path) -> None:
    ref = Objects(home).keep('\x1b[1m[\x1b[0m{"n": \x1b[32m1\x1b[0m}, {"n": 2}]')
    assert got(ref, "--rows", "1-").output.splitlines()[1:] == ['{"n":1}', '{"n":2}']


@pytest.mark.parametrize(
    ("text", "words", "says"),
    [
        ("plain", ("--rows", "1"), "not JSON.*use --lines"),
        ("[" * 100_000 + "]" * 100_000, ("--rows", "1"), "nested too deep|not JSON"),
        ("[1]", ("--lines", "1", "--rows", "1"), "different counts"),
        ("[1, 2]", ("--rows", "3-4"), "no row 3: it has 2 rows; correct --rows"),
        ('{"a":"b"}', ("--jq", ".a", "--lines", "2"), r"no line 2: .a has 1 line; correct --lines"),
        ("[1]", ("--jq", ".a b"), "is not a path"),
        ("[1]", ("--jq", ".[3]"), r"there is: 1 value"),
        ('{"a":1}', ("--jq", ".b"), "there is: a; correct"),
        ('{"a":1}', ("--jq", ".a", "--rows", "1"), "no rows at .a"),
        ("[1]", ("--where", "a >= >="), "is not a condition"),
        ("[1]", ("--where", "a=1 b=2"), "is not a condition"),
        ("[1]", ("--where", "(a=1"), "is not a condition"),
        ("[1]", ("--where", "a~'('"), "not a regular expression"),
    ],
)
def test_what_cannot_be_selected_is_refused_with_the_mend(
    home: Path, text: str, words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        got(Objects(home).keep(text), *words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--lines", "9-3"), "count from 1"),
        (("--lines", "0-3"), "count from 1"),
        (("--lines", "a"), "120-188"),
        (("--grep", "("), "not a regular expression"),
    ],
)
def test_a_bad_option_is_refused_with_the_mend(ref: str, words: tuple[str, ...], says: str) -> None:
    result = got(ref, *words)
    assert result.exit_code == 2 and says in result.output


def test_an_unknown_reference_is_an_error_of_one_line(home: Path) -> None:
    with pytest.raises(UnknownRef, match="never stored"):
        got(ref_of("other"))


@pytest.mark.skipif(os.getuid() == 0, reason="root writes everywhere")
def test_a_read_only_home_is_enough(home: Path, ref: str) -> None:
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert got(ref, "--lines", "1").exit_code == 0
    for folder in folders:
        folder.chmod(0o700)


def test_getting_writes_nothing_and_works_from_any_folder(
    home: Path, ref: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*"))
    code = "import sys; from headroom_wrap.cli.get import command; command(sys.argv[1:])"
    run = subprocess.run(
        [sys.executable, "-c", code, ref, "--lines", "1"],
        check=True, capture_output=True, text=True, cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**environment(), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.stdout == f"[headroom original {ref} lines 1-1 of 200]\n{LINES[0]}"
    assert sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*")) == before


def test_it_loads_nothing_heavy() -> None:
    code = "import sys; import headroom_wrap.cli.get; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    heavy = {"rich", "tiktoken", "sqlite3", "mitmproxy", "asyncio", "tomllib", "headroom_wrap.segment"}
    assert not heavy & set(loaded.split())
