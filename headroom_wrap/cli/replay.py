"""Your agents' own logs in, what would have been saved of those sessions out."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from headroom_wrap import prices
from headroom_wrap.cli.output import console
from headroom_wrap.counted import counted
from headroom_wrap.dashboard.replay import Replayed, plain, screen
from headroom_wrap.ledger import Ledger, Totals
from headroom_wrap.refused import Refused
from headroom_wrap.replay.run import LOGS, Log, Wanted, found, replayed
from headroom_wrap.route import policy
from headroom_wrap.settings import Settings, environment, load
from headroom_wrap.store.objects import Objects

NAMES = [each.AGENT for each in LOGS]
DAY = 86400.0


@click.command()
@click.option("--agent", "agents", multiple=True, type=click.Choice(NAMES), help="Only this agent; may be given again.")
@click.option("--since", default="", metavar="WHEN", help='Only sessions since then: "30d", "12h" or a date.')
@click.option("--project", default="", help="Only sessions in a folder of this name.")
@click.option("--last", metavar="N", type=click.IntRange(1), default=None, help="Only the latest so many logs.")
@click.option("--json", "as_json", is_flag=True, help="Print the sums as JSON.")
def command(agents: tuple[str, ...], since: str, project: str, last: int | None, as_json: bool) -> None:
    """Show what headroom would have saved of your past sessions, from the agents' own logs.

    Reads the logs of Claude Code, Codex, Gemini CLI, opencode and Copilot CLI on this machine, changes none of them,
    and sends nothing anywhere.
    """
    settings, given = load(), environment()
    wanted = Wanted(project, epoch(since))
    logs = found(Path(given.get("HOME") or Path.home()), given, agents, wanted.since)[:last]
    if not logs:
        raise Refused("no sessions found", f"looked for logs of {', '.join(agents or NAMES)}", "run an agent first")
    with tempfile.TemporaryDirectory() as folder:
        shown = _replayed(logs, settings, wanted, Path(folder))
    if not shown.count.requests and not shown.count.ours:
        raise Refused(
            "no session matches", f"{counted(len(logs), 'log was', 'logs were')} read", "widen --since or --project"
        )
    if as_json:
        click.echo(json.dumps(plain(shown), indent=2))
    else:
        console().print(screen(shown))


def _replayed(logs: list[Log], settings: Settings, wanted: Wanted, folder: Path) -> Replayed:
    own = settings.home / prices.NAME
    if own.is_file():
        shutil.copy(own, folder)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    stderr = Console(file=sys.stderr)
    with closing(Ledger(folder, o200k=True)) as ledger, Progress(*columns, console=stderr, transient=True) as progress:
        task = progress.add_task("replaying", total=len(logs))

        def done(log: Log) -> None:
            progress.update(task, advance=1, description=f"replaying {log.agent}")

        stored = Objects(settings.home)
        kept = lru_cache(maxsize=None)(lambda ref: bool(stored.paths(ref)))
        count = replayed(logs, ledger, policy(settings), wanted, kept, done)
        return Replayed(
            count=count,
            all=next(iter(ledger.totals()), Totals()),
            agents=ledger.totals(by="agent"),
            sessions=ledger.totals(by="session"),
            compressors=ledger.parts(by="compressor"),
            priced=prices.Prices(folder).dated,
        )


def epoch(text: str) -> float:
    """-> the epoch time that "30d", "12h" or an ISO date means; 0 for none. Raises Refused."""
    if not text:
        return 0.0
    unit = {"h": 3600.0, "d": DAY, "w": 7 * DAY}.get(text[-1])
    try:
        return time.time() - float(text[:-1]) * unit if unit else datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Refused(f"{text!r} is no time", "", 'give one like "30d", "12h" or "2026-11-01"') from None
