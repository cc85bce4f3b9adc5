"""References in, printed originals out: ranges, matches, limits, errors, and the time it takes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headroom_wrap.cli.get import command
from headroom_wrap.marker import ref_of
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
    for words in (("--grep", "absent"), ("--lines", "201-"), ("--grep", "absent", "--head", "1", "--tail", "1")):
        assert got(ref, *words).output == f"[headroom original {ref} · none of its 200 lines is wanted]\n"


def test_what_it_is_without_its_text(ref: str) -> None:
    assert got(ref, "--stat").output == (
        f"[headroom original {ref} · 200 lines, {len(TEXT)} characters · Bash: make test]\n"
    )


def test_long_output_is_cut_at_a_line_and_says_how_to_go_on(home: Path) -> None:
    text = "x" * 999 + "\n"
    ref = Objects(home).keep(text * 40)
    first = got(ref).output
    assert first.startswith(f"[headroom original {ref} lines 1-16 of 40]\n{text}")
    assert first.endswith(f"[lines 17-40 follow · headroom get {ref} --lines 17-40, or --all]\n")
    assert got(ref, "--lines", "17-40").output.startswith(f"[headroom original {ref} lines 17-32 of 40]\n")
    assert got(ref, "--all").output == f"[headroom original {ref} lines 1-40 of 40]\n{text * 40}"


def test_one_endless_line_comes_in_ranges_of_characters(home: Path) -> None:
    text = "head\n" + "0123456789" * 3000
    ref = Objects(home).keep(text)
    first = got(ref, "--lines", "2").output
    assert first == (
        f"[headroom original {ref} characters 6-16005 of 30005]\n{text[5:16005]}\n"
        f"[characters 16006-30005 follow · headroom get {ref} --chars 16006-30005]\n"
    )
    assert got(ref, "--chars", "16006-30005").output == (
        f"[headroom original {ref} characters 16006-30005 of 30005]\n{text[16005:]}"
    )


def test_carriage_returns_and_foreign_letters_come_out_byte_for_byte(home: Path) -> None:
    text = "a\r\nü\u2028日本\rb"
    ref = Objects(home).keep(text)
    assert got(ref).stdout_bytes == f"[headroom original {ref} lines 1-2 of 2]\n{text}".encode()


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
    assert not {"rich", "tiktoken", "sqlite3", "mitmproxy", "asyncio"} & set(loaded.split())
