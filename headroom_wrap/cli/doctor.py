"""`headroom doctor`: the installation in; a line for each thing checked, what is wrong with its mend, out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from headroom_wrap.agents.known import AGENTS
from headroom_wrap.cli.output import console
from headroom_wrap.cli.session import proxy_options
from headroom_wrap.dashboard.words import Readable
from headroom_wrap.doctor import Finding, Patient, examined
from headroom_wrap.refused import reason
from headroom_wrap.settings import environment, load

LONGEST = "certificate"
"""The longest of what findings are about, beside the names of agents."""
LOOK = {"ok": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("WRONG", "bold red")}


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend; never what belongs to other programs.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(fix: bool, as_json: bool) -> None:
    """Check agents, route, certificate, store and leftovers, and say how to mend what is wrong (exit code 1)."""
    settings, given = load(), environment()
    options = proxy_options(settings, given, session="doctor")
    patient = Patient(tuple(agent for agent in AGENTS.values() if agent.via), given, settings.home, options)
    coming = (mended(finding) if fix and finding.fix else finding for finding in examined(patient))
    found = list(coming) if as_json or not sys.stdout.isatty() else told(coming, patient)
    if as_json:
        rows = [{**asdict(finding), "fix": finding.fix is not None} for finding in found]
        click.echo(json.dumps(rows, indent=2))
    elif not sys.stdout.isatty():
        console().print(shown(found))
    sys.exit(any(finding.state == "wrong" for finding in found))


def told(coming: Iterable[Finding], patient: Patient) -> list[Finding]:
    """-> the findings, each printed as soon as it is known: an agent may take a minute to say its version."""
    screen, found = console(), []
    room = max(map(len, (LONGEST, *(agent.title for agent in patient.agents))))
    for finding in coming:
        screen.print(shown([finding], room))
        found.append(finding)
    return found


def mended(finding: Finding) -> Finding:
    """-> the finding after its mend."""
    assert finding.fix is not None
    try:
        finding.fix()
    except OSError as problem:
        return Finding(finding.about, finding.state, f"{finding.says}; not mended: {reason(problem)}", finding.mend)
    return Finding(finding.about, "ok", f"mended: {finding.says}")


def shown(found: Sequence[Finding], room: int = 0) -> Readable:
    """-> a row for each finding, its mend below it; `room`: the columns of what it is about, where more will follow."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=max(len(word) for word, _ in LOOK.values()) if room else None)
    table.add_column(no_wrap=True, style="bold", min_width=room or None)
    table.add_column(overflow="fold")
    for finding in found:
        word, style = LOOK[finding.state]
        says = Text(finding.says)
        if finding.mend and finding.state != "ok":
            by_fix = "  (headroom doctor --fix does it)" if finding.fix else ""
            says.append(f"\n→ {finding.mend}{by_fix}", "cyan")
        table.add_row(Text(word, style), finding.about, says)
    return Readable(table)
