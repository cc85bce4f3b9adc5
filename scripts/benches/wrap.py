"""How much later an agent's first byte comes with `headroom wrap` in front: real agents, in pairs, on this machine.

The provider is scripted, on loopback. Every agent gets a home of its own, once used before the first pair. Interactive
agents write to a terminal of their own; the wrapper's title goes to stderr and is not counted.
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from headroom_wrap.demo.script import say
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.settings import environment

ROOT = Path(__file__).parents[2]
CASES = {
    "claude --version": ("claude", "--version"),
    "claude -p": ("claude", "-p", "Say hello."),
    "claude, interactive": ("claude",),
    "codex exec": ("codex", "exec", "--skip-git-repo-check", "--sandbox", "read-only", "Say hello."),
}
LIMIT = 60.0


@contextmanager
def first_byte(command: list[str], given: Mapping[str, str], folder: Path, terminal: bool) -> Iterator[float]:
    """-> seconds from the start to the first byte of output."""
    leader, follower = pty.openpty() if terminal else os.pipe()
    began = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(given),
        stdin=follower if terminal else subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(follower)
    try:
        assert select.select([leader], [], [], LIMIT)[0], command
        os.read(leader, 1)
        yield time.perf_counter() - began
    finally:
        if terminal:
            child.terminate()
        while not terminal and os.read(leader, 65_536):
            pass
        child.wait()
        os.close(leader)


def processor() -> float:
    """-> seconds of processor time of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pair(case: tuple[str, ...], upstream: Upstream, given: Mapping[str, str], folder: Path) -> tuple[float, ...]:
    """-> seconds to the first byte without and with headroom, and how much more processor time the whole run takes;
    the direct run is pointed at the same provider."""
    name, *arguments = case
    wrap = [sys.executable, "-m", "headroom_wrap", "wrap", "--upstream", upstream.url, name, "--", *arguments]
    base = [f'-copenai_base_url="{upstream.url}/v1"'] if name == "codex" else []
    direct = [str(Path(given["AGENTS"]) / name), *base, *arguments]
    terminal = case == CASES["claude, interactive"]
    start = processor()
    with first_byte(direct, {**given, "ANTHROPIC_BASE_URL": upstream.url}, folder, terminal) as without:
        pass
    between = processor()
    with first_byte(wrap, given, folder, terminal) as behind:
        pass
    return without, behind, (processor() - between) - (between - start)


def measure(agents: Path, rounds: int) -> None:
    print("| first byte of | without | with wrap | later, median | most | processor time of the whole run |")
    print("| --- | --: | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as name, Upstream([say("Hello.")]) as upstream:
        folder = Path(name)
        (folder / "codex").mkdir()
        given = {
            "PATH": f"{agents}:{environment()['PATH']}",
            "HOME": name,
            "CODEX_HOME": str(folder / "codex"),
            "HEADROOM_HOME": str(folder / "headroom"),
            "PYTHONPATH": str(ROOT),
            "ANTHROPIC_API_KEY": "sk-ant-dummy",
            "CODEX_API_KEY": "sk-dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "TERM": "xterm",
            "AGENTS": str(agents),
        }
        for label, case in CASES.items():
            pair(case, upstream, given, folder)  # makes the agent's files, and ours
            pairs = [pair(case, upstream, given, folder) for _ in range(rounds)]
            without, behind, more = (statistics.median(times) for times in zip(*pairs, strict=True))
            later = [one - other for other, one, _ in pairs]
            figures = (
                f"{without:.2f}",
                f"{behind:.2f}",
                f"{statistics.median(later):+.2f}",
                f"{max(later):+.2f}",
                f"{more:+.2f}",
            )
            print(f"| {label} | {' s | '.join(figures)} s |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of each kind, after one that is not counted")
    given = parser.parse_args()
    folder = environment().get("HEADROOM_TEST_AGENTS") or subprocess.check_output([ROOT / "scripts/agents"], text=True)
    inside = Path(folder.strip()) / "node_modules" / ".bin"
    measure(inside if inside.is_dir() else Path(folder.strip()), given.rounds)


if __name__ == "__main__":
    main()
