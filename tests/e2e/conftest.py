"""The real agents, a small project for them to look at, and a home folder that is thrown away."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest

from headroom_wrap.demo.script import Step, read, run, say, search
from headroom_wrap.demo.upstream import Received, Upstream
from headroom_wrap.settings import environment

from .hop import Hop

ROOT = Path(__file__).parents[2]
VERSIONS = ("@anthropic-ai/claude-code@2.1.197", "@openai/codex@0.169.0")


@pytest.fixture(scope="session")
def agents() -> Path:
    """-> the folder of the agents' commands: HEADROOM_TEST_AGENTS (that folder, or where npm put them), or installed
    once with npm, in fixed versions."""
    given = environment().get("HEADROOM_TEST_AGENTS")
    if given:
        inside = Path(given) / "node_modules" / ".bin"
        return inside if inside.is_dir() else Path(given)
    if shutil.which("npm") is None:
        pytest.skip("no npm here, and HEADROOM_TEST_AGENTS is not set")
    prefix = Path(platformdirs.user_cache_dir("headroom-tests")) / "-".join(
        each.rpartition("@")[2] for each in VERSIONS
    )
    commands = prefix / "node_modules" / ".bin"
    if not all((commands / name).exists() for name in ("claude", "codex")):
        prefix.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(prefix), *VERSIONS]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    return commands


@dataclass
class Ran:
    """One run: what the agent sent, what the provider received, what was printed, and how it ended."""

    code: int
    out: str
    err: str
    sent: list[bytes]
    received: list[Received]


@dataclass
class World:
    """A user's machine in a folder: `home`, a project, headroom's own data, and the agents."""

    folder: Path
    agents: Path

    def __post_init__(self) -> None:
        self.home, self.project = self.folder / "home", self.folder / "project"
        (self.home / "codex").mkdir(parents=True)
        (self.project / "src").mkdir(parents=True)
        (self.project / "big.json").write_text(big_json())
        (self.project / "build.log").write_text(log())
        (self.project / "src" / "app.py").write_text(app())

    def script(self) -> list[Step]:
        """-> commands with big JSON and with a log, a file read, a search, the JSON once more, the answer."""
        look = [run("cat big.json"), run("cat build.log"), read(str(self.project / "src" / "app.py"))]
        return [*look, search("TODO", str(self.project)), run("cat big.json"), say("All done.")]

    def environment(self) -> dict[str, str]:
        """-> dummy keys, and folders of its own; of this process's environment only PATH."""
        return {
            "PATH": environment()["PATH"],
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home / "codex"),
            "HEADROOM_HOME": str(self.folder / "headroom"),
            "PYTHONPATH": str(ROOT),
            "ANTHROPIC_API_KEY": "sk-ant-dummy",
            "CODEX_API_KEY": "sk-dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }

    def wrap(self, upstream: Upstream, name: str, *arguments: str, options: tuple[str, ...] = ()) -> Ran:
        """-> what came of `headroom wrap NAME -- ARGUMENTS` with a recording hop between agent and proxy."""
        with Hop(self.folder) as hop:
            given = self.environment()
            given["PATH"] = f"{hop.shim(self.agents / name)}:{given['PATH']}"
            command = [sys.executable, "-m", "headroom_wrap", "wrap", "--upstream", upstream.url, *options, name, "--"]
            ended = subprocess.run(
                [*command, *arguments],
                cwd=self.project,
                env=given,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            return Ran(ended.returncode, ended.stdout, ended.stderr, hop.bodies(), upstream.inference())


@pytest.fixture
def world(tmp_path: Path, agents: Path) -> Iterator[World]:
    return World(tmp_path, agents)


def big_json() -> str:
    records = [
        {"id": number, "name": f"service-{number}", "status": "ok", "latency_ms": number * 37 % 211, "region": "eu"}
        for number in range(220)
    ]
    return json.dumps({"records": records}, indent=1)


def app() -> str:
    parts = [
        f'def handler_{number}(payload):\n    """Handle case {number}."""\n    # TODO: speed this up\n'
        f'    total = {number}\n    for item in payload:\n        total += item["latency_ms"]\n    return total\n'
        for number in range(60)
    ]
    return "\n\n".join(parts)


def log() -> str:
    lines = [
        f"2026-02-13T09:00:{number % 60:02} INFO worker {number % 4} finished job {number}" for number in range(400)
    ]
    lines[211] = "2026-02-13T09:00:31 ERROR worker 3 lost job 211: connection reset"
    return "\n".join(lines) + "\n"
