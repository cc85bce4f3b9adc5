from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli import COMMANDS, group
from headroom_wrap.settings import environment

HEAVY = {"torch", "transformers", "mitmproxy", "mcp", "numpy", "tiktoken", "rich", "tree_sitter", "sqlite3", "asyncio"}

LOADED = """\
import sys
from headroom_wrap.cli import main
sys.argv = ["headroom", "--help"]
try:
    main()
finally:
    print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def help_run() -> str:
    return subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    text, _, loaded = help_run().partition("LOADED")

    assert [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.startswith("  ")] == [
        *COMMANDS
    ]
    assert HEAVY & set(loaded.split()) == set()


def test_help_takes_at_most_150_ms_of_a_processor() -> None:
    """Processor time: on a machine that is busy with other tests the clock says nothing about us."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        help_run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(5)) < 0.15


def test_every_command_has_its_module() -> None:
    for name in COMMANDS:
        ended = CliRunner().invoke(group, [name, "--help"])
        assert (name, ended.exit_code) == (name, 0)


def test_an_unknown_command_is_an_error_of_use() -> None:
    ended = CliRunner().invoke(group, ["rap"])

    assert ended.exit_code == 2
    assert "No such command 'rap'" in ended.output


def test_the_version_is_said_also_from_a_checkout() -> None:
    assert CliRunner().invoke(group, ["--version"]).output.startswith("headroom")


def ran(home: Path, *words: str, before: str = "pass", **variables: str) -> tuple[int, str, str]:
    """-> exit code, stdout and stderr of the command with nobody to answer it, after some Python."""
    source = f"import sys, os; {before}; from headroom_wrap.cli import main; main()"
    command = [sys.executable, "-c", source, *words]
    given = {**environment(), "HEADROOM_HOME": str(home), **variables}
    pipe = subprocess.PIPE
    ended = subprocess.run(command, env=given, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, check=False)
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("get", "headroom: Missing argument 'REF'; see headroom get --help"),
        (
            "get --lines x abc",
            "headroom: Invalid value for '--lines': 'x' is not a range such as 120-188; see headroom",
        ),
        ("get 1234", "headroom: 1234: mistyped, its check character does not fit; copy it from the marker again"),
        ("stats -Z", "headroom: No such option '-Z'; see headroom stats --help"),
        ("rap", "headroom: No such command 'rap'; see headroom --help"),
        ("purge", "headroom: say what to remove: one of --session ID, --older-than 30d, --all; see headroom purge"),
        ("purge --all", "headroom: nothing was removed: nobody answered; give --yes if you are sure"),
        ("purge --session nope --yes", "headroom: session nope: not in the ledger; run `headroom wrap claude` first"),
    ],
)
def test_what_the_user_can_mend_is_one_line(words: str, says: str, tmp_path: Path) -> None:
    code, _, err = ran(tmp_path, *words.split())
    assert code == 2
    assert err.startswith(says) and err.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        (
            "HEADROOM_WAY_BACK",
            "shel",
            "HEADROOM_WAY_BACK: 'shel' is not auto, shell, mcp or none; correct or remove it",
        ),
        (
            "HEADROOM_COMPRESSORS",
            "log",
            "HEADROOM_COMPRESSORS: there is no compressor 'log'; use some of records, ",
        ),
        ("HEADROOM_FLOR", "3", "HEADROOM_FLOR: there is no such setting; did you mean HEADROOM_FLOOR? Rename or unset"),
    ],
)
def test_a_setting_that_cannot_be_used_starts_nothing(variable: str, value: str, says: str, tmp_path: Path) -> None:
    code, out, err = ran(tmp_path, "wrap", "claude", **{variable: value})
    assert (code, out) == (2, "")
    assert err.startswith(f"headroom: {says}") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("wrap -- true", "headroom: the current folder has been removed; change to one that is there\n"),
        ("get 1234", "headroom: 1234: mistyped, its check character does not fit; copy it from the marker again\n"),
    ],
)
def test_a_current_folder_that_is_gone_is_one_line_where_it_matters(words: str, says: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    before = f"import headroom_wrap.cli; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"

    assert ran(tmp_path, *words.split(), before=before) == (2, "", says)


def test_variables_of_other_programs_are_theirs(tmp_path: Path) -> None:
    assert ran(tmp_path, "stats", HEADROOM_TELEMETRY="off", HEADROOM_BASH_ENV="x")[0] == 0


@pytest.mark.parametrize("words", ["demo", "stats", "get --help"])
def test_a_terminal_that_takes_only_ascii_gets_ascii(words: str, tmp_path: Path) -> None:
    code, out, err = ran(tmp_path, *words.split(), PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert out.isascii() and "?" not in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", ["stats", "get --help", "--help"])
def test_a_full_disk_behind_the_output_is_one_line(words: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "headroom_wrap", *words.split()]
    given = {**environment(), "HEADROOM_HOME": str(tmp_path)}
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, env=given, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 2
    says = b"headroom: the output can't be written: No space left on device; free the disk or write elsewhere\n"
    assert ended.stderr == says


@pytest.mark.parametrize("words", [(), ("shim",)])
def test_without_a_command_the_help_is_shown(words: tuple[str, ...], tmp_path: Path) -> None:
    code, out, err = ran(tmp_path, *words)
    assert (code, err) == (0, "") and "Commands:" in out
