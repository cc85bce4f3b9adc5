"""The real agents fetch what was left out, by shell, by their own read and by MCP: the exact text, and no prompt."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from headroom_wrap.demo.script import Step, read, run, say, use
from headroom_wrap.demo.upstream import Received, Upstream
from headroom_wrap.ledger import Ledger
from headroom_wrap.redemption import Misses

from .conftest import Ran, World, log

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CODEX = ("exec", "--skip-git-repo-check", "--sandbox", "read-only", "Look at it.")
CLAUDE = ("-p", "Look at it.", "--allowedTools", "Bash(cat:*)")
AGENTS = [("claude", CLAUDE), ("codex", CODEX)]
FOOTER = re.compile(r"· (headroom get|\S*headroom_retrieve) ([0-9a-z]{11,}) --lines (\d+-\d+|A-B)")
GAP = re.compile(r"\[lines (\d+)-(\d+) folded")


def wrapped(world: World, name: str, arguments: tuple[str, ...], *steps: Step, options: tuple[str, ...] = ()) -> Ran:
    """-> what came of a session with these steps."""
    with Upstream([*steps, say("All done."), say("All done.")]) as upstream:
        ran = world.wrap(upstream, name, *arguments, options=options)
    assert ran.code == 0, ran.err
    return ran


def strings(value: Any) -> Iterator[str]:
    """-> every string in a JSON document; of one that is itself JSON, the strings inside too."""
    if isinstance(value, str):
        yield value
        if value[:1] in '{["':
            try:
                yield from strings(json.loads(value))
            except ValueError:
                return
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(each)


def received(requests: list[Received]) -> list[str]:
    return [text for request in requests for text in strings(request.json())]


def folded(texts: list[str]) -> tuple[str, int, int]:
    """-> the reference in the first footer, and the lines of the longest gap above it."""
    text = next(text for text in texts if FOOTER.search(text) and GAP.search(text))
    found = FOOTER.search(text)
    assert found is not None
    first, last = max((tuple(map(int, gap)) for gap in GAP.findall(text)), key=lambda gap: gap[1] - gap[0])
    return found[2], first, last


def counted(world: World) -> list[Misses]:
    ledger = Ledger(world.folder / "headroom")
    rows = [row for row in ledger.misses() if row.missed]
    ledger.close()
    return rows


@pytest.mark.parametrize(("name", "arguments"), AGENTS)
def test_by_shell(world: World, name: str, arguments: tuple[str, ...]) -> None:
    ref, first, last = folded(received(wrapped(world, name, arguments, run("cat build.log")).received))
    last = min(last, first + 40)
    fetch = run(
        f"cd / && headroom get {ref} --lines {first}-{last}"
        if name == "codex"
        else f"headroom get {ref} --lines {first}-{last}"
    )
    ran = wrapped(world, name, arguments, run("cat build.log"), fetch)

    missing = "".join(log().splitlines(keepends=True)[first - 1 : last]).rstrip("\n")
    assert any(missing in text and f"[headroom original {ref} " in text for text in received(ran.received))
    assert [(row.tool != "", row.missed, row.gets) for row in counted(world)] == [(True, 1, 1)]


@pytest.mark.parametrize(("name", "arguments"), AGENTS)
def test_by_mcp_for_one_run(world: World, name: str, arguments: tuple[str, ...]) -> None:
    ref, first, last = folded(received(wrapped(world, name, arguments, run("cat build.log")).received))
    last = min(last, first + 40)
    fetch = use("headroom_retrieve", ref=ref, lines=f"{first}-{last}")
    before = {path: path.read_bytes() for path in (world.home / "codex").glob("config.toml")}
    ran = wrapped(world, name, arguments, run("cat build.log"), fetch, options=("--mcp",))

    missing = "".join(log().splitlines(keepends=True)[first - 1 : last])
    printed = f"[headroom original {ref} lines {first}-{last} of 400]\n{missing}"
    assert any(printed in text for text in received(ran.received)), received(ran.received)[-40:]
    assert {path: path.read_bytes() for path in (world.home / "codex").glob("config.toml")} == before


def source() -> str:
    def body(handler: int) -> str:
        return "".join(f"    step_{number} = payload[{handler * 100 + number}]\n" for number in range(12))

    return "".join(f"def handler_{number}(payload):\n{body(number)}    return step_0\n\n\n" for number in range(40))


def test_by_claude_codes_own_ranged_read(world: World) -> None:
    file = world.project / "src" / "handlers.py"
    file.write_text(source())
    texts = received(wrapped(world, "claude", CLAUDE, read(str(file))).received)
    first, last = map(int, next(found for text in texts for found in GAP.findall(text)))
    ranged = use("Read", file_path=str(file), offset=first, limit=last - first + 1)
    ran = wrapped(world, "claude", CLAUDE, read(str(file)), ranged)

    lines = source().splitlines()[first - 1 : last]
    wanted = [rf"\s*{number}[→\t]{re.escape(line)}" for number, line in enumerate(lines, first)]
    assert any(re.match("\n".join(wanted), text) for text in received(ran.received))
    assert [(row.tool, row.missed, row.reads) for row in counted(world)] == [("Read", 1, 1)]


@pytest.mark.parametrize(("name", "arguments"), AGENTS)
def test_by_mcp_installed_once(world: World, name: str, arguments: tuple[str, ...]) -> None:
    """The agent's own config names the server, and no permission is asked for; uninstalled, nothing of it is left."""
    ref, first, last = folded(received(wrapped(world, name, arguments, run("cat build.log")).received))
    last = min(last, first + 40)
    before = configs(world)
    mcp(world, "install", name)
    fetch = use("headroom_retrieve", ref=ref, lines=f"{first}-{last}")
    ran = wrapped(world, name, arguments, run("cat build.log"), fetch)

    missing = "".join(log().splitlines(keepends=True)[first - 1 : last])
    printed = f"[headroom original {ref} lines {first}-{last} of 400]\n{missing}"
    assert any(printed in text for text in received(ran.received)), received(ran.received)[-40:]
    mcp(world, "uninstall", name)
    assert configs(world) == before


def mcp(world: World, verb: str, name: str) -> None:
    command = [sys.executable, "-m", "headroom_wrap", "mcp", verb, name]
    subprocess.run(command, env=world.environment(), cwd=world.project, check=True, capture_output=True)


def configs(world: World) -> dict[str, int]:
    """-> how often the agents' own config files name headroom; Claude Code rewrites its own at every run."""
    files = [
        *world.home.glob(".claude.json"),
        *world.home.glob(".claude/settings.json"),
        *world.home.glob("codex/*.toml"),
    ]
    return {file.name: file.read_text().count("headroom") for file in files if "headroom" in file.read_text()}
