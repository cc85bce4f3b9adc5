"""Examples in, what is learnt from out: features, labels and costs of lines, with words' rarity from other sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headroom_wrap.kompress import features, words
from training.data import Example

Ints = npt.NDArray[np.int64]
LARGEST = 32767


@dataclass(frozen=True, slots=True)
class Table:
    """One source: a row per line, `counts` lines per example. `labels`: used strings that first stand in the line."""

    rows: npt.NDArray[np.int16]
    labels: npt.NDArray[np.int16]
    costs: Ints
    counts: list[int]
    kinds: list[str]


def texts_with(examples: Sequence[Example]) -> Ints:
    """-> for each slot in how many of the examples one of its words stands."""
    found = np.zeros(1 << words.SLOTS, dtype=np.int64)
    for example in examples:
        found[np.unique(words.words(words.bytes_of("\n".join(example.lines))).slots())] += 1
    return found


def rarity(found: Ints, texts: int) -> Ints:
    """-> 0 for a word of every text to 255 for one of none, on a logarithmic scale."""
    return np.rint(255 * np.log((texts + 1) / (found + 1)) / np.log(texts + 1)).astype(np.int64)


def table(examples: Sequence[Example], rare: Ints) -> tuple[Table, tuple[str, ...]]:
    """-> the table of a source and the names of its columns."""
    parts, names = [], ()
    for example in examples:
        found = features.table(example.lines, example.tool, example.call, example.goal, rare)
        names = tuple(found)
        parts.append(np.stack([np.minimum(values, LARGEST).astype(np.int16) for values in found.values()], axis=1))
    costs = np.concatenate([np.array(features.costs(example.lines)) for example in examples])
    labels = np.concatenate([_labels(example) for example in examples])
    kinds = [features.kind_of(example.tool, example.call) for example in examples]
    return Table(np.concatenate(parts), labels, costs, [len(e.lines) for e in examples], kinds), names


def _labels(example: Example) -> npt.NDArray[np.int16]:
    found = np.zeros(len(example.lines), dtype=np.int16)
    for line in example.first_lines():
        if line >= 0:
            found[line] += 1
    return found
