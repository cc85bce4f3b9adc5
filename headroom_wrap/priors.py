"""What forms cost and saved in past sessions in; which compressors leave out nothing more of which tools, out.

Learnt between sessions and fixed for a run of the proxy: what was decided is replayed whatever this says. No clock and
no randomness: the same ledger gives the same answer.

A result that was shortened saves its removed tokens; one that is missed costs a request more. The misses to expect of
a result start from a prior, as if `RESULTS` of them had been missed at `RATE` (a Gamma prior), and evidence fades by
half every `HALF` sessions. So a few misses decide nothing, a compressor that is missed too often stops leaving out
anything of that tool, and after some sessions without new evidence it is tried again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

RATE = 0.05
"""Misses of a result before anything is known. Careful: of what real agents used 1 in 90 strings is left out
(docs/measured/misses.md), and a result has several."""
RESULTS = 20
HALF = 20
RECENT = 200
"""Sessions looked at: what is older weighs less than a thousandth."""

_LOSSLESS = frozenset({"clean", "reread", "numbers"})


class Evidence(NamedTuple):
    """What one compressor did to one tool's results in one session, `age` sessions before the latest (0).

    `worth`, `cost`: what the removed tokens would have cost, and what the requests made for misses did, both in tokens
    at the price of plain input.
    """

    compressor: str
    tool: str
    age: int
    results: int
    misses: int
    worth: float
    cost: float


def lossless(evidence: Iterable[Evidence]) -> frozenset[tuple[str, str]]:
    """-> (compressor, tool) whose misses are expected to cost more than leaving out saves."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * 4)
    for row in evidence:
        weight = 0.5 ** (row.age / HALF)
        for name in omitting(row.compressor):
            for place, value in enumerate((row.results, row.misses, row.worth, row.cost)):
                sums[name, row.tool][place] += weight * value
    return frozenset(pair for pair, found in sums.items() if not _pays(*found))


def omitting(compressors: str) -> list[str]:
    """-> those of an outcome's joined names that may leave something out."""
    return [name for name in dict.fromkeys(compressors.split("+")) if name not in _LOSSLESS]


def _pays(results: float, misses: float, worth: float, cost: float) -> bool:
    if not misses or not results:
        return True
    expected = (RATE * RESULTS + misses) / (RESULTS + results)
    return expected * cost / misses <= worth / results
