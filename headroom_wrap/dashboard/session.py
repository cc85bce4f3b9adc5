"""The requests of one session in; every result that was new in each, and what became of it, out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from headroom_wrap.dashboard.charts import Growth
from headroom_wrap.dashboard.summary import brief
from headroom_wrap.dashboard.words import UNKNOWN, Readable, one_line, tokens
from headroom_wrap.ledger import Sent, Turn
from headroom_wrap.ledger.view import View

ALIGNED = 90
"""Columns from which on references have a column of their own; below, only results with one give up room for it."""


def dashboard(view: View) -> Readable:
    """-> a session's summary, how its context grew, and its requests one by one."""
    parts: list[RenderableType] = [brief(view, more=False), Text()]
    if len(view.context.tokens) > 1:
        parts += [Growth(view.context), Text()]
    parts += [Requests(view.turns), Text(f"Original beside what was sent: headroom diff {view.window.session}")]
    return Readable(Group(*parts))


class Requests:
    """A line for each request, and below it one for each result that was new in it."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
        """-> the lines; where it is narrow, what became of a result is cut, and never the reference before it."""
        for turn in self._turns:
            yield Text(_request(turn), style="bold", no_wrap=True, overflow="ellipsis")
            if turn.problem:
                yield Text(f"  ! {one_line(turn.problem)}", style="red")
            if turn.sent:
                yield _results(turn.sent, options.max_width)
            yield Text()


def _request(turn: Turn) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(turn.started))
    answered = "" if 0 < turn.status < 400 else f" · answered {turn.status or 'nothing'}"
    counts = f"{tokens(turn.prompt)} prompt, {tokens(turn.cache_read)} read, {tokens(turn.output)} out"
    return one_line(f"{turn.number}. {at} {turn.model or UNKNOWN} · {counts}{answered}")


def _results(sent: Sequence[Sent], width: int) -> Text:
    names = [one_line(one.tool) or UNKNOWN for one in sent]
    room = min(max(map(len, names)), width // 4)
    lines = []
    for name, one in zip(names, sent, strict=True):
        sizes = f"{tokens(one.before)} → {tokens(one.after)}" if one.changed else tokens(one.before)
        tool = name if len(name) <= room else f"{name[: room - 1]}…"
        ref = f"{one.ref:12}" if width >= ALIGNED else f"{one.ref} " if one.ref else ""
        lines.append(Text(f"  {tool:{room}} {sizes:>15}  {ref}{_became(one)}", style="" if one.changed else "dim"))
    text = Text("\n", no_wrap=True, overflow="ellipsis").join(lines)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _became(one: Sent) -> str:
    said = one.compressor if one.changed else f"as it came: {one.why or 'no reason recorded'}"
    omitted = f": {one.omitted}" if one.omitted else ""
    replayed = ", decided earlier" if one.replayed else ""
    missed = f", brings back ({one.missed})" if one.missed else ""
    return one_line(f"{said}{omitted}{replayed}{missed}")
