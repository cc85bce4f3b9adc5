"""The rows of a `View` in, the dashboard out: the headline, three kinds of figures side by side, what was not saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from headroom_wrap.counted import counted
from headroom_wrap.dashboard import fixed
from headroom_wrap.dashboard.charts import Days, Growth
from headroom_wrap.dashboard.tables import ROWS, Beside, Figures, limited
from headroom_wrap.dashboard.words import UNKNOWN, Readable, between, money, one_line, share, tokens
from headroom_wrap.ledger import Holdout, Part, Totals
from headroom_wrap.ledger.holdout import ENOUGH
from headroom_wrap.ledger.view import View


def stretch(sums: Totals) -> str:
    """-> "1.14 ×" for requests of a subscription, unknown where there are none."""
    return UNKNOWN if not sums.logins or sums.stretch is None else f"{sums.stretch:.2f} ×"


_FIGURES: tuple[tuple[str, str, Callable[[Totals], str]], ...] = (
    ("whole bill saved", "estimated", lambda sums: share(sums.effect)),
    ("  in money", "estimated", lambda sums: money(sums.kept)),
    ("  bill as it is", "estimated", lambda sums: money(sums.owed)),
    ("  limits last", "estimated", stretch),
    ("  spent on misses", "estimated", lambda sums: money(sums.missed)),
    ("results removed", "counted", lambda sums: _known(sums, sums.before - sums.after)),
    ("  share of them", "counted", lambda sums: share(sums.before - sums.after, sums.before)),
    ("  with every resend", "counted", lambda sums: _known(sums, sums.removed)),
    ("  markers in them", "counted", lambda sums: _known(sums, sums.marks)),
    ("  tools we added", "counted", lambda sums: _known(sums, sums.injected)),
    ("prompt tokens", "reported", lambda sums: _reported(sums, _prompt(sums))),
    ("  read from cache", "reported", lambda sums: _reported(sums, sums.cache_read)),
    ("  written to cache", "reported", lambda sums: _reported(sums, sums.cache_write + sums.cache_write_1h)),
    ("output tokens", "reported", lambda sums: _reported(sums, sums.output)),
    ("requests answered", "counted", lambda sums: f"{sums.exchanges:,}"),
    ("  not answered", "counted", lambda sums: f"{sums.failed:,}"),
)
_SOMETIMES: dict[str, Callable[[Totals], int]] = {
    "  limits last": lambda sums: sums.logins,
    "  tools we added": lambda sums: sums.injected,
}
"""Rows that stand only where there is something to show."""
NOTHING = "Nothing recorded yet. Run `headroom wrap claude`, or see it work with `headroom demo`."


def dashboard(view: View) -> Readable:
    """-> the whole dashboard, for any width from 40 columns on."""
    if view.empty:
        window = view.window
        chosen = " or ".join(f"--{name}" for name, value in window._asdict().items() if value)
        said = f"Nothing recorded of what was asked for; leave out {chosen}."
        return Readable(Text(said if chosen else NOTHING))
    left: list[RenderableType] = [_figures(view)]
    left += [Days(view.days)] * (len(view.days) > 1)
    left += [Growth(view.context)] * (len(view.context.tokens) > 1)
    left += [_passed(view), _measured(view)]
    right: list[RenderableType] = [_groups("agent", view.agents), _groups("model", view.models)]
    right += [_groups("project", view.projects)] * (len(view.projects) > 1)
    right += [_parts(title, rows) for title, rows in (("compressor", view.compressors), ("tool", view.tools)) if rows]
    head: list[RenderableType] = [*alarms(view.alarms), headline(view.ever), Text()]
    return Readable(Group(*head, Beside(left, right), _notes(view)))


def alarms(lines: Iterable[str]) -> list[RenderableType]:
    """-> what is wrong, in red."""
    return [Text(f"! {one_line(line)}", style="bold red") for line in lines]


def headline(sums: Totals) -> Text:
    """-> the effect on the whole bill in one line with its range, or what is known where that is not."""
    if sums.effect is None:
        removed = f"{tokens(sums.before - sums.after)} of {tokens(sums.before)} tokens of tool results removed"
        return Text.assemble((removed, "bold"), f" · effect on the bill {UNKNOWN}")
    word = "saved" if sums.effect >= 0 else "added"
    style = "bold green" if sums.effect > 0 else "bold red" if sums.effect < 0 else "bold"
    effect, ends = share(abs(sums.effect)), between(sums.effect_range)
    said = ["" if ends == effect else f" ({ends})"]
    if sums.kept is not None and sums.owed is not None:
        said.append(f"{money(abs(sums.kept))} of {money(sums.owed + sums.kept)}")
    if sums.logins:
        said.append(f"limits last {stretch(sums)} as long")
    return Text.assemble((f"{effect} of the whole bill {word}", style), " · ".join([*said, "estimated"]))


def measured(found: Holdout) -> str:
    """-> what the holdout shows, or how far it is from showing anything."""
    if None in (found.difference, found.low, found.high):
        held, ours = min(found.held, ENOUGH), min(found.compressed, ENOUGH)
        return f"not yet: {held} of {ENOUGH} untouched and {ours} of {ENOUGH} compressed conversations"
    difference, ends = found.difference or 0.0, (found.low or 0.0, found.high or 0.0)
    of = f"{counted(found.compressed, 'compressed conversation')} beside {counted(found.held, 'untouched one')}"
    return f"{100 * difference:+.1f} % of the bill (95 %: {100 * ends[0]:+.1f} to {100 * ends[1]:+.1f} %), {of}"


def _figures(view: View) -> Figures:
    since = view.window.since
    ever = "since " + time.strftime("%m-%d", time.localtime(since)) if since else "all"
    table = Figures("", ("today", "7 days", ever, ""), shed=("7 days", ""), last=True)
    for label, kind, figure in _FIGURES:
        cells = [figure(sums) for sums in (view.today, view.week, view.ever)]
        if label in _SOMETIMES and not _SOMETIMES[label](view.ever):
            continue
        table.add(label, *cells, Text(kind, style="dim"), style="bold" if label == _FIGURES[0][0] else "")
    return table


def _groups(title: str, rows: tuple[Totals, ...]) -> Figures:
    table = Figures(title, ("requests", "removed", "share", "bill"), shed=("requests", "share"))
    for sums in rows[:ROWS]:
        removed = sums.before - sums.after
        cells = (f"{sums.exchanges:,}", tokens(removed), share(removed, sums.before), share(sums.effect))
        table.add(one_line(sums.name) or UNKNOWN, *cells)
    return limited(table, len(rows))


def _parts(title: str, rows: tuple[Part, ...]) -> Figures:
    table = Figures(title, ("results", "changed", "removed", "share"), shed=("results", "changed"))
    for part in rows[:ROWS]:
        removed = part.before - part.after
        cells = (f"{part.segments:,}", f"{part.changed:,}", tokens(removed), share(removed, part.before))
        table.add(one_line(part.name), *cells)
    return limited(table, len(rows))


def _passed(view: View) -> Figures:
    table = Figures("not saved, and why", ("results", "tokens", "share"), shed=("results",), whole=True)
    for passed in view.passed[:ROWS]:
        cells = (f"{passed.segments:,}", tokens(passed.tokens), share(passed.tokens, view.ever.before))
        table.add(one_line(passed.why) or "no reason recorded", *cells)
    if not view.passed:
        table.add("every tool result was changed" if view.ever.before else "no tool result seen")
    return limited(table, len(view.passed))


def _measured(view: View) -> Text:
    """-> misses, the holdout and the fixed part, one line each, for those that have anything to say."""
    lines = []
    if view.misses:
        missed, results = (sum(getattr(row, name) for row in view.misses) for name in ("missed", "results"))
        of = counted(results, "shortened result was", "shortened results were")
        lines.append(f"misses: {missed:,} of {of} asked for again (--misses)")
    if view.holdout.held:
        lines.append(f"holdout, measured: {measured(view.holdout)}")
    if found := fixed.in_short(view.fixed):
        lines.append(f"{found} (--fixed)")
    return Text("\n".join(lines))


def _notes(view: View) -> Text:
    """-> how to read the figures, and what they leave out."""
    ever = view.ever
    how = "; ".join(calibration.says for calibration in view.calibrations) or "o200k"
    notes = [
        "estimated: the same requests at list prices with the provider's cache, a removed token once at the price of "
        f"new prompt and then at the cache-read price, less misses; prices of {view.priced}. counted: tool results, "
        "each once, as o200k; shares are of them. reported: the provider's own counts. The three are never added. "
        f"bill: the share of it that was saved. {UNKNOWN}: unknown.",
        f"The range is that of how the model counts ({how}) and of cache lifetimes that were not reported.",
    ]
    if ever.reported < ever.exchanges:
        notes.append(
            f"{ever.exchanges - ever.reported:,} of {counted(ever.exchanges, 'answered request')} came without counts."
        )
    if ever.unpriced:
        notes.append(
            f"{counted(ever.unpriced, 'request')} went to models without a known price: in no bill, in no saving."
        )
    if ever.logins:
        logins = counted(ever.logins, "request")
        notes.append(f"{logins} by a subscription's login: in no dollars, for nobody pays them by token.")
    return Text("\n".join(notes), style="dim")


def _prompt(sums: Totals) -> int:
    return sums.input + sums.cache_read + sums.cache_write + sums.cache_write_1h


def _reported(sums: Totals, count: float) -> str:
    return tokens(count if sums.reported else None)


def _known(sums: Totals, count: float) -> str:
    return tokens(count if sums.exchanges else None)
