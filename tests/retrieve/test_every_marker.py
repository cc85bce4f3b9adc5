"""A long sample for each compressor in; every gap's command, run as its marker says, prints exactly what is missing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli.get import command
from headroom_wrap.compressors import STACK
from headroom_wrap.marker import WAY_BACK, ref_of
from headroom_wrap.segment import Segment
from headroom_wrap.store.objects import Objects

GAP = re.compile(r"\[(lines?|rows?) (\d+)(?:-(\d+))? folded.*?\]\s*$")
COMMAND = re.compile(r"headroom get (\S+) (--.*)\]\s*$")
SHIFT = re.compile(r" \(file line (\d+) is --lines (\d+)\)")
TIGHT = (",", ":")
BY_NAME = {compressor.__name__: compressor for compressor in STACK}


def _python(bodies: int) -> str:
    head = [f"import module_{number}\n" for number in range(120)]
    body = [f"    value_{line} = compute({line})\n" for line in range(12)]
    parts = [f"\n\ndef function_{number}(argument):\n{''.join(body)}    return argument\n" for number in range(bodies)]
    return "".join([*head, *parts])


def _numbered(text: str, first: int = 1) -> str:
    return "".join(f"{number:>6}\t{line}" for number, line in enumerate(text.splitlines(True), first))


def _diff() -> str:
    locked = [f'+    "package-{number}": "{number}.0.0",' for number in range(60)]
    gone = [f"-line {number} of the file that goes away" for number in range(40)]
    lock = ["diff --git a/package-lock.json b/package-lock.json", "--- a/package-lock.json", "+++ b/package-lock.json"]
    old = ["diff --git a/old.py b/old.py", "deleted file mode 100644", "--- a/old.py", "+++ /dev/null"]
    return "\n".join([*lock, "@@ -1,0 +1,60 @@", *locked, *old, "@@ -1,40 +0,0 @@", *gone, ""])


def _log() -> str:
    jobs = "".join(
        f"2026-01-02T03:{second // 60:02}:{second % 60:02} INFO worker: took job {second} of queue main\n"
        for second in range(400)
    )
    return f"2026-01-02T03:00:00 INFO start\n{jobs}2026-01-02T04:00:00 ERROR worker: disk full\n{jobs}"


def _row(number: int) -> dict[str, object]:
    return {"id": number, "name": f"item {number}", "state": "ready", "amount": number * 3, "by": {"login": "ada"}}


ROWS = [_row(number) for number in range(900)]
OTHERS = [{"key": number, "text": f"the text of number {number}", "size": number % 7} for number in range(700)]
SAMPLES: dict[str, tuple[str, str, str, str]] = {
    "records: array": ("records", "", "", json.dumps(ROWS, indent=2)),
    "records: wrapped": ("records", "", "", json.dumps({"total": 900, "items": ROWS})),
    "records: odd key": ("records", "", "", json.dumps({"an item": {"[0]": [1, ROWS]}}, indent=1)),
    "records: two tables": ("records", "", "", json.dumps({"a": {"items": ROWS}, "b": [OTHERS, 1]})),
    "records: map": ("records", "", "", json.dumps({f"k{row['id']}": row for row in ROWS})),
    "records: JSON lines": ("records", "", "", "\n\n".join(map(json.dumps, ROWS))),
    "diff": ("diff", "Bash", "git diff", _diff()),
    "history": (
        "history", "Bash", "git log --oneline",
        "".join(f"{number:07x} Change number {number} of many others\n" for number in range(1, 200)),
    ),
    "code: numbered": ("code", "Read", "file_path=/a/b.py", _numbered(_python(30))),
    "code: a page": ("code", "Read", "file_path=/a/b.py offset=51 limit=400", _numbered(_python(30), 51)),
    "code: not numbered": ("code", "Bash", "cat b.py", _python(30)),
    "search": (
        "search", "Bash", "grep -rn parse src",
        "".join(f"src/part{hit // 90}/file.py:{hit}:    value_{hit} = parse(item, {hit})\n" for hit in range(1500)),
    ),
    "search: a long line": (
        "search", "Bash", "grep -rn parse src",
        "".join(f"src/f{hit}.py:{hit}:{'x' * 90 * (1 + hit % 9)} parse(item, {hit})\n" for hit in range(90)),
    ),
    "listing": (
        "listing", "Bash", "find .",
        "".join(f"./src/{name:x}/m.py\n" for name in range(900))
        + "".join(f"./node_modules/pack{name // 9}/lib/a{name}.js\n" for name in range(900)),
    ),
    "output": (
        "output", "Bash", "pytest -v",
        "".join(f"tests/test_{name}.py::test_that_it_works PASSED [ {name % 100}%]\n" for name in range(90))
        + "FAILED tests/test_x.py::test_b - assert 0\n"
        + "".join(f"tests/test_{name}.py::test_that_it_works PASSED [ {name % 100}%]\n" for name in range(90)),
    ),
    "logs": ("logs", "Bash", "kubectl logs pod", _log()),
    "lines by use: a page": (
        "lines_by_use", "Read", "file_path=/a/b.py offset=51", _numbered(_python(30), 51),
    ),
    "lines by use: output": (
        "lines_by_use", "Bash", "make",
        "".join(f"note {number} of the build says {'x' * (number % 40)} thing\n" for number in range(600)),
    ),
    "repeats": (
        "repeats", "Bash", "make",
        "start\n" + "".join(f"fetching part {part:>3}% [{'#' * (4 + part // 9)}]\n" for part in range(100)) + "done\n",
    ),
}  # fmt: skip

_ROWS, _OTHERS = ([json.dumps(row, separators=TIGHT) for row in rows] for rows in (ROWS, OTHERS))
TABLES = {
    "records: array": {"": _ROWS},
    "records: wrapped": {".items": _ROWS},
    "records: odd key": {'.["an item"].["[0]"][1]': _ROWS},
    "records: two tables": {".a.items": _ROWS, ".b[0]": _OTHERS},
    "records: map": {"": [f'"k{number}":{row}' for number, row in enumerate(_ROWS)]},
    "records: JSON lines": {"": _ROWS},
}


def compressed(name: str, home: Path) -> tuple[Segment, list[str]]:
    """-> a sample as a segment whose original is stored, and the lines of what its compressor makes of it."""
    by, tool, call, text = SAMPLES[name]
    path = "/a/b.py" if by == "code" else ""
    ref = Objects(home).keep(text, tool=tool, call=call)
    segment = Segment(text, tool, call, path, said="Looking.", way_back=WAY_BACK, ref=ref)
    found = BY_NAME[by](segment)
    assert found is not None and found.omitted, "the sample is too short to leave anything out"
    return segment, found.text.split("\n")


def printed(words: list[str]) -> list[str]:
    """-> the lines that a command of `headroom get` prints, without its header."""
    result = CliRunner().invoke(command, [*words, "--all"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("[headroom original ")
    return result.output.split("\n")[1:]


def asked(options: str, first: int, last: int, paths: list[str]) -> list[str]:
    """-> the words of a marker's options, for these lines or rows of the table at the last of the paths."""
    if shift := SHIFT.search(options):
        less = int(shift[1]) - int(shift[2])
        options, first, last = SHIFT.sub("", options), first - less, last - less
    words = shlex.split(options.partition(" or ")[0])
    values = {"A-B": f"{first}-{last}", "PATH": paths[-1] if paths else ""}
    return [values.get(word, word) for word in words]


