"""The ledger in, the dashboard out: once, live in another pane, as JSON, or as a page."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType
from rich.live import Live

from headroom_wrap.cli.output import console
from headroom_wrap.cli.session import one_of, session_called
from headroom_wrap.dashboard import fixed, session, sessions
from headroom_wrap.dashboard.misses import misses
from headroom_wrap.dashboard.stats import dashboard
from headroom_wrap.dashboard.words import Cropped
from headroom_wrap.ledger import Ledger, Listed
from headroom_wrap.ledger.view import View, plain, read
from headroom_wrap.prices import BadPrices
from headroom_wrap.refused import Refused
from headroom_wrap.settings import load

IDLE = 5.0
"""While watching, the share of time spent idle to that spent reading: a large ledger is read less often."""
_AGES = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def _since(ctx: click.Context, param: click.Parameter, value: str | None) -> float:
    """-> the epoch time that an age (7d) or a day (2026-11-22) stands for."""
    if value is None:
        return 0.0
    if found := re.fullmatch(r"(\d+)([hdw])", value.strip()):
        return max(0.0, time.time() - int(found[1]) * _AGES[found[2]])
    try:
        return max(0.0, datetime.fromisoformat(value.strip()).timestamp())
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f"{value!r} is neither an age such as 7d nor a day such as 2026-11-22") from None


EITHER = (
    ("--watch", "--json", "--html"),
    ("--sessions", "--misses", "--fixed", "--html"),
    ("--sessions", "--session"),
)
"""Options of which one at most can be given: how it is shown, what is, and of what."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the ledger is to be shown. `what`: "sessions", "misses", "fixed", or "" for the dashboard."""

    home: Path
    what: str
    session: str
    since: float
    project: str

    def view(self) -> View:
        """-> its rows as they are now."""
        return read(self.home, time.time(), self.session, since=self.since, project=self.project)

    def listed(self) -> tuple[Listed, ...]:
        """-> its sessions, the latest first."""
        with closing(Ledger(self.home)) as ledger:
            return ledger.listed(self.since, project=self.project)

    def screen(self) -> RenderableType:
        """-> what is to be drawn of them."""
        if self.what == "sessions":
            return sessions.dashboard(self.listed())
        view = self.view()
        if self.what == "misses":
            return misses(view.misses, view.ever)
        if self.what == "fixed":
            return fixed.dashboard(view.fixed)
        return session.dashboard(view) if self.session else dashboard(view)

    def values(self) -> Any:
        """-> the same as JSON knows it."""
        if self.what == "sessions":
            return [asdict(row) for row in self.listed()]
        values = plain(self.view())
        return values[self.what] if self.what else values


@click.command()
@click.option("--watch", is_flag=True, help="Keep it on the screen, always current; Ctrl-C ends it.")
@click.option("--json", is_flag=True, help="Print the rows as JSON (keys: docs/stats.md).")
@click.option(
    "--html", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with charts."
)
@click.option("--since", metavar="7d|DATE", callback=_since, help="Only from then on: 12h, 7d, 4w, or 2026-11-22.")
@click.option("--project", default="", help="Only of one project: the name of its folder.")
@click.option(
    "--session",
    "named",
    default="",
    metavar="ID",
    help="One session, each of its results; a beginning of its id will do (--sessions lists them).",
)
@click.option("--sessions", is_flag=True, help="List the sessions: id, agent, start, project, requests, saved.")
@click.option("--misses", is_flag=True, help="How often what was left out was asked for again, and its cost.")
@click.option("--fixed", is_flag=True, help="What system prompt and tool definitions cost, by tool.")
def command(named: str, html: Path | None, since: float, project: str, **flags: bool) -> None:
    """Show what was saved today, in 7 days and ever, what was not, and why."""
    given = {f"--{name}" for name, on in (*flags.items(), ("html", html), ("session", named)) if on}
    for alternatives in EITHER:
        one_of(alternatives, given)
    home = load().home
    what = next((name for name in ("sessions", "misses", "fixed") if flags[name]), "")
    try:
        asked = Asked(home, what, session_called(home, named) if named else "", since, project)
        if flags["watch"]:
            _watch(asked)
        elif html is not None:
            _write(html, asked.view())
        elif flags["json"]:
            click.echo(json.dumps(asked.values(), indent=2))
        else:
            console().print(asked.screen())
    except BadPrices as error:
        raise Refused(str(error), "", "") from error


def _write(path: Path, view: View) -> None:
    from headroom_wrap.dashboard.page import page  # noqa: PLC0415 - only for a page

    try:
        path.write_text(page(view, time.time()), encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path}", str(error.strerror), "choose another file") from error
    click.echo(f"Written: {path}", err=True)


def _watch(asked: Asked) -> None:
    if not sys.stdout.isatty():
        raise click.UsageError("--watch needs a terminal; without it the figures are printed once")
    screen = console()
    with Live(console=screen, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        try:
            while True:
                began = time.perf_counter()
                live.update(Cropped(asked.screen(), screen.size.height), refresh=True)
                time.sleep(max(1.0, IDLE * (time.perf_counter() - began)))
        except KeyboardInterrupt:
            sys.exit(0)
