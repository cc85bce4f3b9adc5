"""Scores of held-out sources in, two things that the package ships out: calibrated chances, and a price for each kind.

A price is the largest for which the expected loss of evidence stays under a bound, after conformal risk control
(Angelopoulos et al., 2022): with n outputs that hold evidence, `(n * mean loss + 1) / (n + 1) <= bound`. Where none
reaches `LOSS`, the kind gets 0: nothing is left out of it. `LOSS` is promised over all outputs that hold evidence;
those of kinds at price 0 lose nothing, and the others share what that leaves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headroom_wrap.compressors.freedom import freedom
from headroom_wrap.compressors.lines_by_use import LEAST, must
from headroom_wrap.kompress.choose import SCALE, Price, keep
from headroom_wrap.segment import Segment
from headroom_wrap.syntax.shown import shown
from training.data import Example

LOSS = 0.02
WHOLE = {"read": 1.3, "shell": 1.6, "search": 1.4}
"""What a price may be raised by because the model is not alone: other compressors answer first, for much of what shells
print and of what searches find and for some of what is read, and what they keep stands. With models that had not seen
the source the whole stack keeps 97.8 % of the evidence in single results (28 % saved), 98.4 % in whole sessions."""
GRID = tuple(round(0.1 * 1.05**step, 4) for step in range(50))
STEP = 32
LOW, HIGH = -14 * 1024, 4 * 1024


@dataclass(frozen=True, slots=True)
class Scored:
    """An example with a held-out model's scores. `places`: for each string of evidence the lines that hold it."""

    kind: str
    source: str
    scores: list[float]
    costs: list[int]
    must: list[bool]
    used: list[list[int]]
    repeated: list[list[int]]
    later: list[list[int]]
    lines: list[str]
    asked: str
    freedom: float

    @property
    def tokens(self) -> int:
        """-> about how many tokens the output has."""
        return sum(self.costs) // 100


def places(lines: Sequence[str], strings: Sequence[str]) -> list[list[int]]:
    """-> for each string that stands within one line the lines that hold it (the first 100 of them)."""
    text = "\n".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    found = []
    for string in strings:
        held: list[int] = []
        at = text.find(string) if isinstance(string, str) and "\n" not in string else -1
        while at >= 0 and len(held) < 100:
            held.append(bisect_right(starts, at) - 1)
            at = text.find(string, starts[held[-1] + 1])
        found.append(held)
    return [held for held in found if held]


def scored(example: Example, kind: str, scores: Sequence[float], costs: Sequence[int]) -> Scored:
    """-> an example with scores, ready to be pruned."""
    strings = (example.used, example.repeated, example.later)
    used, repeated, later = (places(example.lines, found) for found in strings)
    text = "\n".join(example.lines)
    segment = Segment(text, example.tool, example.call, example.path, example.goal, said=example.said)
    file = shown(segment)
    always = must(example.lines, file.path if file else "")
    asked = f"{example.call}\n{example.goal}"
    strings_in = (used, repeated, later)
    return Scored(
        kind, example.source, list(scores), list(costs), always, *strings_in, example.lines, asked, freedom(segment)
    )


def chances(sums: npt.NDArray[np.int64], labels: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    """-> the probability of use for each step of a sum, in parts of SCALE: a logistic curve fitted to held-out lines
    (Platt, 1999) by Newton's method."""
    x, y = sums / 1024, labels.astype(np.float64)
    weights = np.array([0.0, 1.0])
    design = np.stack((np.ones_like(x), x), axis=1)
    for _ in range(20):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (p * (1 - p))[:, None]).T @ design
        weights += np.linalg.solve(hessian, design.T @ (y - p))
    centres = (np.arange(LOW, HIGH, STEP) + STEP / 2) / 1024
    return np.rint(SCALE / (1 + np.exp(-(weights[0] + weights[1] * centres)))).astype(np.uint32)


def scores(sums: npt.NDArray[np.int64], table: npt.NDArray[np.uint32]) -> list[float]:
    """-> the chances of sums, as the package looks them up."""
    found: list[float] = (table[np.clip((sums - LOW) // STEP, 0, len(table) - 1)] / SCALE).tolist()
    return found


def stays(one: Scored, use: float) -> list[bool]:
    """-> which lines stay at a price."""
    use *= one.freedom
    if one.tokens < LEAST or use == 0:
        return [True] * len(one.costs)
    return keep(one.scores, one.costs, Price(use), one.must)


def lost(one: Scored, use: float) -> tuple[int, int]:
    """-> how many strings of an example's evidence, used and used again, no line holds any more, and of how many."""
    kept = stays(one, use)
    evidence = one.used + one.repeated
    return sum(not any(kept[line] for line in held) for held in evidence), len(evidence)


def prices(examples: Sequence[Scored], kinds: Sequence[str]) -> dict[str, float]:
    """-> the price of each kind, 0 where none is safe: the expected loss over all of them stays under `LOSS`."""
    first = {kind: price(examples, kind, LOSS) for kind in kinds}
    holding = [one.kind for one in examples if one.used + one.repeated]
    open_to = sum(first[kind] > 0 for kind in holding)
    bound = LOSS * len(holding) / max(1, open_to)
    return {
        kind: round(WHOLE.get(kind, 1.0) * price(examples, kind, bound), 4) if first[kind] else 0.0 for kind in kinds
    }


def price(examples: Sequence[Scored], kind: str, bound: float) -> float:
    """-> the price of a kind at which the expected loss stays under a bound, 0 where none is safe."""
    mine = [one for one in examples if one.kind == kind and one.used + one.repeated]
    best = 0.0
    for use in GRID:
        losses = [gone / strings for gone, strings in (lost(one, use) for one in mine)]
        if (sum(losses) + 1) / (len(losses) + 1) > bound:
            break
        best = use
    return best
