"""`headroom stats`: what is printed, piped, as JSON, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli.stats import command
from headroom_wrap.ledger import Ledger
from headroom_wrap.refused import Refused
from headroom_wrap.segment import Exchange, Outcome, Usage


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    return tmp_path


def record(home: Path, session: str = "s1") -> None:
    ledger = Ledger(home)
    outcome = Outcome("form", "logs", "lines", "r", 1000, 400, tool="Bash")
    usage = Usage(0, 10, 2000, 500)
    ledger.record(
        Exchange(
            session, "claude", "anthropic", "claude-opus-4-5", 1e9, status=200, usage=usage, outcomes=(outcome,),
            project="shop", fixed=(("", 900), ("mcp__git__log", 300)),
        )
    )  # fmt: skip
    ledger.close()


def test_an_empty_ledger_says_what_to_do(home: Path) -> None:
    result = CliRunner().invoke(command, [])
    assert (result.exit_code, result.output.split(".")[0]) == (0, "Nothing recorded yet")


def test_piped_output_is_plain_text(home: Path) -> None:
    record(home)
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0 and "50.3 % of the whole bill saved" in result.output
    assert "\x1b" not in result.output


def test_names_are_whole_where_the_output_is_piped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    record(home, "s" * 300)
    for given in ([], ["--sessions"], ["--session", "s"]):
        lines = CliRunner().invoke(command, given).output.splitlines()
        assert any("s" * 300 in line for line in lines) or not given
        assert not any("…" in line for line in lines)
        assert all(len(line) < 700 for line in lines)


def test_json_has_the_rows_with_unknown_as_null(home: Path) -> None:
    record(home)
    rows = json.loads(CliRunner().invoke(command, ["--json"]).output)
    assert rows["ever"]["effect"] == pytest.approx(4425 / 8800)
    assert (rows["today"]["bill"], rows["today"]["effect"]) == (None, None)
    assert rows["compressors"] == [{"name": "logs", "segments": 1, "changed": 1, "before": 1000, "after": 400}]


def test_the_keys_that_programs_rely_on_stand_in_the_documentation(home: Path) -> None:
    record(home)
    rows = json.loads(CliRunner().invoke(command, ["--json"]).output)
    documented = (Path(__file__).parents[2] / "docs" / "stats.md").read_text(encoding="utf-8")
    assert rows["version"] == 1
    assert [key for key in (*rows, *rows["ever"]) if f"`{key}`" not in documented] == []


@pytest.mark.parametrize(
    ("given", "exchanges"),
    [
        (["--session", "s1"], 1),
        (["--project", "shop"], 1),
        (["--project", "other"], 0),
        (["--since", "7d"], 0),
        (["--since", "2001-09-01"], 1),
        (["--since", "2001-10-01T12:00"], 0),
    ],
)
def test_only_what_is_asked_for_is_summed(home: Path, given: list[str], exchanges: int) -> None:
    record(home)
    rows = json.loads(CliRunner().invoke(command, ["--json", *given]).output)
    assert rows["ever"]["exchanges"] == exchanges


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nobody", "session nobody: not in the ledger; the latest is s1-again, headroom stats --sessions lists all"),
        ("s1-", "session s1-: several begin so; say which: s1-again, s1-after"),
        ("%", "session %: not in the ledger; the latest is s1-again, headroom stats --sessions lists all"),
    ],
)
def test_a_session_that_is_not_one_is_refused_in_one_line(home: Path, given: str, said: str) -> None:
    record(home)
    record(home, "s1-after")
    record(home, "s1-again")
    result = CliRunner().invoke(command, ["--session", given])
    assert isinstance(result.exception, Refused) and str(result.exception) == said


def test_a_name_that_is_a_session_s_own_is_that_one_however_many_begin_so(home: Path) -> None:
    for name in ("s1", *(f"s1-{number}" for number in range(7))):
        record(home, name)
    rows = json.loads(CliRunner().invoke(command, ["--session", "s1", "--json"]).output)
    assert rows["window"]["session"] == "s1"
    said = str(CliRunner().invoke(command, ["--session", "s"]).exception)
    assert said.endswith("say which: s1-6, s1-5, s1-4, s1-3, s1-2, …; headroom stats --sessions lists them")


def test_the_sessions_are_listed_the_latest_first(home: Path) -> None:
    assert "No session is in the ledger" in CliRunner().invoke(command, ["--sessions"]).output
    record(home)
    record(home, "s2")
    record(home, "s2")
    shown = CliRunner().invoke(command, ["--sessions"]).output.splitlines()
    assert [line.split() for line in shown[1:3]] == [
        ["s2", "claude", "2001-09-09", shown[1].split()[3], "shop", "2", "600", "42.0", "%"],
        ["s1", "claude", "2001-09-09", shown[1].split()[3], "shop", "1", "600", "50.3", "%"],
    ]
    (row,) = json.loads(CliRunner().invoke(command, ["--sessions", "--json", "--project", "shop"]).output)[1:]
    assert (row["session"], row["requests"], row["before"], row["after"]) == ("s1", 1, 1000, 400)
    assert json.loads(CliRunner().invoke(command, ["--sessions", "--json", "--project", "x"]).output) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--watch --json", "--watch and --json exclude each other; give one of them"),
        ("--json --html x", "--json and --html exclude each other; give one of them"),
        ("--misses --fixed --sessions", "--sessions and --misses and --fixed exclude each other"),
        ("--fixed --html x", "--fixed and --html exclude each other"),
        ("--session s1 --sessions", "--sessions and --session exclude each other"),
    ],
)
def test_options_that_exclude_each_other_are_refused(home: Path, given: str, said: str) -> None:
    record(home)
    result = CliRunner().invoke(command, given.split())
    assert result.exit_code == 2 and said in result.output
    assert not Path("x").exists()


def test_a_session_is_shown_to_its_last_result(home: Path) -> None:
    record(home)
    shown = CliRunner().invoke(command, ["--session", "s"]).output
    assert re.search(r"1\. \d\d:\d\d:\d\d claude-opus-4-5 · 2\.5k prompt, 2\.0k read, 10 out", shown)
    assert re.search(r"Bash +1\.0k → 400 +r +logs: lines", shown)
    rows = json.loads(CliRunner().invoke(command, ["--session", "s1", "--json"]).output)
    assert rows["turns"][0]["sent"][0]["ref"] == "r" and rows["window"]["session"] == "s1"


def test_an_age_that_is_none_is_a_usage_error(home: Path) -> None:
    result = CliRunner().invoke(command, ["--since", "yesterday"])
    assert result.exit_code == 2 and "neither an age such as 7d nor a day such as 2026-11-22" in result.output


def test_what_every_request_carries_is_shown_by_tool(home: Path) -> None:
    record(home)
    result = CliRunner().invoke(command, ["--fixed"])
    assert (
        re.search(r"mcp__git__log +300 +0", result.output)
        and "MCP server git, 1 tool: never called in 1 request;" in result.output
    )
    (system, tool) = json.loads(CliRunner().invoke(command, ["--fixed", "--json"]).output)
    assert (system["name"], tool["server"], tool["calls"]) == ("", "git", 0)


def test_a_page_is_written_and_a_place_that_cannot_be_is_said(home: Path) -> None:
    record(home)
    assert CliRunner().invoke(command, ["--html", str(home / "page.html")]).exit_code == 0
    assert (home / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    result = CliRunner().invoke(command, ["--html", str(home / "no" / "page.html")])
    assert isinstance(result.exception, Refused) and "No such file or directory" in str(result.exception)


def run(given: list[str], out: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "headroom_wrap", "stats", *given]
    return subprocess.Popen(arguments, stdout=out, stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize("given", [[], ["--json"], ["--fixed"], ["--misses"], ["--session", "s1"]])
def test_a_closed_pipe_and_a_full_disk_are_no_traceback(home: Path, given: list[str]) -> None:
    record(home)
    with run(given) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        assert (child.stderr.read(), child.wait()) == (b"", 1)
    with Path("/dev/full").open("wb") as full, run(given, full.fileno()) as child:
        said = child.communicate()[1].decode()
    assert said == "headroom: the output can't be written: No space left on device; free the disk or write elsewhere\n"
    assert child.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("given", [[], ["--fixed"], ["--misses"], ["--session", "s1"]])
def test_a_terminal_without_utf_8_gets_ascii(home: Path, given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    record(home)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with run(given) as child:
        out, said = child.communicate()
    assert out.isascii() and out and said == b""


def test_watching_without_a_terminal_is_refused(home: Path) -> None:
    result = CliRunner().invoke(command, ["--watch"])
    assert result.exit_code == 2 and "needs a terminal" in result.output


def test_bad_prices_are_one_line(home: Path) -> None:
    record(home)
    (home / "prices.json").write_text("{}")
    result = CliRunner().invoke(command, [])
    assert isinstance(result.exception, Refused) and "prices.json" in str(result.exception)
