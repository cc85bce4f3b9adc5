"""`headroom mcp`: MCP requests on stdin in, answers out; `install` and `uninstall` put it into an agent's config."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import click

from headroom_wrap.agents import Server
from headroom_wrap.launch import private_commands
from headroom_wrap.mcp import install as config
from headroom_wrap.refused import Refused
from headroom_wrap.settings import environment, load

KNOWN = f"AGENT: one of {', '.join(config.names())}."


@click.group("mcp", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Serve headroom_retrieve, headroom_compress and headroom_stats by MCP, over stdin and stdout."""
    if context.invoked_subcommand is None:
        home = load().home
        server("headroom", home)
        if sys.stdin.isatty():
            what = "serving MCP on stdin, for programs; Ctrl-D ends it"
            click.echo(f"headroom: {what}; headroom mcp install AGENT lets an agent start it", err=True)
        from headroom_wrap.mcp.server import serve  # noqa: PLC0415 - heavy and optional

        serve(home)


def server(executable: str, home: Path) -> Server:
    """-> the server as an agent is to start it. Raises Refused where it could not run."""
    if importlib.util.find_spec("mcp") is None:
        raise Refused("the MCP library is not installed", "", 'run: pipx install "headroom-wrap[all]"')
    return Server((executable, "mcp"), {"HEADROOM_HOME": str(home)})


@command.command(epilog=KNOWN)
@click.argument("agent", metavar="AGENT", type=click.Choice(config.names()))
def install(agent: str) -> None:
    """Add the server to the config of AGENT."""
    home = load().home
    executable = shutil.which("headroom") or str(private_commands(home) / "headroom")
    path = config.install(agent, server(executable, home), home, environment())
    click.echo(f"Added headroom to {path}. Restart {agent}; `headroom mcp uninstall {agent}` takes it out again.")


@command.command(epilog=KNOWN)
@click.argument("agent", metavar="[AGENT]", required=False, type=click.Choice(config.names()))
def uninstall(agent: str | None) -> None:
    """Take the server out of the config of AGENT again; without AGENT out of all that it was put into."""
    home = load().home
    agents = (agent,) if agent else config.installed(home)
    for each in agents:
        click.echo(f"Took headroom out of {config.uninstall(each, home, environment())}.")
    if not agents:
        click.echo("It is in no agent's config.")
