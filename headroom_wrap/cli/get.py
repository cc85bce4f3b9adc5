"""A reference in, the original or what is wanted of it out; needs no database, no network and no writable folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from headroom_wrap.refused import Refused
from headroom_wrap.retrieve import TOKENS, Wanted, exact, retrieved
from headroom_wrap.retrieve.asked import pattern, span
from headroom_wrap.settings import home
from headroom_wrap.store.objects import Objects

T = TypeVar("T")


def _range(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    return None if value is None else _or_bad(span, value)


def _pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    return None if value is None else _or_bad(pattern, value)


def _or_bad(read: Callable[[str], T], value: str) -> T:
    try:
        return read(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("ref")
@click.option("--lines", metavar="A-B", callback=_range, help="Only these lines, for instance 120-188.")
@click.option(
    "--rows", metavar="A-B", callback=_range, help="Only these rows of JSON: values of its array, counted from 1."
)
@click.option("--jq", metavar="PATH", default="", help="Only what stands at a path of JSON, such as .items or .a[3].b.")
@click.option(
    "--where", metavar="EXPR", default="", help="Only rows for which this holds: 'status>=400 and level=error'."
)
@click.option(
    "--grep",
    metavar="RE",
    callback=_pattern,
    help="Only lines that match this regular expression, numbered; of very long ones the text around matches.",
)
@click.option(
    "-C", "around", metavar="N", type=click.IntRange(0), default=0, help="With --grep: lines of context on both sides."
)
@click.option("--head", metavar="N", type=click.IntRange(1), help="Only the first lines or rows.")
@click.option("--tail", metavar="N", type=click.IntRange(1), help="Only the last lines or rows.")
@click.option("--chars", metavar="A-B", callback=_range, help="Only these characters of what is printed otherwise.")
@click.option("--stat", is_flag=True, help="Only what it is: tool, call, size.")
@click.option("--raw", is_flag=True, help="Only the text that is wanted, exactly: all of it, and nothing around it.")
@click.option("-o", "--output", metavar="FILE", default="", help="Write that exact text to a file instead.")
@click.option("--all", "everything", is_flag=True, help=f"Print it all, however long (otherwise {TOKENS:,} tokens).")
def command(ref: str, everything: bool, raw: bool, output: str, **given: Any) -> None:
    """Print the original that REF stands for, or what is wanted of it."""
    original, wanted = Objects(home()).original(ref), Wanted(**given)
    if raw or output:
        written(exact(original, wanted).encode("utf-8", "surrogatepass"), output)
    else:
        text = retrieved(original, wanted, 0 if everything else TOKENS)
        click.echo(text.encode("utf-8", "replace"), nl=False)


def written(content: bytes, output: str) -> None:
    """Write to a file, or to stdout where none is named. Raises Refused."""
    if output in ("", "-"):
        click.echo(content, nl=False)
        return
    try:
        Path(output).write_bytes(content)
    except OSError as problem:
        raise Refused(f"{output} can't be written", problem.strerror or "", "name another file") from None