def gaps(lines: list[str]) -> Iterator[tuple[str, int, int, list[str]]]:
    """-> for each gap what it counts, its first and last, and the paths of the tables up to it."""
    paths: list[str] = []
    for line in lines:
        if table := re.match(r"table \d+(?: at (.*?))?, \d+ (?:rows|entries): ", line):
            paths.append(table[1] or "")
        if found := GAP.search(line):
            yield found[1].rstrip("s"), int(found[2]), int(found[3] or found[2]), [*paths]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_marker_names_a_command_that_prints_exactly_what_it_stands_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    segment, lines = compressed(name, tmp_path)
    found = next(hit for line in reversed(lines) if (hit := COMMAND.search(line)))
    assert found[1] == segment.ref == ref_of(segment.text)
    missing = list(gaps(lines))
    assert missing
    original = segment.text.split("\n")
    for what, first, last, paths in missing[:: len(missing) // 12 + 1]:
        words = asked(found[2], first, last, paths)
        out = printed([segment.ref, *words])
        if what == "row":
            assert out == [*TABLES[name][paths[-1]][first - 1 : last], ""]
        else:
            less = first - int(words[-1].partition("-")[0])
            assert out == [*original[first - less - 1 : last - less], ""]


def test_a_lock_files_marker_finds_a_package_that_was_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    entry = '[[package]]\nname = "pack-{0}"\nversion = "{0}.0"\nsource = "registry"\nchecksum = "{0}"\n\n'
    text = "".join(entry.format(number) for number in range(100, 200))
    ref = Objects(tmp_path).keep(text)
    segment = Segment(text, "Bash", "cat Cargo.lock", way_back=WAY_BACK, ref=ref)
    found = BY_NAME["config_text"](segment)
    assert found is not None
    marker = COMMAND.search(found.text)
    assert marker is not None and marker[1] == ref
    words = ["pack-150" if word == "PACKAGE" else word for word in shlex.split(marker[2])]
    assert '302:name = "pack-150"' in printed([ref, *words])


def test_a_pages_marker_prints_its_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    paragraphs = "".join(f'<p class="long-name-of-a-class"><b>Paragraph</b> {number}</p>\n' for number in range(200))
    text = f"<!doctype html>\n<html><head><script>let x = 1</script></head><body>{paragraphs}</body></html>"
    ref = Objects(tmp_path).keep(text)
    found = BY_NAME["markup"](Segment(text, "Bash", "curl example.org", way_back=WAY_BACK, ref=ref))
    assert found is not None
    marker = COMMAND.search(found.text)
    assert marker is not None and marker[1] == ref
    values = {"A-B": "1-3", "RE": "script", "PATTERN": "script", "TEXT": "script"}
    out = printed([ref, *(values.get(word, word) for word in shlex.split(marker[2]))])
    assert any("<script>let x = 1</script>" in line for line in out)
