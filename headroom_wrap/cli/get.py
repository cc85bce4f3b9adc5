"""A reference in, the original or some of its lines out; needs no database, no network and no writable folder."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from headroom_wrap.marker import PRINTED, WAY_BACK
from headroom_wrap.settings import load
from headroom_wrap.store.objects import Objects, Original

CHARS = 16_000
"""What is printed at most unless all is asked for: about 4,000 tokens."""


class Wanted(NamedTuple):
    """Which lines of an original are wanted; None and empty: no such limit."""

    lines: tuple[int, int] | None = None
    grep: re.Pattern[str] | None = None
    around: int = 0
    head: int | None = None
    tail: int | None = None


def _range(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """-> first and last of `A-B`, `A-` or `A`, counted from 1."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+)(?:(-)(\d*))?", value.strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is not a range such as 120-188")
    first = int(match[1])
    last = int(match[3]) if match[3] else sys.maxsize if match[2] else first
    if not 1 <= first <= last:
        raise click.BadParameter(f"{value!r} is not a range: they count from 1, the smaller number first")
    return first, last


def _pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is not a regular expression ({error}); escape its specials") from error


@click.command()
@click.argument("ref")
@click.option("--lines", metavar="A-B", callback=_range, help="Only these lines, for instance 120-188.")
@click.option(
    "--chars", metavar="A-B", callback=_range, help="Only these characters, for originals of very long lines."
)
@click.option(
    "--grep", metavar="RE", callback=_pattern, help="Only lines that match this regular expression, with their numbers."
)
@click.option("-C", "around", type=click.IntRange(0), default=0, help="With --grep: lines of context on both sides.")
@click.option("--head", type=click.IntRange(1), help="Only the first lines.")
@click.option("--tail", type=click.IntRange(1), help="Only the last lines.")
@click.option("--stat", is_flag=True, help="Only what it is: tool, call, size.")
@click.option("--all", "everything", is_flag=True, help=f"Print it all, however long (otherwise {CHARS:,} characters).")
def command(ref: str, chars: tuple[int, int] | None, stat: bool, everything: bool, **wanted: Any) -> None:
    """Print the original that REF stands for, or some lines of it."""
    original = Objects(load().home).original(ref)
    limit = sys.maxsize if everything else CHARS
    if stat:
        text = described(original)
    elif chars is not None:
        text = characters(original, chars, limit)
    else:
        text = shown(original, Wanted(**wanted), limit)
    click.echo(text.encode("utf-8", "replace"), nl=False)


def described(original: Original) -> str:
    """-> what an original is, without its text."""
    made = ": ".join(filter(None, (original.tool, " ".join(original.call.split()))))
    size = f"{len(_lines(original.text))} lines, {len(original.text)} characters"
    return f"{PRINTED}{original.ref} · {' · '.join(filter(None, (size, made)))}]\n"


def characters(original: Original, chars: tuple[int, int], limit: int = CHARS) -> str:
    """-> the header and a range of characters, counted from 1."""
    total = len(original.text)
    first, last = chars[0], min(chars[1], chars[0] - 1 + limit, total)
    header = f"{PRINTED}{original.ref} characters {first}-{last} of {total}]\n"
    if last == min(chars[1], total):
        return header + original.text[first - 1 : last]
    more = f"{WAY_BACK} {original.ref} --chars {last + 1}-{min(chars[1], total)}"
    return (
        f"{header}{original.text[first - 1 : last]}\n[characters {last + 1}-{min(chars[1], total)} follow · {more}]\n"
    )


def shown(original: Original, wanted: Wanted, limit: int = CHARS) -> str:
    """-> the header, the wanted lines and, where they have more than `limit` characters, how to get the rest."""
    lines = _lines(original.text)
    chosen = _chosen(lines, wanted)
    if not chosen:
        return f"{PRINTED}{original.ref} · none of its {len(lines)} lines is wanted]\n"
    fits = _fitting(chosen, limit)
    if not fits:
        start = sum(map(len, lines[: chosen[0][0] - 1])) + 1
        return characters(original, (start, start + len(lines[chosen[0][0] - 1]) - 1), limit)
    printed = "".join(line for _, line in chosen[:fits])
    header = f"{PRINTED}{original.ref} lines {chosen[0][0]}-{chosen[fits - 1][0]} of {len(lines)}]\n"
    if fits == len(chosen):
        return header + printed
    rest = f"lines {chosen[fits][0]}-{chosen[-1][0]}"
    return f"{header}{printed}[{rest} follow · {WAY_BACK} {original.ref} --{rest}, or --all]\n"


def _lines(text: str) -> list[str]:
    """-> the lines with their ends, split at newlines only, as editors and `grep -n` number them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _chosen(lines: Sequence[str], wanted: Wanted) -> list[tuple[int, str]]:
    """-> number and text of each line that is wanted, as it is printed."""
    first, last = wanted.lines or (1, len(lines))
    numbered = list(enumerate(lines, 1))[first - 1 : last]
    if wanted.grep is not None:
        numbered = _matching(numbered, wanted.grep, wanted.around)
    head, tail = numbered[: wanted.head], numbered[-wanted.tail :] if wanted.tail else numbered
    if wanted.head and wanted.tail:
        return head + [line for line in tail if line[0] > head[-1][0]] if head else []
    return head if wanted.head else tail


def _matching(numbered: list[tuple[int, str]], grep: re.Pattern[str], around: int) -> list[tuple[int, str]]:
    """-> the matching lines and those around them, in the form of `grep -n`: `12:` a match, `13-` beside one."""
    hits = {place for place, (_, line) in enumerate(numbered) if grep.search(line)}
    near = sorted(
        {place for hit in hits for place in range(hit - around, hit + around + 1)} & set(range(len(numbered)))
    )
    printed: list[tuple[int, str]] = []
    for place in near:
        number, line = numbered[place]
        gap = "--\n" if around and printed and place - 1 not in near else ""
        printed.append((number, f"{gap}{number}{':' if place in hits else '-'}{line}"))
    return printed


def _fitting(chosen: Sequence[tuple[int, str]], limit: int) -> int:
    """-> how many of the lines have at most `limit` characters together."""
    for count, (_, line) in enumerate(chosen):
        limit -= len(line)
        if limit < 0:
            return count
    return len(chosen)
