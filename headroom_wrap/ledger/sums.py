"""Rows of the ledger in; sums over them out, in tokens and in dollars with their range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from headroom_wrap.ledger import calibration
from headroom_wrap.ledger.calibration import Calibration
from headroom_wrap.ledger.tables import IN_WINDOW, PROMPT, REPORTED, SENT, Window, tier
from headroom_wrap.prices import Price, Prices
from headroom_wrap.store.database import Database


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over exchanges that were answered (status below 400), for one value of what they are grouped by.

    `before`, `after`: o200k tokens of tool results, each counted in the first request that carried it. `removed`: the
    tokens missing from all bodies sent, resends counted again. The next five: the provider's own counts, over the
    `reported` exchanges that had any. `saved_…`: removed tokens by what the provider would have billed them as, our own
    tool definitions and prefix breaks (`broke`) subtracted. `marks`: tokens of markers, part of `after`.

    `bill`: what was billed at list prices, `saved`: what the removed tokens would have cost, both in dollars, None
    where no model has a known price (`unpriced` exchanges are in neither). `low` and `high`: the range of `saved`.
    `missed`: the part of the bill that was spent on what we had left out. `logins`: exchanges by a subscription's
    login, for which nobody pays by token; `owed` and `kept`: the bill and the net saving of the others.
    """

    name: str = ""
    exchanges: int = 0
    failed: int = 0
    reported: int = 0
    sessions: int = 0
    before: int = 0
    after: int = 0
    removed: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    saved_input: float = 0.0
    saved_read: float = 0.0
    saved_write: float = 0.0
    saved_write_1h: float = 0.0
    unpriced: int = 0
    bill: float | None = None
    saved: float | None = None
    low: float | None = None
    high: float | None = None
    missed: float | None = None
    owed: float | None = None
    kept: float | None = None
    logins: int = 0
    marks: int = 0
    injected: int = 0
    broke: int = 0

    @property
    def net(self) -> float | None:
        """-> dollars saved less what was spent on misses; negative where they cost more."""
        return None if self.saved is None else self.saved - (self.missed or 0.0)

    @property
    def effect(self) -> float | None:
        """-> the net saving as a share of the whole bill without us; negative when we cost more than we saved."""
        return self._share(self.saved)

    @property
    def effect_range(self) -> tuple[float, float] | None:
        """-> the same for the least and the most that may have been saved."""
        low, high = self._share(self.low), self._share(self.high)
        return None if low is None or high is None else (low, high)

    @property
    def stretch(self) -> float | None:
        """-> how many times as long the same limits last: 1.14; below 1 where we cost more than we saved."""
        return None if self.effect is None or self.effect >= 1 else 1 / (1 - self.effect)

    def _share(self, saved: float | None) -> float | None:
        net = None if saved is None else saved - (self.missed or 0.0)
        if self.bill is None or net is None or self.bill + net <= 0:
            return None
        return net / (self.bill + net)


@dataclass(frozen=True, slots=True)
class Part:
    """What one tool or compressor had a part in: segments, each counted once, and their tokens before and after."""

    name: str
    segments: int
    changed: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Passed:
    """Segments that were sent as they came, for one reason; each counted once."""

    why: str
    segments: int
    tokens: int


def totals(
    database: Database, prices: Prices, calibrated: Mapping[str, Calibration], window: Window, by: str = ""
) -> tuple[Totals, ...]:
    """-> the sums of each value of a column, the largest saving first; `by`: see `COLUMNS`."""
    summed: dict[str, Totals] = {}
    rows = database.read(_TOTALS.format(by=COLUMNS[by], tier=tier(prices)), window._asdict())
    for name, model, _, login, prompt, unsplit, *again_and_counts in rows:
        again, counts = again_and_counts[: len(_BILLED)], again_and_counts[len(_BILLED) :]
        sums = Totals(name, **dict(zip(_SUMMED, counts, strict=True)))
        one = _priced(sums, prices.of(model, prompt), calibration.of(model, calibrated), unsplit, again)
        one = _by_login(one) if login else replace(one, owed=one.bill, kept=one.net)
        summed[name] = _added(summed[name], one) if name in summed else one
    for name, sessions in database.read(_SESSIONS.format(by=COLUMNS[by]), window._asdict()):
        if name in summed:  # else its first request was recorded just now
            summed[name] = replace(summed[name], sessions=sessions)
    return tuple(sorted(summed.values(), key=lambda total: (-(total.net or 0.0), -total.removed, total.name)))


