"""`headroom wrap claude -- -p "…"`: options and an agent's name in, the agent's exit code out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from headroom_wrap import launch, nested
from headroom_wrap.agents import Agent, Wish, claude, codex
from headroom_wrap.cli.mcp import server
from headroom_wrap.cli.session import proxy_options, session_name, summary_printed, title_for
from headroom_wrap.refused import Refused
from headroom_wrap.settings import environment, load

AGENTS: dict[str, Agent] = {agent.name: agent for agent in (claude.AGENT, codex.AGENT)}

THEIRS = {"opencode": {"--port"}, "goose": {"--port"}}
"""Options of agents that are called as ours are."""


@click.command("wrap", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--upstream", default="", metavar="URL", help="Where requests go instead of the agent's provider.")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port of the proxy; any free one by default.")
@click.option("--no-websocket", is_flag=True, help="Refuse WebSockets (426): Codex then uses HTTP at once.")
@click.option("--quiet", is_flag=True, help="Print the summary only on a terminal, and after requests.")
@click.option("--mcp", is_flag=True, help="Give the agent headroom's MCP server for this run.")
@click.argument("agent", required=False, default="")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(agent: str, arguments: tuple[str, ...], upstream: str, port: int | None, **switches: bool) -> None:
    """Run AGENT with its requests passing through headroom. What follows goes to the agent:

    headroom wrap claude -- -p "why does the build fail?"

    Without AGENT: list the agents.
    """
    if not agent:
        click.echo(listing())
        return
    if agent.startswith("-") and agent != "--":
        raise Refused(f"headroom wrap has no option {agent!r}", "", "an agent's options stand after its name")
    if agent not in AGENTS:
        raise Refused(f"headroom can't wrap {agent!r}", "", f"known are: {', '.join(AGENTS)}")
    warned(AGENTS[agent], arguments)
    settings = load()
    wish = Wish(
        arguments=arguments[1:] if arguments[:1] == ("--",) else arguments,
        environment=nested.outside(environment()),
        upstream=upstream or settings.upstream,
        directory=Path.cwd(),
        server=server(str(launch.private_commands(settings.home) / "headroom"), settings.home)
        if switches["mcp"]
        else None,
    )
    options = proxy_options(settings, wish.environment, session=session_name())
    options = replace(
        options, websocket=not switches["no_websocket"], base_port=settings.port if port is None else port
    )
    code = launch.run(AGENTS[agent], wish, options, title_for(options))
    summary_printed(options, quiet=switches["quiet"])
    sys.exit(code)


def warned(agent: Agent, arguments: tuple[str, ...]) -> None:
    """Say on stderr where an option of ours stands after the agent's name: the agent gets it."""
    names = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
    for argument in arguments[: arguments.index("--")] if "--" in arguments else arguments:
        name = argument.partition("=")[0]
        if name in names - THEIRS.get(agent.name, set()):
            what = f"{name} after the agent's name goes to {agent.title}"
            click.echo(
                f"headroom: {what}; for headroom it stands before: headroom wrap {name} … {agent.name}", err=True
            )


def listing() -> str:
    """-> the agents that can be wrapped, and whether each is installed."""
    given = environment()
    lines = []
    for agent in AGENTS.values():
        try:
            state = launch.found(agent, given)
        except Refused:
            state = f"not installed: {agent.install}"
        lines.append(f"  headroom wrap {agent.name:<8} {agent.title:<12} {state}")
    return "\n".join(["Agents that headroom can wrap:", *lines])
