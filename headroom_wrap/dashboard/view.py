"""A ledger in, the rows of one screen out; the same rows as plain values for `--json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from headroom_wrap.ledger import Ledger, Part, Passed, Totals
from headroom_wrap.prices import Prices

WEEK = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class View:
    """What the dashboard shows. `alarms` are those of the last 7 days; all groups are over the whole time."""

    today: Totals
    week: Totals
    ever: Totals
    agents: tuple[Totals, ...]
    models: tuple[Totals, ...]
    tools: tuple[Part, ...]
    compressors: tuple[Part, ...]
    passed: tuple[Passed, ...]
    alarms: tuple[str, ...]
    priced: str

    @property
    def empty(self) -> bool:
        """Whether nothing was ever recorded."""
        return self.ever == Totals()


def read(home: Path, now: float, session: str = "") -> View:
    """-> the rows at an epoch time, of all sessions or one. Raises store.Unavailable and prices.BadPrices."""
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    ledger = Ledger(home)
    try:
        return View(
            today=_all(ledger, midnight, session),
            week=_all(ledger, now - WEEK, session),
            ever=_all(ledger, 0.0, session),
            agents=ledger.totals(by="agent", session=session),
            models=ledger.totals(by="model", session=session),
            tools=ledger.parts(by="tool", session=session),
            compressors=ledger.parts(by="compressor", session=session),
            passed=ledger.passed(session=session),
            alarms=ledger.alarms(now - WEEK, session=session),
            priced=Prices(home).dated,
        )
    finally:
        ledger.close()


def plain(view: View) -> dict[str, Any]:
    """-> the rows as JSON knows them, each sum with its `effect` on the whole bill (a share, or null)."""
    values = asdict(view)
    for name in ("today", "week", "ever"):
        values[name]["effect"] = getattr(view, name).effect
    for name in ("agents", "models"):
        for row, total in zip(values[name], getattr(view, name), strict=True):
            row["effect"] = total.effect
    return values


def _all(ledger: Ledger, since: float, session: str) -> Totals:
    rows = ledger.totals(since, session=session)
    return replace(rows[0], name="") if rows else Totals()
