"""The weights of the package in, probabilities of use for the lines of a tool result out."""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from headroom_wrap.kompress import features
from headroom_wrap.kompress.choose import SCALE
from headroom_wrap.kompress.forest import Forest, forest
from headroom_wrap.kompress.words import Ints

WEIGHTS = "weights.npz"


@dataclass(frozen=True, slots=True)
class Model:
    """What the weights hold.

    `rarity`: 0 (in every text) to 255 (in none) for each slot of a word. `chances`: the probability of use in parts of
    `SCALE`, for each step of `step` between the sums `low` and `low + step * len(chances)`. `prices`: `Price.use` for
    each kind of result, 0 where nothing may be left out.
    """

    forest: Forest
    rarity: Ints
    chances: Ints
    low: int
    step: int
    prices: dict[str, float]

    def scores(self, lines: Sequence[str], tool: str, call: str, goal: str) -> list[float]:
        """-> for each line the probability that something which stands first in it is used soon."""
        table = features.table(lines, tool, call, goal, self.rarity)
        place = np.clip((self.forest.sums(table) - self.low) // self.step, 0, len(self.chances) - 1)
        found: list[float] = (self.chances[place] / SCALE).tolist()
        return found


@lru_cache(maxsize=1)
def model() -> Model:
    """-> the model of this package, read once. Raises FileNotFoundError where its weights are missing."""
    raw = pkgutil.get_data("headroom_wrap.kompress", WEIGHTS)
    if raw is None:
        raise FileNotFoundError(WEIGHTS)
    return unpacked(raw)


def unpacked(raw: bytes) -> Model:
    """-> the model that training wrote (`scripts/train`)."""
    with np.load(io.BytesIO(raw), allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    names = tuple(arrays["names"].tobytes().decode().split("\n"))
    nodes = {name: arrays[name].astype(np.int64) for name in ("feature", "cut", "tree", "mask")}
    low, step = (int(value) for value in arrays["scale"])
    trees = forest(names, nodes, arrays["leaves"].astype(np.int32))
    prices = {kind: value / 10_000 for kind, value in zip(features.KINDS, arrays["prices"].tolist(), strict=True)}
    return Model(trees, arrays["rarity"].astype(np.int64), arrays["chances"].astype(np.int64), low, step, prices)
