"""The ledger in, the dashboard out: once, live in another pane, or as JSON."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from headroom_wrap.dashboard.misses import misses
from headroom_wrap.dashboard.stats import dashboard
from headroom_wrap.dashboard.view import plain, read
from headroom_wrap.ledger import Ledger, Totals
from headroom_wrap.prices import BadPrices
from headroom_wrap.settings import load

IDLE = 5.0
"""While watching, the share of time spent idle to that spent reading: a large ledger is read less often."""


@click.command()
@click.option("--watch", is_flag=True, help="Keep it on the screen, always current; Ctrl-C ends it.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@click.option("--session", default="", help="Only what one session sent.")
@click.option("--misses", "missed", is_flag=True, help="How often what was left out was asked for again, and its cost.")
def command(watch: bool, as_json: bool, session: str, missed: bool) -> None:
    """Show what was saved today, in 7 days and ever, what was not, and why."""
    home = load().home
    try:
        if missed:
            _misses(home, session, as_json)
        elif watch:
            _watch(home, session)
        elif as_json:
            click.echo(json.dumps(plain(read(home, time.time(), session)), indent=2))
        else:
            Console(soft_wrap=False, highlight=False).print(dashboard(read(home, time.time(), session)))
    except BadPrices as error:
        raise click.ClickException(str(error)) from error


def _misses(home: Path, session: str, as_json: bool) -> None:
    ledger = Ledger(home)
    rows, totals = ledger.misses(session=session), ledger.totals(session=session)
    ledger.close()
    if as_json:
        click.echo(json.dumps([{**asdict(row), "rate": row.rate} for row in rows], indent=2))
    else:
        Console(soft_wrap=False, highlight=False).print(misses(rows, totals[0] if totals else Totals()))


def _watch(home: Path, session: str) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        raise click.UsageError("--watch needs a terminal; without it the figures are printed once")
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        try:
            while True:
                began = time.perf_counter()
                live.update(dashboard(read(home, time.time(), session)), refresh=True)
                time.sleep(max(1.0, IDLE * (time.perf_counter() - began)))
        except KeyboardInterrupt:
            sys.exit(0)
