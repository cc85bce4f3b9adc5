from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.cli.demo import command, typed
from headroom_wrap.demo.recorded import session
from headroom_wrap.settings import environment

ROOT = Path(__file__).parents[2]


def demo(columns: int, folder: Path) -> str:
    given = {**environment(), "COLUMNS": str(columns), "HOME": str(folder), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    words = [sys.executable, "-m", "headroom_wrap", "demo"]
    return subprocess.run(words, env=given, capture_output=True, text=True, check=True, timeout=60).stdout


def computed() -> float:
    """Processor seconds of all the processes that have ended: how long the machine lets them wait is not the demo's."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 80, 140])
def test_the_demo_shows_each_request_and_fits_the_width(columns: int, tmp_path: Path) -> None:
    before = computed()
    out = demo(columns, tmp_path)

    assert computed() - before < 15
    assert max(map(len, out.splitlines())) <= columns
    assert "\x1b" not in out
    for turn in session():
        assert turn.about[:12] in out
    assert list(tmp_path.iterdir()) == []


def test_the_help_says_as_the_output_does_that_the_session_is_made_up() -> None:
    assert "made-up agent session" in " ".join(CliRunner().invoke(command, ["--help"]).output.split())


def test_the_demos_figures_are_those_of_the_product(tmp_path: Path) -> None:
    out = demo(100, tmp_path)

    saved, before, after = re.search(r"(\d+) % fewer tokens of what the agent read: ([\d,]+) → ([\d,]+)", out).groups()
    tokens = [[int(cell.replace(",", "")) for cell in re.findall(r"[\d,]+", line)[:2]] for line in rows(out)]
    assert [sum(column) for column in zip(*tokens, strict=True)] == [int(n.replace(",", "")) for n in (before, after)]
    assert int(saved) >= 40
    assert "Prompt cache held in 9 of 9 requests" in out
    checked = re.search(r"(\d+) of (\d+) references gave back the exact original", out)
    assert checked[1] == checked[2] != "0"


def script(folder: Path, name: str) -> Path:
    made = folder / name
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text("")
    made.chmod(0o755)
    return made


def test_the_hint_is_the_command_as_the_user_typed_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed, other = script(tmp_path, "bin/headroom"), script(tmp_path, "other/headroom")
    checkout, inside = script(tmp_path, "src/scripts/headroom"), script(tmp_path, "src/.venv/bin/headroom")
    monkeypatch.setattr("headroom_wrap.cli.demo.SCRIPT", checkout)
    monkeypatch.setenv("PATH", str(installed.parent))
    assert typed(installed) == "headroom"
    assert typed(other) == str(other)
    assert typed(inside) == str(checkout)
    monkeypatch.chdir(tmp_path / "src")
    assert typed(inside) == "scripts/headroom"
    assert typed(tmp_path / "headroom_wrap" / "__main__.py") == f"{sys.executable} -m headroom_wrap"
    monkeypatch.setenv("PATH", str(inside.parent))
    assert typed(inside) == "headroom"


def rows(out: str) -> list[str]:
    """-> the figures of the table's rows that show a tool result."""
    return [
        line[len(turn.about) :] for line in out.splitlines() for turn in session() if line.startswith(turn.about + "  ")
    ]
