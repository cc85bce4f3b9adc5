"""The `headroom` command: each subcommand parses, calls one function and prints; it imports its needs when it runs."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from importlib import import_module

import click

from headroom_wrap.refused import Refused
from headroom_wrap.settings import BadSetting
from headroom_wrap.store import Unavailable, UnknownRef

COMMANDS = {
    "wrap": "Run a coding agent (claude, codex, …); what it reads is compressed.",
    "proxy": "Run the proxy alone and point agents at it yourself.",
    "doctor": "Check agents, route, certificate, store and leftovers.",
    "shim": "Make the plain command (claude) a wrapped one; bypass and undo.",
    "replay": "Show what it would have saved of your past sessions.",
    "stats": "Show what was saved, what was not, and why.",
    "diff": "Show every result of a session beside what was sent.",
    "get": "Print an original, or some lines of it.",
    "mcp": "Serve originals by MCP, for agents without a shell.",
    "purge": "Remove stored originals.",
    "demo": "See it work: no agent, no account, no network.",
}
"""Every command, in the order of the help, with its line there; `cli/<name>.py` has its `command`."""

EXPECTED = (Refused, BadSetting, UnknownRef, Unavailable)


class Commands(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """-> the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """-> the command, imported now; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version where it is asked for; a checkout that is not installed has none."""
    if wanted:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - 8 ms that get need not pay

        try:
            click.echo(f"headroom {version('headroom-wrap')}")
        except PackageNotFoundError:
            click.echo("headroom, from a checkout")
        ctx.exit()


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
@click.pass_context
def group(ctx: click.Context) -> None:
    """Headroom compresses what coding agents read before it is sent. Originals stay on this machine."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line (the entry point of the `headroom` script). What the user can mend is one line, exit 2."""
    codecs.register_error("headroom", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="headroom")
    try:
        code = group(prog_name="headroom", standalone_mode=False)
        if not sys.stdout.closed:  # the MCP server closes it when its client does
            sys.stdout.flush()
    except click.ClickException as problem:
        _refused(problem.format_message(), problem.ctx if isinstance(problem, click.UsageError) else None)
    except EXPECTED as problem:
        _refused(str(problem), None)
    except click.Abort:
        click.echo("headroom: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:  # nobody reads on: a pager was left, head has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as problem:
        if problem.errno == errno.ENOENT and not problem.filename:  # os.getcwd
            _refused("the current folder has been removed; change to one that is there", None)
        if problem.errno not in _OUTPUT or problem.filename:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would try to write the rest again when it ends
        _refused(f"the output can't be written: {problem.strerror}; free the disk or write elsewhere", None)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _refused(why: str, ctx: click.Context | None) -> None:
    """End with one line, and where an argument is wrong with the command that says which there are."""
    said = " ".join(why.split()).rstrip(".")
    mend = f"{'' if said.endswith('?') else ';'} see {ctx.command_path} --help" if ctx else ""
    click.echo(f"headroom: {said}{mend}", err=True)
    sys.exit(2)


_OUTPUT = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)
_ASCII = {"–": "-", "—": "-", "−": "-", "·": "-", "→": "->", "×": "x", "…": "...", "“": '"', "”": '"', "’": "'"}


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """-> what stands for characters that the terminal or the pipe can't take."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_ASCII.get(letter, "?") for letter in error.object[error.start : error.end]), error.end
