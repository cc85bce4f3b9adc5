"""Lines of a tool result in, the probability that an agent goes on to use each of them out.

    found = scores(lines, tool="Bash", call="cat src/a.py", goal="fix the parser")
    if found is not None:
        stays = keep(found, costs(lines), Price(use=0.1))

A trained model (docs/kompress.md): boosted trees over the form of lines, in numpy and in integers only, so that every
machine, process and thread computes the same. Weights are read on the first call; importing this costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec

from headroom_wrap.kompress.choose import Price, gaps, keep
from headroom_wrap.kompress.scorer import CHOSEN

__all__ = ["Price", "available", "costs", "density", "gaps", "keep", "price", "scores"]


SHORTEST, FEW = 8, 1000
"""Characters that lines must have on average where there are more than a `FEW`: each takes 8 µs to rate."""


def available() -> bool:
    """-> whether the model can run here: it needs numpy (`headroom-wrap[all]` brings it)."""
    return find_spec("numpy") is not None


def scores(lines: Sequence[str], *, tool: str, call: str, goal: str) -> Sequence[float] | None:
    """-> for each line the probability that something which first stands in it is used in the agent's next five turns.

    `lines`: a whole tool result, split at its line ends. None: the model can't run here, or the lines are so short that
    rating them would take longer than all else (`SHORTEST`). Pure: the same everywhere.
    Raises ValueError for a line that holds a line end, Refused where the user's own scorer could not be loaded.
    """
    if not available():
        return None
    if not lines:
        return []
    if sum(map(len, lines)) < SHORTEST * (len(lines) - FEW):
        return None
    found = _scored(tuple(lines), tool, call, goal)
    return CHOSEN.scores(lines, found, costs(lines)) if CHOSEN.name else found


@lru_cache(maxsize=1)
def _scored(lines: tuple[str, ...], tool: str, call: str, goal: str) -> Sequence[float]:
    """The last scores are kept: a compressor that asked and then left the text to the next asked for both."""
    from headroom_wrap.kompress.model import model  # noqa: PLC0415 - loads numpy

    return model().scores(lines, tool, call, goal)


def costs(lines: Sequence[str]) -> Sequence[int]:
    """-> about how many hundredths of a token each line has, its end included. Raises ImportError without numpy."""
    return _paid(tuple(lines)) if lines else []


@lru_cache(maxsize=1)
def _paid(lines: tuple[str, ...]) -> Sequence[int]:
    from headroom_wrap.kompress import features  # noqa: PLC0415 - loads numpy

    found: list[int] = features.costs(lines).tolist()
    return found


def price(*, tool: str, call: str) -> Price | None:
    """-> the price at which lines of such a result may go, set on sources that the model had not seen
    (docs/kompress.md says how, and what is kept); None: no price is safe for its kind, or the model can't run here."""
    if not available():
        return None
    from headroom_wrap.kompress.features import kind_of  # noqa: PLC0415 - loads numpy
    from headroom_wrap.kompress.model import model  # noqa: PLC0415 - loads numpy

    use = model().prices[kind_of(tool, call)]
    return Price(use) if use else None


def density(
    lines: Sequence[str], spans: Sequence[tuple[int, int]], *, tool: str, call: str, goal: str
) -> Sequence[float] | None:
    """-> for each span of lines [first, last) the expected uses per 1,000 tokens, to be compared with `Price.use`.

    For a compressor that has units of its own (bodies, rows, hunks) and asks which of them may go. None: as `scores`.
    """
    found = scores(lines, tool=tool, call=call, goal=goal)
    if found is None:
        return None
    paid = costs(lines)
    return [sum(found[first:last]) * 100_000 / max(1, sum(paid[first:last])) for first, last in spans]
