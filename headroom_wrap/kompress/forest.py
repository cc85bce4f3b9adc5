"""A table of integer features in, one integer score per line out: boosted trees as bit masks, in numpy.

QuickScorer (Lucchese et al., SIGIR 2015): each tree is a word of up to 32 bits, one per leaf from left to right. A
condition that does not hold clears the leaves of its left branch; the lowest bit that is left is the leaf. The masks
of all conditions on one feature are joined beforehand for each interval between its thresholds, so that a line costs
one look-up and one AND per feature, whatever the depth. Leaves hold integers, so a sum is the same in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headroom_wrap.kompress.words import Ints

Masks = npt.NDArray[np.uint32]

LEAVES = 32
CHUNK = 256
"""Lines scored at once: what they need then stays in the processor's cache."""

_DE_BRUIJN = np.uint32(0x077CB531)
_BY_HASH = np.zeros(LEAVES, dtype=np.int64)
"""Which leaf is the lowest bit that is left, by the five bits that multiplying that bit with `_DE_BRUIJN` leaves."""
for _bit in range(LEAVES):
    _BY_HASH[((int(_DE_BRUIJN) << _bit) & 0xFFFFFFFF) >> 27] = _bit


@dataclass(frozen=True, slots=True)
class Forest:
    """For each feature its thresholds in order, and a mask for each interval between them and each tree; the leaves of
    each tree in the order of `_BY_HASH`."""

    names: tuple[str, ...]
    cuts: tuple[Ints, ...]
    masks: tuple[Masks, ...]
    leaves: npt.NDArray[np.int32]

    def sums(self, table: Mapping[str, Ints]) -> Ints:
        """-> the sum of the leaves that each line falls into. Raises KeyError where a feature is missing.

        More than a third of the features are those of the whole result: what is the same for all lines costs one row.
        """
        values = [table[name] for name in self.names]
        n = len(values[0])
        found, moving = np.zeros(n, dtype=np.int64), []
        same = np.full(len(self.leaves), 0xFFFFFFFF, dtype=np.uint32)
        for value, cuts, mask in zip(values, self.cuts, self.masks, strict=True) if n else ():
            if value[0] == value[-1] and (value == value[0]).all():
                same &= mask[cuts.searchsorted(value[0])]
            else:
                moving.append((mask, cuts.searchsorted(value)))
        for at in range(0, n, CHUNK):
            part = slice(at, at + CHUNK)
            self._chunk(same, [(mask, place[part]) for mask, place in moving], found[part])
        return found

    def _chunk(self, same: Masks, moving: Sequence[tuple[Masks, Ints]], into: Ints) -> None:
        left = np.repeat(same[np.newaxis], len(into), axis=0)
        room = np.empty_like(left)
        for mask, place in moving:
            mask.take(place, axis=0, out=room, mode="clip")  # the mode that does not copy `room` first
            np.bitwise_and(left, room, out=left)
        lowest = left & (~left + np.uint32(1))
        leaf = ((lowest * _DE_BRUIJN) >> np.uint32(27)).astype(np.int64)
        leaf += np.arange(0, self.leaves.size, LEAVES)
        self.leaves.take(leaf).sum(axis=1, dtype=np.int64, out=into)


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
    return Forest(names, tuple(cuts), tuple(masks), np.ascontiguousarray(leaves[:, _BY_HASH]))
