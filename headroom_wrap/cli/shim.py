"""`headroom shim install claude`: agents' names in; scripts on the PATH that wrap the plain commands out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from headroom_wrap import shim
from headroom_wrap.agents import Agent
from headroom_wrap.agents.known import AGENTS
from headroom_wrap.refused import Refused
from headroom_wrap.settings import environment, load


@click.group("shim", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Make the plain command of an agent (claude) a wrapped one, by a small script on the PATH.

    HEADROOM_SHIM=0 or --no-headroom runs the agent as without headroom.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="AGENT...")
@click.option("--rc", is_flag=True, help="Put the folder on the PATH in your shell's start file; uninstall removes it.")
def install(names: tuple[str, ...], rc: bool) -> None:
    """Install shims for the named agents."""
    home, given = load().home, environment()
    for agent in agents(names):
        if not agent.via:
            raise Refused(f"{agent.title} can't be wrapped", "", f"headroom wrap {agent.name} says why")
    for file in shim.install(agents(names), home):
        click.echo(f"Made {file}")
    shell = shim.shell_of(given)
    if rc and shell is None:
        raise Refused(f"the start file of {given.get('SHELL', 'your shell')} is not known", "", "leave out --rc")
    if rc and shell:
        click.echo(f"Added its folder to the PATH in {shim.put_on_path(shell, home, given)}. Open a new shell.")
    elif not all(each.works for each in shim.installed(agents(names), home, given)):
        where = f"the end of {shell.path(given)}" if shell else "your shell's start file"
        click.echo(f"To use them, put this at {where} (or run it again with --rc):\n")
        click.echo(shim.lines(shell.name if shell else "bash", home), nl=False)


@command.command(short_help="Take shims away again, all or those of AGENT.")
@click.argument("names", nargs=-1, metavar="[AGENT...]")
def uninstall(names: tuple[str, ...]) -> None:
    """Take shims away again; without AGENT all of them, and the line in your shell's start file."""
    home = load().home
    gone = shim.uninstall(agents(names or tuple(AGENTS)), home)
    for file in gone:
        click.echo(f"Removed {file}")
    undone = None if shim.folder(home).exists() else shim.take_off_path(home)
    if undone:
        path, state = undone
        kept = {"edited": "; your own edits stay", "lost": " had our lines no more: left as it is"}.get(state, "")
        click.echo(f"Put back {path}{kept}" if state != "lost" else f"{path}{kept}")
    elif not gone:
        click.echo(f"There is no shim of {', '.join(names)}." if names else "There are no shims.")


@command.command("list")
def listed() -> None:
    """List the shims, and what each plain command runs."""
    shims = shim.installed(tuple(AGENTS.values()), load().home, environment())
    for each in shims:
        state = f"wraps {each.real or '(not installed)'}" if each.works else f"not in use: {each.runs or 'not on PATH'}"
        click.echo(f"{each.agent.executable:<12} {state}")
    if not shims:
        click.echo("There are no shims; headroom shim install claude makes one.")


def agents(names: Sequence[str]) -> tuple[Agent, ...]:
    """-> the agents of these names. Raises Refused for an unknown one."""
    for name in names:
        if name not in AGENTS:
            raise Refused(f"there is no agent {name!r}", "", f"known are: {', '.join(AGENTS)}")
    return tuple(AGENTS[name] for name in names)
