"""A session's name in; each of its results as it came beside what was sent instead out, on a terminal or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from headroom_wrap.cli.output import console
from headroom_wrap.cli.session import EMPTY, session_called
from headroom_wrap.dashboard.diff import Shown
from headroom_wrap.dashboard.words import Readable
from headroom_wrap.ledger import Ledger
from headroom_wrap.ledger.pairs import Pair, pairs
from headroom_wrap.refused import Refused
from headroom_wrap.settings import load


@click.command()
@click.argument("session", default="")
@click.option("--tool", default="", help="Only results of this tool.")
@click.option("--all", "everything", is_flag=True, help="Also name the results that were sent as they came.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each result.")
def command(session: str, tool: str, everything: bool, as_json: bool) -> None:
    """Show what became of every result of SESSION (a beginning of its id will do; the latest where none is given).

    Red lines stand in the original only, green ones in what was sent. Side by side from 120 columns on. Pipe it into a
    pager with `headroom diff | less`. The sessions are listed by `headroom stats --sessions`.
    """
    home = load().home
    named = session_called(home, session) if session else _latest(home)
    shown = 0
    screen = console()
    for shown, pair in enumerate(_wanted(home, named, tool, everything), 1):  # noqa: B007 - how many is wanted below
        if as_json:
            click.echo(json.dumps({"session": named, **asdict(pair)}))
        else:
            screen.print(Readable(Shown(pair)))
    if not shown:
        of = f" of {tool}" if tool else ""
        click.echo(f"headroom: no result{of} was changed in session {named}; --all names the others", err=True)


def _wanted(home: Path, session: str, tool: str, everything: bool) -> Iterator[Pair]:
    for pair in pairs(home, session):
        if (everything or pair.row.changed) and tool in ("", pair.row.tool):
            yield pair


def _latest(home: Path) -> str:
    ledger = Ledger(home)
    latest = ledger.latest()
    ledger.close()
    if not latest:
        raise Refused("no session is in the ledger", "", EMPTY)
    return latest
