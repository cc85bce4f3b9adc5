"""A table of integer features in, one integer score per line out: boosted trees as bit masks, in numpy.

QuickScorer (Lucchese et al., SIGIR 2015): each tree is a word of up to 32 bits, one per leaf from left to right. A
condition that does not hold clears the leaves of its left branch; the lowest bit that is left is the leaf. The masks
of all conditions on one feature are joined beforehand for each interval between its thresholds, so that a line costs
one look-up and one AND per feature, whatever the depth. Leaves hold integers, so a sum is the same in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headroom_wrap.kompress.words import Ints

Masks = npt.NDArray[np.uint32]

LEAVES = 32
CHUNK = 256
"""Lines scored at once: what they need then stays in the processor's cache."""

_LOWEST = np.zeros(LEAVES, dtype=np.int64)
_DE_BRUIJN = 0x077CB531
for _bit in range(LEAVES):
    _LOWEST[((_DE_BRUIJN << _bit) & 0xFFFFFFFF) >> 27] = _bit


@dataclass(frozen=True, slots=True)
class Forest:
    """For each feature its thresholds in order, and a mask for each interval between them and each tree."""

    names: tuple[str, ...]
    cuts: tuple[Ints, ...]
    masks: tuple[Masks, ...]
    leaves: npt.NDArray[np.int32]

    def sums(self, table: Mapping[str, Ints]) -> Ints:
        """-> the sum of the leaves that each line falls into. Raises KeyError where a feature is missing."""
        places = [
            np.searchsorted(cuts, table[name], side="left") for name, cuts in zip(self.names, self.cuts, strict=True)
        ]
        n = len(places[0])
        parts = [self._chunk([place[at : at + CHUNK] for place in places]) for at in range(0, n, CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def _chunk(self, places: list[Ints]) -> Ints:
        left = self.masks[0][places[0]]
        for mask, place in zip(self.masks[1:], places[1:], strict=True):
            left &= mask[place]
        lowest = left & (~left + np.uint32(1))
        leaf = _LOWEST[(lowest * np.uint32(_DE_BRUIJN)) >> np.uint32(27)]
        found: Ints = self.leaves[np.arange(self.leaves.shape[0]), leaf].sum(axis=1, dtype=np.int64)
        return found


def forest(names: tuple[str, ...], nodes: Mapping[str, Ints], leaves: npt.NDArray[np.int32]) -> Forest:
    """-> a forest from its conditions `feature <= cut`: the `tree` of each, the `mask` it leaves if it fails."""
    cuts, masks = [], []
    for number in range(len(names)):
        mine = nodes["feature"] == number
        values, row = np.unique(nodes["cut"][mine], return_inverse=True)
        table = np.full((len(values) + 1, len(leaves)), 0xFFFFFFFF, dtype=np.uint32)
        np.bitwise_and.at(table, (row + 1, nodes["tree"][mine]), nodes["mask"][mine].astype(np.uint32))
        cuts.append(values.astype(np.int64))
        masks.append(np.bitwise_and.accumulate(table, axis=0))
    return Forest(names, tuple(cuts), tuple(masks), leaves)
