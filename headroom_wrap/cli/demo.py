"""`headroom demo`: a made-up session through the real proxy; a growing table, a headline and what to do next out."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from headroom_wrap.cli.output import console
from headroom_wrap.counted import counted
from headroom_wrap.demo.play import Played, play
from headroom_wrap.demo.recorded import ANSWER, TASK, session
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.proxy.options import Options
from headroom_wrap.running import proxy
from headroom_wrap.settings import environment
from headroom_wrap.store import UnknownRef
from headroom_wrap.store.local import LocalStore

PAUSE = 0.6
"""Seconds between requests on a terminal, so that the table can be read as it grows."""

NARROW = 72
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "headroom"
"""What runs headroom from a checkout, in an environment that it makes there."""


@click.command("demo")
def command() -> None:
    """Play a made-up agent session through the real proxy: no agent, no account, no network."""
    screen = console()
    screen.print(Text.assemble(("A coding agent was asked: ", "dim"), TASK))
    screen.print()
    turns = session()
    with tempfile.TemporaryDirectory(prefix="headroom-demo-") as folder:
        home = Path(folder)
        with Upstream([*(turn.step for turn in turns), ANSWER]) as upstream:
            options = Options(home=folder, session="demo", agent="demo", upstream=upstream.url)
            with proxy(options, environment()) as running:
                played = shown(screen, play(running.listening.base, turns, upstream))
        checked, exact = restored(played, home)
    screen.print()
    screen.print(headline(played, checked, exact))


def shown(screen: Console, playing: Iterator[Played]) -> list[Played]:
    """-> the requests, each shown when it has been answered; all at once where the output is no terminal."""
    played: list[Played] = []
    if not screen.is_terminal:
        played.extend(playing)
        screen.print(table(played, screen.width))
        return played
    with Live(table(played, screen.width), console=screen, auto_refresh=False) as live:
        for each in playing:
            played.append(each)
            live.update(table(played, screen.width), refresh=True)
            time.sleep(PAUSE)
    return played


def table(played: Sequence[Played], width: int) -> Table:
    """-> one row per request; narrow terminals get fewer columns."""
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    wide = width >= NARROW
    rows.add_column("what the agent read", no_wrap=True, overflow="ellipsis")
    for name in ("tokens", "sent", "saved"):
        rows.add_column(name, justify="right", no_wrap=True)
    if wide:
        rows.add_column("prompt", justify="right", no_wrap=True)
    rows.add_column("cache", no_wrap=True)
    for number, each in enumerate(played):
        saved = f"{share(each.before - each.after, each.before)} %" if each.after < each.before else "–"
        held = "–" if number == 0 else Text("held", "green") if each.cached else Text("broken", "red")
        cells = [each.read or Text("(the task)", "dim")]
        cells += [f"{each.before:,}", f"{each.after:,}", Text(saved, "green")] if each.read else ["", "", ""]
        rows.add_row(*cells, *([f"{each.prompt:,}"] if wide else []), held)
    return rows


def share(part: int, whole: int) -> int:
    """-> part of whole in per cent, rounded to the nearest."""
    return round(100 * part / whole) if whole else 0


def restored(played: Sequence[Played], home: Path) -> tuple[int, int]:
    """-> how many references the provider was sent, and how many of them give back the exact original."""
    store = LocalStore.open(home)
    checked = exact = 0
    for each in played:
        for ref in each.refs:
            checked += 1
            try:
                exact += store.restore(ref) == each.original
            except UnknownRef:
                continue
    return checked, exact


def typed(ran: Path) -> str:
    """-> the command with which the user can run what runs now: `ran`."""
    found = shutil.which("headroom")
    if found and ran.exists() and Path(found).samefile(ran):
        return "headroom"
    if ran.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m headroom_wrap"
    script = SCRIPT if ran.is_relative_to(SCRIPT.parent.parent) and SCRIPT.exists() else ran
    here = Path.cwd()
    return shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))


def headline(played: Sequence[Played], checked: int, exact: int) -> Group:
    """-> what the session shows, each figure with its denominator, and what to do next."""
    before, after = sum(each.before for each in played), sum(each.after for each in played)
    held = sum(each.cached for each in played[1:])
    lines = [
        Text(f"{share(before - after, before)} % fewer tokens of what the agent read: {before:,} → {after:,}", "bold"),
        Text(f"Prompt cache held in {held} of {len(played) - 1} requests: what was sent once never changes."),
    ]
    if after == before:
        lines.append(
            Text("Nothing was compressed: something is wrong with this installation; please report it.", "red")
        )
    if checked:
        lines.append(Text(f"{exact} of {counted(checked, 'reference')} gave back the exact original."))
    lines += [
        Text("Made-up session, real proxy; the provider here is scripted. Your own figures: headroom stats.", "dim"),
        Text(),
        Text("Next:"),
        *(Text(f"  {typed(Path(sys.argv[0]))} {words}") for words in ("wrap claude", "wrap codex", "stats")),
    ]
    return Group(*lines)