def parts(database: Database, window: Window, by: str) -> tuple[Part, ...]:
    """-> what each tool or compressor contributed, the most tokens removed first."""
    return tuple(Part(*row) for row in database.read(_PARTS.format(by=COLUMNS[by]), window._asdict()))


def passed(database: Database, window: Window) -> tuple[Passed, ...]:
    """-> why segments were sent as they came, the most tokens first."""
    return tuple(Passed(*row) for row in database.read(_PASSED, window._asdict()))


def _priced(sums: Totals, price: Price | None, calibration: Calibration, unsplit: float, again: list[float]) -> Totals:
    """-> the sums of one model, in dollars too where its price is known and the provider reported anything.

    `unsplit`: removed tokens that would have been written for a time that the provider didn't report; at most an hour.
    """
    if price is None:
        return replace(sums, unpriced=sums.reported)
    if not sums.reported:
        return sums
    bill = price.dollars(sums.input, sums.cache_read, sums.cache_write, sums.cache_write_1h, sums.output)
    saved = price.dollars(sums.saved_input, sums.saved_read, sums.saved_write, sums.saved_write_1h)
    hour = unsplit * (price.cache_write_1h - price.cache_write) / 1e6
    ends = [each * factor for each in (saved, saved + hour) for factor in (calibration.low, calibration.high)]
    return replace(
        sums, bill=bill, saved=saved * calibration.factor, low=min(ends), high=max(ends), missed=price.dollars(*again)
    )


def _by_login(sums: Totals) -> Totals:
    return replace(sums, logins=sums.exchanges)


def _added(one: Totals, other: Totals) -> Totals:
    """-> two models' sums of one group; money is unknown only where both are."""
    counts = {name: getattr(one, name) + getattr(other, name) for name in _COUNTED}
    money: dict[str, Any] = {name: _sum(getattr(one, name), getattr(other, name)) for name in _MONEY}
    return replace(one, **counts, **money)


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other


COLUMNS = {name: name for name in ("agent", "model", "session", "project", "wire", "tool", "compressor")}
COLUMNS |= {"": "''", "day": "date(started, 'unixepoch', 'localtime')"}
"""What sums can be made by, and the SQL for it."""
_MONEY = ("bill", "saved", "low", "high", "missed", "owed", "kept")
_COUNTED = tuple(field.name for field in fields(Totals) if field.name not in ("name", *_MONEY))
_BILLED = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
_OF_REPORTED = (
    "input", "output", "cache_read", "cache_write", "cache_write_1h",
    "saved_input", "saved_read", "saved_write", "saved_write_1h", "broke",
)  # fmt: skip
_OF_ANSWERED = ("before", "after", "marks", "removed", "injected")
_SUMMED = ("exchanges", "failed", "reported", *_OF_ANSWERED, *_OF_REPORTED)
_TOTALS = f"""
    WITH chosen AS (
        SELECT *, ok AND {REPORTED} AS reported, {PROMPT} AS prompt FROM exchanges WHERE {IN_WINDOW}
    ), fresh AS (
        SELECT exchange, sum(before) AS before, sum(after) AS after, sum(marks) AS marks
        FROM outcomes WHERE exchange IN (SELECT id FROM chosen) GROUP BY exchange
    )
    SELECT {{by}}, model, {{tier}}, login, max(prompt),
        coalesce(sum(saved_write) FILTER (WHERE reported AND cache_write_1h IS NULL), 0),
        {", ".join(f"coalesce(sum({name} * again) FILTER (WHERE reported), 0)" for name in _BILLED)},
        sum(ok), sum(NOT ok), sum(reported),
        {", ".join(f"coalesce(sum({name}) FILTER (WHERE ok), 0)" for name in _OF_ANSWERED)},
        {", ".join(f"coalesce(sum({name}) FILTER (WHERE reported), 0)" for name in _OF_REPORTED)}
    FROM chosen LEFT JOIN fresh ON fresh.exchange = chosen.id GROUP BY 1, 2, 3, 4
"""
_SESSIONS = f"SELECT {{by}}, count(DISTINCT session) FROM exchanges WHERE {IN_WINDOW} GROUP BY 1"
_PARTS = f"""
    SELECT {{by}}, count(*), sum(changed), sum(before), sum(after) {SENT} AND {{by}} != ''
    GROUP BY 1 ORDER BY sum(after) - sum(before), 1
"""
_PASSED = f"SELECT why, count(*), sum(before) {SENT} AND NOT changed GROUP BY 1 ORDER BY 3 DESC, 1"
