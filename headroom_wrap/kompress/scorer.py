"""Lines, what the shipped model says of them and a token classifier's opinion in, the scores to choose by out.

A classifier's probabilities say which of two lines matters more, not how likely an agent is to use one. So it gives
the order and the shipped model the scale: the best tokens by the one get the highest density of use by the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headroom_wrap.refused import Refused

MOST = 2_048
"""Tokens of the classifier above which the shipped model answers alone: 7 s on one core of a server of 2023."""

STOP_AFTER = 30.0
"""Seconds that a compressor may take where the user has set none: a core half as fast, at full load."""

BACKSTOP = 180.0
"""Seconds for one request with a scorer, some thirty new results of that size."""


Tokens = Callable[[Sequence[str], int], list[tuple[int, float]] | None]
"""Words and the most tokens that they may have -> each token's word and its probability (`Classifier.tokens`)."""


@dataclass(slots=True)
class Chosen:
    """The scorer of this program, at most one (`classifier.use` sets it). `name`: empty where the user has set none.
    `problem`: why it could not be loaded."""

    name: str = ""
    problem: Refused | None = None
    tokens: Tokens | None = None

    def scores(self, lines: Sequence[str], shipped: Sequence[float], costs: Sequence[int]) -> Sequence[float]:
        """-> `shipped`, put in the classifier's order where the text is not too long for it. Raises Refused where the
        scorer could not be loaded: the segment then passes as it came, as where the shipped model fails."""
        if self.problem:
            raise self.problem
        words = [word for line in lines for word in line.split()]
        tokens = self.tokens(words, MOST) if self.tokens else None
        if tokens is None:
            return shipped
        return placed(by_line(lines, tokens), shipped, costs)


CHOSEN = Chosen()


def by_line(lines: Sequence[str], tokens: Sequence[tuple[int, float]]) -> list[float]:
    """-> for each line the mean probability of its tokens, 0 for a blank one.

    `tokens`: (index of the word in all lines, probability). The mean and not the highest: nearly every line of code has
    one token that a classifier is sure of, and then all lines are alike.
    """
    owner = [place for place, line in enumerate(lines) for _ in line.split()]
    sums, counts = [0.0] * len(lines), [0] * len(lines)
    for word, chance in tokens:
        sums[owner[word]] += chance
        counts[owner[word]] += 1
    return [total / count if count else 0.0 for total, count in zip(sums, counts, strict=True)]


def placed(opinions: Sequence[float], shipped: Sequence[float], costs: Sequence[int]) -> list[float]:
    """-> scores in the order of `opinions` with the densities of `shipped`: a quantile map, weighted by cost.

    Above every price stands as much of the text as before, to within a line, so the prices of the shipped model hold;
    a line with a higher opinion never has a lower density than another. Equal opinions: as the shipped model has them.
    """
    densities = [score / max(1, cost) for score, cost in zip(shipped, costs, strict=True)]
    places = range(len(costs))
    curve = sorted(places, key=lambda place: -densities[place])
    order = sorted(places, key=lambda place: (-opinions[place], -densities[place]))
    out = [0.0] * len(costs)
    step, reached, passed = 0, 0, 0
    for place in order:
        middle = 2 * passed + costs[place]
        while step < len(curve) - 1 and 2 * (reached + costs[curve[step]]) < middle:
            reached += costs[curve[step]]
            step += 1
        out[place] = min(1.0, densities[curve[step]] * costs[place])
        passed += costs[place]
    return out
