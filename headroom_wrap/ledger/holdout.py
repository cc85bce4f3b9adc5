"""Bills of conversations that were compressed and of some that were left untouched in; the measured difference out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from headroom_wrap.ledger.tables import IN_WINDOW, PROMPT, REPORTED, Window, tier
from headroom_wrap.prices import Prices
from headroom_wrap.store.database import Database

ENOUGH = 20
"""Conversations on either side below which no difference is shown: bills are skewed, and fewer say nothing."""
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Holdout:
    """How the mean bill of a conversation differs from that of the `held` ones that were left untouched.

    `difference`: -0.12 for 12 % less, with its 95 % confidence interval; all None while there is not `enough`.
    """

    held: int
    compressed: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def enough(self) -> bool:
        """Whether there are enough conversations on both sides."""
        return min(self.held, self.compressed) >= ENOUGH


def holdout(database: Database, prices: Prices, window: Window) -> Holdout:
    """-> the difference over the conversations that had tool results and whose models all have a known price."""
    bills: dict[tuple[str, str], float | None] = {}
    held: dict[tuple[str, str], bool] = {}
    rows = database.read(_BILLS.format(tier=tier(prices)), window._asdict())
    for session, conversation, is_held, model, _, prompt, *counts in rows:
        key, price = (session, conversation), prices.of(model, prompt)
        before = bills.get(key, 0.0)
        bills[key] = None if price is None or before is None else before + price.dollars(*counts)
        if is_held is not None:
            held[key] = held.get(key, False) or bool(is_held)
    arms: tuple[list[float], list[float]] = ([], [])
    for key, is_held in held.items():
        if bill := bills[key]:
            arms[is_held].append(bill)
    return difference(held=arms[1], compressed=arms[0])


def difference(held: Sequence[float], compressed: Sequence[float]) -> Holdout:
    """-> the ratio of the mean bills, less one; the interval is Welch's, on the logarithm of that ratio.

    The standard error of a mean's logarithm is that of the mean over the mean (delta method).
    """
    counted = Holdout(len(held), len(compressed))
    if not counted.enough:
        return counted
    errors = [statistics.variance(arm) / len(arm) / statistics.mean(arm) ** 2 for arm in (held, compressed)]
    ratio = math.log(statistics.mean(compressed) / statistics.mean(held))
    freedom = sum(errors) ** 2 / max(
        sum(error**2 / (len(arm) - 1) for error, arm in zip(errors, (held, compressed), strict=True)), 1e-300
    )
    width = _quantile(max(freedom, 1.0)) * math.sqrt(sum(errors))
    ends = [math.expm1(ratio + side * width) for side in (0, -1, 1)]
    return Holdout(len(held), len(compressed), *ends)


def _quantile(freedom: float) -> float:
    """-> the 97.5 % quantile of Student's t (Fisher and Cornish's expansion; 0.2 % off at 5 degrees of freedom)."""
    first = (_Z**3 + _Z) / (4 * freedom)
    second = (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom**2)
    third = (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / (384 * freedom**3)
    return _Z + first + second + third


_BILLS = f"""
    SELECT session, conversation, max(held), model, {{tier}}, max(prompt), total(input), total(cache_read),
        total(cache_write), total(cache_write_1h), total(output)
    FROM (SELECT *, {PROMPT} AS prompt FROM exchanges
        WHERE ok AND {REPORTED} AND conversation != '' AND {IN_WINDOW})
    GROUP BY 1, 2, 4, 5
"""
