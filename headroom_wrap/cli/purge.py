"""A session, an age or everything in; originals, decisions and ledger rows gone for good, and what was removed out."""

from __future__ import annotations

import re
import shlex
import time
from contextlib import suppress
from pathlib import Path

import click

from headroom_wrap import journal, service, shim
from headroom_wrap.cli.session import session_called
from headroom_wrap.counted import counted
from headroom_wrap.ledger import Ledger
from headroom_wrap.mcp import install
from headroom_wrap.refused import Refused
from headroom_wrap.settings import load
from headroom_wrap.store.database import NAME
from headroom_wrap.store.local import LocalStore

STAYS = {
    "ca": "the certificate authority and its key, made anew where missing",
    "bin": "the command that agents call, made anew by wrap",
    "journal": "what `headroom mcp uninstall` and `headroom shim uninstall` need",
    "shims": "`headroom shim uninstall` takes them away",
    "service.json": "`headroom proxy --stop` ends it",
    "service.log": "output of the proxy in the background",
    "prices.json": "your own prices",
    "objects": "something stands in it that is not ours, or that an agent writes just now",
    NAME: "empty, a running agent has it open",
}
"""What `--all` leaves: nothing in it came from a session."""
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """-> the seconds of an age such as `30d`, `12h` or `2w`."""
    match = None if value is None else re.fullmatch(r"(\d+)([mhdw])", value.strip().lower())
    if value is not None and match is None:
        raise click.BadParameter(f"{value!r} is not an age; write a number and m, h, d or w, such as 30d")
    return None if match is None else int(match[1]) * _UNITS[match[2]]


@click.command()
@click.option(
    "--session",
    "start",
    default="",
    metavar="ID",
    help="What one session alone sent; a beginning of its id will do (headroom stats --sessions lists them).",
)
@click.option(
    "--older-than", metavar="AGE", callback=_seconds, help="Everything that was not used for so long, for instance 30d."
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Everything that sessions left; your prices, the authority and shims stay.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(start: str, older_than: float | None, everything: bool, yes: bool) -> None:
    """Remove stored originals, decisions and ledger rows for good."""
    if [bool(start), older_than is not None, everything].count(True) != 1:
        raise click.UsageError("say what to remove: one of --session ID, --older-than 30d, --all")
    home = load().home
    session = session_called(home, start) if start else ""
    store, ledger = LocalStore(home), Ledger(home)
    refs = ledger.refs(session=session) if session else frozenset()
    shared = store.shared(refs, ledger.refs_besides(session)) if session else frozenset()
    stays = f", but {counted(len(shared), 'original')} that other sessions refer to," if shared else ""
    what = f"all of session {session}{stays}" if session else "everything" if everything else "everything that old"
    if not yes and not confirmed(f"Remove {what} from {home} for good? The agents can't fetch it any more"):
        click.echo("Nothing was removed.")
        return
    before = 0.0 if older_than is None else time.time() - older_than
    removed = store.purge(refs=refs, kept=shared, before=before, everything=everything)
    exchanges = ledger.purge(session=session, before=before, everything=everything)
    ledger.close()
    if everything:
        store.remove()
    store.close()
    click.echo(
        f"Removed {counted(removed.originals, 'original')} ({removed.bytes / 1e6:,.1f} MB), "
        f"{counted(removed.decisions, 'decision')}, {counted(exchanges, 'ledger row')}"
        f"{f' of session {session}' if session else ''}."
    )
    if shared:
        click.echo(f"Kept {counted(len(shared), 'original')} that other sessions refer to, until those are purged too.")
    if everything:
        told(home)


def told(home: Path) -> None:
    """Say what is left of ours in the data folder, and how it is removed; the folder itself goes where it is empty."""
    with suppress(OSError):  # not empty
        home.rmdir()
    left = [name for name in STAYS if (home / name).exists()]
    if not left:
        return
    click.echo(f"Not removed, in {home}:")
    for name in left:
        click.echo(f"  {name:<12} {STAYS[name]}")
    if first := installed(home):
        click.echo(f"Something of it is still in use; first run: {' && '.join(first)}")
        click.echo("Then headroom purge --all says how to remove the rest.")
    else:
        click.echo(f"To remove these too, when no agent runs: cd {shlex.quote(str(home))} && rm -r {' '.join(left)}")


def installed(home: Path) -> list[str]:
    """-> the commands that take out what other people's files and shells still have of ours, and end what runs."""
    recorded = service.recorded(home)
    shimmed = shim.folder(home).exists() or shim.JOURNALLED in journal.entries(home)
    undo = {
        "headroom mcp uninstall": bool(install.installed(home)),
        "headroom shim uninstall": shimmed,
        "headroom proxy --stop": bool(recorded and recorded.runs),
    }
    return [command for command, needed in undo.items() if needed]


def confirmed(question: str) -> bool:
    """-> what the user says. Raises Refused where nobody answers."""
    try:
        return click.confirm(question)
    except click.Abort:
        click.echo()
        raise Refused("nothing was removed", "nobody answered", "give --yes if you are sure") from None
