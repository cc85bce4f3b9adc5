"""What requests showed of a model's own tokenizer in; out: its tokens for each of ours, with their spread and their n.

A request whose new part is nearly all tool results shows it: what the provider's prompt count grew by, for each o200k
token that we counted in them (`recording`). The median holds against the few where something else came or went.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headroom_wrap import tokens
from headroom_wrap.counted import counted

ENOUGH = 8
"""Requests from which on what was measured is used; before, an estimate from other people's text."""
LATEST = 2000
"""Requests that are looked at: a provider may change its tokenizer."""
_ESTIMATED = {1.0: (1.0, 1.0), 1.18: (1.06, 1.29), 1.57: (1.25, 1.8)}
_UNKNOWN = (0.85, 1.25)
_EXACT = re.compile(r"gpt-(?:4o|4\.1|[5-9])|o[1-9]\b|codex")


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many of its own tokens the models of a family count for an o200k token.

    `low` and `high`: the middle half of `requests` measured ones; with 0 of them, what an estimate may be off by.
    """

    family: str
    factor: float
    low: float
    high: float
    requests: int = 0

    @property
    def says(self) -> str:
        """-> such as "o200k × 1.18 for claude-*, from 212 requests"."""
        how = f"from {counted(self.requests, 'request')}" if self.requests else "estimated"
        exact = "exact" if (self.low, self.high, self.requests) == (1.0, 1.0, 0) else how
        return f"o200k × {self.factor:.2f} for {self.family}, {exact}"


def family(model: str) -> str:
    """-> the models that share a tokenizer with this one: "claude-*", "claude-* from 4.7", "gpt-*", "gemini-*"."""
    name = model.lower().rsplit("/", 1)[-1]
    maker = "claude" if "claude" in name else re.split(r"[^a-z]", name, maxsplit=1)[0] or "other"
    return f"{maker}-* from 4.7" if maker == "claude" and tokens.family_factor(model) > 1.5 else f"{maker}-*"


def calibrations(models: Iterable[str], samples: Iterable[tuple[str, float]]) -> dict[str, Calibration]:
    """-> the calibration of each family of these models, from (model, ratio) samples."""
    by_family: dict[str, list[float]] = {}
    for model, ratio in samples:
        by_family.setdefault(family(model), []).append(ratio)
    found: dict[str, Calibration] = {}
    for model in models:
        calibration = _calibration(model, by_family.get(family(model), []))
        found.setdefault(calibration.family, calibration)
    return found


def of(model: str, known: Mapping[str, Calibration]) -> Calibration:
    """-> that of a model's family; the estimate where it was first used after the `known` ones were made."""
    return known.get(family(model)) or _calibration(model, [])


def _calibration(model: str, ratios: list[float]) -> Calibration:
    if len(ratios) < ENOUGH:
        factor = tokens.family_factor(model)
        known = factor > 1 or _EXACT.search(model.lower())
        return Calibration(family(model), factor, *(_ESTIMATED[factor] if known else _UNKNOWN))
    low, middle, high = statistics.quantiles(ratios, n=4)
    return Calibration(family(model), middle, low, high, len(ratios))
