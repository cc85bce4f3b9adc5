"""Scores and costs of lines in, the runs of lines that stay out: the best choice when every gap has its own price.

What is weighed: a line that goes saves its cost, loses its probability of use, and each run of lines that go costs one
marker. The best choice is found exactly, in one pass with two states (Viterbi, 1967), in integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SCALE = 1 << 24
"""What a probability of 1 is in integers."""


@dataclass(frozen=True, slots=True)
class Price:
    """What lines are worth. `use`: the probability of use that is given up for saving 1,000 tokens; a score above
    `use * cost` keeps its line. `marker`: hundredths of a token that a gap costs. `floor`: thousandths of the cost that
    stay whatever the scores say.
    """

    use: float
    marker: int = 2200
    floor: int = 200


def keep(scores: Sequence[float], costs: Sequence[int], price: Price, must: Sequence[bool] = ()) -> list[bool]:
    """-> for each line whether it stays.

    `scores`: probabilities of use; `costs`: hundredths of tokens; `must`: lines that stay in any case (empty: none).
    Where less than the floor would stay, use is made dearer until it does. Raises ValueError if lengths differ.
    """
    if len(scores) != len(costs) or (must and len(must) != len(costs)):
        raise ValueError(f"{len(scores)} scores, {len(costs)} costs and {len(must)} marks for the same lines")
    uses = [round(score * SCALE) * 100_000 for score in scores]
    least = sum(costs) * price.floor
    rate = round(price.use * SCALE)
    while True:
        gains = [rate * cost - use for use, cost in zip(uses, costs, strict=True)]
        stays = _best(gains, rate * price.marker, must)
        if rate == 0 or 1000 * sum(cost for cost, stay in zip(costs, stays, strict=True) if stay) >= least:
            return stays
        rate = rate * 3 // 4


def _best(gains: Sequence[int], marker: int, must: Sequence[bool]) -> list[bool]:
    """-> the choice with the highest sum of the gains of lines that go, less a marker for each run of them."""
    stay, go = 0, -marker
    from_go: list[bool] = []
    stayed: list[bool] = []
    never = -(1 << 200)
    for gain in [never if held else gain for gain, held in zip(gains, must, strict=True)] if must else gains:
        before, ends, opens = stay - marker, go > stay, stay - marker >= go
        from_go.append(ends)
        stayed.append(opens)
        if ends:
            stay = go
        go = (before if opens else go) + gain
    out = [False] * len(gains)
    staying = stay >= go
    for place in range(len(gains) - 1, -1, -1):
        out[place] = staying
        staying = not from_go[place] if staying else stayed[place]
    return out


def gaps(stays: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """-> the runs [first, last) of lines that go."""
    first = None
    for place, stay in enumerate([*stays, True]):
        if not stay and first is None:
            first = place
        elif stay and first is not None:
            yield first, place
            first = None
