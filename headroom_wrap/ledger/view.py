"""A ledger in, the rows of one screen out; the same rows as plain values, with keys that stay, for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from headroom_wrap.ledger import Calibration, Fixed, Holdout, Ledger, Part, Passed, Totals, Turn, Window
from headroom_wrap.ledger.calibration import family
from headroom_wrap.prices import Prices
from headroom_wrap.redemption import Misses

DAY = 86400.0
WEEK = 7 * DAY
VERSION = 1
"""Of the keys of `plain`: keys may be added at any time; where one goes or changes its meaning this number grows."""


@dataclass(frozen=True, slots=True)
class Context:
    """How one conversation's prompt grew: tokens of each request as reported, and as they would have been without us.

    `without`: what was reported and the tokens missing from that body, in the model's own tokens.
    """

    session: str = ""
    tokens: tuple[int, ...] = ()
    without: tuple[int, ...] = ()


_NOTHING, _NO_HOLDOUT, _NO_CONTEXT, _ALWAYS = Totals(), Holdout(0, 0), Context(), Window()


@dataclass(frozen=True, slots=True)
class View:
    """What the dashboard shows. `today` and `week` lie within `window`, `ever` and all groups are over all of it.

    `days`: from the first to the last. `alarms`: those of the last 7 days. `context`: of the longest conversation of
    the session asked for, or of the latest one. `turns`: of the session asked for.
    """

    today: Totals = _NOTHING
    week: Totals = _NOTHING
    ever: Totals = _NOTHING
    days: tuple[Totals, ...] = ()
    agents: tuple[Totals, ...] = ()
    models: tuple[Totals, ...] = ()
    projects: tuple[Totals, ...] = ()
    tools: tuple[Part, ...] = ()
    compressors: tuple[Part, ...] = ()
    passed: tuple[Passed, ...] = ()
    alarms: tuple[str, ...] = ()
    misses: tuple[Misses, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    holdout: Holdout = _NO_HOLDOUT
    calibrations: tuple[Calibration, ...] = ()
    context: Context = _NO_CONTEXT
    turns: tuple[Turn, ...] = ()
    window: Window = _ALWAYS
    priced: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded in the window."""
        return self.ever == Totals()


def read(home: Path, now: float, session: str = "", *, since: float = 0.0, project: str = "") -> View:
    """-> the rows at an epoch time: all, or of one session, of one project, from an epoch time on.

    Raises store.Unavailable and prices.BadPrices.
    """
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    window = Window(since, session, project)
    only: dict[str, str] = {"session": session, "project": project}
    ledger = Ledger(home)
    try:
        return View(
            today=_all(ledger, max(since, midnight), only),
            week=_all(ledger, max(since, now - WEEK), only),
            ever=_all(ledger, since, only),
            days=tuple(sorted(ledger.totals(since, by="day", **only), key=lambda total: total.name)),
            agents=ledger.totals(since, by="agent", **only),
            models=ledger.totals(since, by="model", **only),
            projects=ledger.totals(since, by="project", **only),
            tools=ledger.parts(since, by="tool", **only),
            compressors=ledger.parts(since, by="compressor", **only),
            passed=ledger.passed(since, **only),
            alarms=ledger.alarms(max(since, now - WEEK), **only),
            misses=ledger.misses(since, **only),
            fixed=ledger.fixed(since, **only),
            holdout=ledger.holdout(since, **only),
            calibrations=ledger.calibrations(since, **only),
            context=_context(ledger, session or ledger.latest(project)),
            turns=ledger.turns(session) if session else (),
            window=window,
            priced=Prices(home).dated,
        )
    finally:
        ledger.close()


def sums(home: Path, session: str, now: float) -> tuple[Totals, tuple[str, ...]]:
    """-> the totals and the alarms of one session alone: what is asked for every second while an agent runs.

    Raises store.Unavailable and prices.BadPrices.
    """
    ledger = Ledger(home)
    try:
        return _all(ledger, 0.0, {"session": session}), ledger.alarms(now - WEEK, session=session)
    finally:
        ledger.close()


def plain(view: View) -> dict[str, Any]:
    """-> the rows as JSON knows them; each sum has its `net`, its `effect` on the whole bill (a share, or null) and the
    `range` of that."""
    values = asdict(view)
    values["window"] = view.window._asdict()
    for name in ("today", "week", "ever"):
        values[name] |= _derived(getattr(view, name))
    for name in ("days", "agents", "models", "projects"):
        for row, total in zip(values[name], getattr(view, name), strict=True):
            row |= _derived(total)
    for row, misses in zip(values["misses"], view.misses, strict=True):
        row["rate"] = misses.rate
    for row, calibration in zip(values["calibrations"], view.calibrations, strict=True):
        row["says"] = calibration.says
    for row, part in zip(values["fixed"], view.fixed, strict=True):
        row["server"] = part.server
    values["holdout"]["enough"] = view.holdout.enough
    return {"version": VERSION, **values}


def _derived(total: Totals) -> dict[str, Any]:
    return {"net": total.net, "effect": total.effect, "range": total.effect_range, "stretch": total.stretch}


def _all(ledger: Ledger, since: float, only: dict[str, str]) -> Totals:
    rows = ledger.totals(since, **only)
    return replace(rows[0], name="") if rows else Totals()


def _context(ledger: Ledger, session: str) -> Context:
    turns = [turn for turn in ledger.turns(session) if turn.prompt] if session else []
    if not turns:
        return Context()
    ((longest, _),) = Counter((turn.conversation, turn.model) for turn in turns).most_common(1)
    factors = {row.family: row.factor for row in ledger.calibrations(session=session)}
    mine = [turn for turn in turns if (turn.conversation, turn.model) == longest]
    factor = factors[family(longest[1])]
    with_us = [turn.prompt or 0 for turn in mine]
    without = [(turn.prompt or 0) + round(turn.removed * factor) for turn in mine]
    return Context(session, tuple(with_us), tuple(without))
