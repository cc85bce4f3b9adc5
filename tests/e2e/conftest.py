"""The real agents, a small project for them to look at, and a home folder that is thrown away."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headroom_wrap.demo.script import Step, read, run, say, search
from headroom_wrap.demo.upstream import Received, Upstream
from headroom_wrap.settings import environment

from .corporate import corporate_proxy
from .hop import Hop

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def agents() -> str:
    """-> the folders of the agents' commands, as on PATH: HEADROOM_TEST_AGENTS, or what scripts/agents installs."""
    given = environment().get("HEADROOM_TEST_AGENTS")
    if given:
        return given
    if shutil.which("npm") is None:
        pytest.skip("no npm here, and HEADROOM_TEST_AGENTS is not set")
    made = subprocess.run([ROOT / "scripts" / "agents"], check=True, capture_output=True, text=True, timeout=900)
    return made.stdout.strip()


@dataclass
class Ran:
    """One run: what the agent sent, what the provider received, what was printed, and how it ended."""

    code: int
    out: str
    err: str
    sent: list[bytes]
    received: list[Received]
    refused: list[str] = field(default_factory=list)


@dataclass
class World:
    """A user's machine in a folder: `home`, a project, headroom's own data, and the agents."""

    folder: Path
    agents: str
    given: dict[str, str] = field(default_factory=dict)

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
            **self.given,
        }

    def has(self, files: dict[str, str], environment: dict[str, str]) -> None:
        """Put files into the home folder, and variables into the environment."""
        for name, text in files.items():
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / name).write_text(text)
        self.given.update(environment)

    def executable(self, name: str) -> Path:
        """-> where an agent's command is; the test is skipped where that agent can't be installed."""
        found = shutil.which(name, path=self.agents)
        if found is None:
            pytest.skip(f"{name} is not among the agents of HEADROOM_TEST_AGENTS")
        return Path(found)

    def wrap(
        self, upstream: Upstream, name: str, *arguments: str, options: tuple[str, ...] = (), command: str = ""
    ) -> Ran:
        """-> what came of `headroom wrap NAME -- ARGUMENTS` with a recording hop between agent and proxy.

        All requests go to the upstream whatever host they were for; `command` is the agent's where it isn't NAME.
        """
        with Hop(self.folder) as hop:
            return self._run(hop, upstream, (*options, "--upstream", upstream.url), name, arguments, command)

    def wrap_by_connect(
        self, upstream: Upstream, name: str, *arguments: str, hosts: tuple[str, ...], command: str = ""
    ) -> Ran:
        """-> the same with an agent that is led by HTTPS_PROXY: a company's proxy leads these hosts to the upstream."""
        port = upstream.server.server_port
        with Hop(self.folder, hosts) as hop, corporate_proxy(self.folder, port, hosts) as corporate:
            given = {"HTTPS_PROXY": corporate.url, "SSL_CERT_FILE": str(corporate.root)}
            self.given = {**self.given, **given}
            ran = self._run(hop, upstream, (), name, arguments, command)
            ran.refused += corporate.refused
            return ran

    def wrap_command(self, upstream: Upstream, via: str, *command: str) -> Ran:
        """-> what came of `headroom wrap -- COMMAND`, by CONNECT with api.openai.com led to the upstream."""
        given = self.environment()
        with corporate_proxy(self.folder, upstream.server.server_port, ("api.openai.com",)) as corporate:
            to = ("--upstream", upstream.url) if via == "base" else ()
            if via == "connect":
                given |= {"HTTPS_PROXY": corporate.url, "SSL_CERT_FILE": str(corporate.root)}
            ended = self._ended(("--via", via, *to, "--", *command), given)
        return Ran(ended.returncode, ended.stdout, ended.stderr, [], upstream.inference())

    def _run(
        self,
        hop: Hop,
        upstream: Upstream,
        options: tuple[str, ...],
        name: str,
        arguments: tuple[str, ...],
        command: str,
    ) -> Ran:
        given, before = self.environment(), len(upstream.inference())
        given["PATH"] = f"{hop.shim(self.executable(command or name))}:{given['PATH']}"
        ended = self._ended((*options, name, "--", *arguments), given)
        return Ran(ended.returncode, ended.stdout, ended.stderr, hop.bodies(), upstream.inference()[before:])

    def _ended(self, arguments: tuple[str, ...], given: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "headroom_wrap", "wrap", *arguments],
            cwd=self.project,
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )


@pytest.fixture
def world(tmp_path: Path, agents: str) -> Iterator[World]:
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
