"""`headroom wrap claude -- -p "…"`: options and an agent's name in, the agent's exit code out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from headroom_wrap import launch, nested
from headroom_wrap.agents import Agent, Wish, anything
from headroom_wrap.agents.known import AGENTS
from headroom_wrap.cli.mcp import server
from headroom_wrap.cli.session import proxy_options, session_name, summary_printed, title_for
from headroom_wrap.refused import Refused
from headroom_wrap.settings import environment, load

ANY = "--"
"""What stands for the agent's name where a command of the user's own follows."""

THEIRS = {"opencode": {"--port"}, "goose": {"--port"}}
"""Options of agents that are called as ours are."""


class _Wrap(click.Command):
    """A command whose parser keeps the `--` that stands where the agent's name would be; click drops it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """-> click's own, with the `--` said twice where it comes first."""
        at = args.index(ANY) if ANY in args else len(args)
        named = isinstance(self.make_parser(ctx).parse_args(args[:at])[0].get("agent"), str)  # else click's "unset"
        return super().parse_args(ctx, args if named else [*args[:at], *args[at : at + 1], *args[at:]])


@click.command("wrap", cls=_Wrap, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--upstream", default="", metavar="URL", help="Where requests go instead of the agent's provider.")
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=None,
    help="Port of the proxy; any free one by default.",
)
@click.option(
    "--via",
    type=click.Choice(("base", "connect")),
    default=None,
    help="By base URL or by HTTPS_PROXY; see docs/agents.md.",
)
@click.option("--no-websocket", is_flag=True, help="Refuse WebSockets (426): Codex then uses HTTP at once.")
@click.option("--quiet", is_flag=True, help="Print the summary only on a terminal, and after requests.")
@click.option("--mcp", is_flag=True, help="Give the agent headroom's MCP server for this run.")
@click.argument("agent", required=False, default="")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(
    agent: str, arguments: tuple[str, ...], upstream: str, port: int | None, via: str | None, **switches: bool
) -> None:
    """Run AGENT with its requests passing through headroom. What follows goes to the agent:

    headroom wrap claude -- -p "why does the build fail?"

    Any other command follows a -- in the agent's place:

    headroom wrap -- python my_agent.py

    Without AGENT: list the agents.
    """
    if not agent:
        click.echo(listing())
        return
    wrapped, rest = chosen(agent, arguments)
    if agent != ANY:
        warned(wrapped, arguments)
    settings = load()
    wish = Wish(
        arguments=rest,
        environment=nested.outside(environment()),
        upstream=upstream or settings.upstream,
        directory=Path.cwd(),
        via=via or "",
        server=server(str(launch.private_commands(settings.home) / "headroom"), settings.home)
        if switches["mcp"]
        else None,
    )
    options = proxy_options(settings, wish.environment, session=session_name())
    options = replace(
        options, websocket=not switches["no_websocket"], base_port=settings.port if port is None else port
    )
    code = launch.run(wrapped, wish, options, title_for(options))
    if rest not in launch.ASKS_NOBODY:
        summary_printed(options, quiet=switches["quiet"])
    sys.exit(code)


def chosen(name: str, arguments: tuple[str, ...]) -> tuple[Agent, tuple[str, ...]]:
    """-> the agent of this name, and what it is to be given. Raises Refused for an unknown one."""
    if name == ANY:
        if not arguments:
            raise Refused("no command follows the --", "", "say what to run: headroom wrap -- python my_agent.py")
        return anything.agent(arguments[0]), arguments[1:]
    if name.startswith("-"):
        raise Refused(
            f"wrap has no option {name!r}", "", "see headroom wrap --help; an agent's own stand after its name"
        )
    if name not in AGENTS:
        mend = f"known are: {', '.join(AGENTS)}; any other command: headroom wrap -- {name}"
        raise Refused(f"can't wrap {name!r}", "", mend)
    return AGENTS[name], arguments[1:] if arguments[:1] == ("--",) else arguments


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
            state = launch.found(agent, given) if agent.via else f"can't be wrapped: wrap {agent.name} says why"
        except Refused:
            state = f"not installed: {agent.install}"
        lines.append(f"  {agent.name:<10} {agent.title:<13} {state}")
    lines.append("  -- COMMAND any command that calls a model")
    return "\n".join(["headroom wrap AGENT, one of:", *lines])
