"""What a purge removes, what it leaves, and that it asks first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headroom_wrap.agents import Server
from headroom_wrap.cli import group
from headroom_wrap.cli.purge import command
from headroom_wrap.ledger import Ledger
from headroom_wrap.mcp.install import install
from headroom_wrap.refused import Refused
from headroom_wrap.segment import Exchange, Outcome
from headroom_wrap.store import UnknownRef
from headroom_wrap.store.local import LocalStore


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path))
    store, ledger = LocalStore(tmp_path), Ledger(tmp_path)
    for name in ("one", "two"):
        outcome = Outcome("form", ref=store.keep(f"secret of {name}"), before=9, after=1)
        store.decide({name.encode(): outcome})
        ledger.record(Exchange(name, "claude", "anthropic", "m", 1e9, status=200, outcomes=(outcome,)))
    store.close()
    ledger.close()
    return tmp_path


def purged(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(command, words, input=answer)


def left(home: Path) -> list[str]:
    """-> the sessions of which original, decision and ledger row are all still there."""
    store, ledger = LocalStore(home), Ledger(home)
    found = []
    for name in ("one", "two"):
        parts = [bool(store.decided([name.encode()])), bool(ledger.refs(session=name))]
        try:
            parts.append(bool(store.restore(store.decided([name.encode()])[name.encode()].ref)))
        except (UnknownRef, KeyError):
            parts.append(False)
        assert len(set(parts)) == 1
        found += [name] * parts[0]
    store.close()
    ledger.close()
    return found


def test_a_session_goes_whole_and_others_stay(home: Path) -> None:
    result = purged("--session", "one", "--yes")
    assert result.output == "Removed 1 original (0.0 MB), 1 decision, 1 ledger row of session one.\n"
    assert left(home) == ["two"]
    assert not any(b"secret of one" in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_the_beginning_of_an_id_is_enough_where_it_is_one_session_s(home: Path) -> None:
    ledger = Ledger(home)
    ledger.record(Exchange("once", "claude", "anthropic", "m", 1e9, status=200))
    ledger.close()
    assert str(purged("--session", "on", "--yes").exception) == "session on: several begin so; say which: once, one"
    assert "all of session two from" in purged("--session", "tw", answer="n\n").output
    assert left(home) == ["one", "two"]
    assert purged("--session", "tw", "--yes").exit_code == 0
    assert left(home) == ["one"]


def test_what_another_session_refers_to_stays_until_that_goes_too_and_is_counted(home: Path) -> None:
    store, ledger = LocalStore(home), Ledger(home)
    payload = store.keep("both read this")
    outcome = Outcome(f"form, rest {payload}", ref=store.keep("the whole"), before=9, after=1)
    store.decide({b"of both": outcome})
    for name in ("one", "three"):
        ledger.record(Exchange(name, "claude", "anthropic", "m", 1e9, status=200, outcomes=(outcome,)))
    ledger.close()

    asked = purged("--session", "one", answer="n\n").output
    assert asked.startswith("Remove all of session one, but 2 originals that other sessions refer to, from ")
    said = purged("--session", "one", "--yes").output
    assert said.startswith("Removed 1 original (") and "1 decision, 2 ledger rows of session one.\n" in said
    assert said.endswith("Kept 2 originals that other sessions refer to, until those are purged too.\n")
    assert store.restore(payload) == "both read this" and store.restore(outcome.ref) == "the whole"
    assert LocalStore(home).decided([b"of both"])

    assert purged("--session", "three", "--yes").output.startswith("Removed 2 originals (")
    with pytest.raises(UnknownRef):
        LocalStore(home).restore(payload)
    store.close()


def test_everything_goes_after_a_yes(home: Path) -> None:
    result = purged("--all", answer="y\n")
    assert "Remove everything from" in result.output and "Removed 2 originals" in result.output
    assert left(home) == []


def test_nothing_of_what_we_made_stays_and_what_is_not_ours_does(home: Path) -> None:
    (home / "mine.txt").write_text("mine")
    shared = home / "objects" / "notes"
    shared.mkdir()
    (shared / "mine.txt").write_text("mine")
    assert "objects" in purged("--all", "--yes").output
    assert sorted(path.relative_to(home).as_posix() for path in home.rglob("*.txt")) == [
        "mine.txt",
        "objects/notes/mine.txt",
    ]
    (shared / "mine.txt").unlink()
    (home / "mine.txt").unlink()
    assert "Not removed" not in purged("--all", "--yes").output
    assert not home.exists()


def test_what_is_left_is_named_with_its_removal(home: Path) -> None:
    (home / "ca").mkdir()
    (home / "journal").mkdir()
    said = purged("--all", "--yes").output
    assert "  ca           the certificate authority and its key" in said
    assert said.endswith(f"cd {home} && rm -r ca journal\n")


def test_what_is_still_installed_is_to_be_uninstalled_before_the_journal_goes(home: Path) -> None:
    (home / "shims").mkdir()
    (home / "shims" / "claude").touch()
    config = home / "agent" / ".cursor" / "mcp.json"
    install("cursor", Server(("/gone/headroom", "mcp"), {}), home, {"HOME": str(home / "agent")})
    said = purged("--all", "--yes").output
    assert "rm -r" not in said
    assert "first run: headroom mcp uninstall && headroom shim uninstall\n" in said

    for name in ("mcp", "shim"):
        CliRunner().invoke(group, [name, "uninstall"], catch_exceptions=False)
    assert not config.exists()
    assert purged("--all", "--yes").output.endswith("rm -r journal\n")


def test_a_database_that_an_agent_has_open_stays_and_goes_on(home: Path) -> None:
    code = "from headroom_wrap.store.local import LocalStore; from pathlib import Path; import sys\n"
    code += "store = LocalStore(Path(sys.argv[1])); store.decided([b'one']); print('open', flush=True); input()\n"
    code += "ref = store.keep('again'); print(store.restore(ref), store.decided([b'two']), flush=True)"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, str(home)], stdin=pipe, stdout=pipe, text=True) as agent:
        assert agent.stdout is not None and agent.stdout.readline() == "open\n"
        assert "empty, a running agent has it open" in purged("--all", "--yes").output
        assert agent.communicate("\n")[0] == "again {}\n"


def test_anything_but_yes_removes_nothing(home: Path) -> None:
    for answer in ("n\n", "\n"):
        assert purged("--all", answer=answer).output.endswith("Nothing was removed.\n")
    assert isinstance(purged("--all", answer="").exception, Refused)
    assert left(home) == ["one", "two"]


def test_what_was_used_lately_stays(home: Path) -> None:
    result = purged("--older-than", "1h", "--yes")
    assert result.output == "Removed 0 originals (0.0 MB), 0 decisions, 2 ledger rows.\n"


@pytest.mark.parametrize("words", [(), ("--all", "--session", "x"), ("--older-than", "soon"), ("--older-than", "0")])
def test_a_purge_that_does_not_say_what_is_refused(home: Path, words: tuple[str, ...]) -> None:
    assert purged(*words, "--yes").exit_code == 2
    assert left(home) == ["one", "two"]


def test_an_unknown_session_removes_nothing(home: Path) -> None:
    assert str(purged("--session", "nobody", "--yes").exception).startswith("session nobody: not in the ledger")
    assert left(home) == ["one", "two"]
