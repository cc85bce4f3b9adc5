"""Tables in, boosted trees out (LightGBM), and the trees as the arrays that the package ships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from training.tables import Table

SEED = 7
TREES = 200
LEFT_OUT = ("goal_length", "call_length")
"""Features that tell one source from another and nothing of the line."""

SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "max_depth": 7,
    "min_data_in_leaf": 60,
    "max_bin": 63,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "num_threads": 2,
    "seed": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
OF_USED, OF_UNUSED = 0.3, 0.12
"""Shares of the unused lines that are learnt from, in results of which something was used and in others; the lines
taken weigh as much as all."""

LEAF = 1 / 1024
"""What one unit of a leaf is in log odds."""


def fit(tables: Sequence[Table], names: Sequence[str]) -> lightgbm.Booster:
    """-> trees that tell lines in which a used string first stands from the others."""
    rng = np.random.default_rng(SEED)
    columns = [place for place, name in enumerate(names) if name not in LEFT_OUT]
    rows, labels, weights = [], [], []
    for table in tables:
        share = _shares(table)
        taken = rng.random(len(share)) < share
        rows.append(table.rows[taken][:, columns])
        labels.append(table.labels[taken] > 0)
        weights.append(1 / share[taken])
    learnt = lightgbm.Dataset(
        np.concatenate(rows),
        np.concatenate(labels),
        weight=np.concatenate(weights),
        feature_name=[names[column] for column in columns],
    )
    return lightgbm.train(SETTINGS, learnt, TREES)


def _shares(table: Table) -> npt.NDArray[np.float64]:
    """-> for each line with which probability it is learnt from."""
    starts = np.concatenate(([0], np.cumsum(table.counts)[:-1]))
    used = np.repeat(np.add.reduceat(table.labels, starts) > 0, table.counts)
    return np.where(table.labels > 0, 1.0, np.where(used, OF_USED, OF_UNUSED))


def arrays(booster: lightgbm.Booster) -> dict[str, npt.NDArray[Any]]:
    """-> the trees as `kompress.forest` reads them: one row per condition, leaves in whole units of LEAF."""
    dump = booster.dump_model()
    conditions: list[tuple[int, int, int, int]] = []
    leaves = np.zeros((len(dump["tree_info"]), 32), dtype=np.int32)
    for tree, info in enumerate(dump["tree_info"]):
        values: list[float] = []
        _walk(info["tree_structure"], tree, values, conditions)
        leaves[tree, : len(values)] = [round(value / LEAF) for value in values]
    used = sorted({feature for feature, *_ in conditions})
    found = np.array([(used.index(feature), cut, tree, mask) for feature, cut, tree, mask in conditions])
    names = "\n".join(dump["feature_names"][feature] for feature in used)
    return {
        "names": np.frombuffer(names.encode(), dtype=np.uint8),
        "feature": found[:, 0].astype(np.uint8),
        "cut": found[:, 1].astype(np.int16),
        "tree": found[:, 2].astype(np.uint8),
        "mask": found[:, 3].astype(np.uint32),
        "leaves": leaves,
    }


def _walk(node: dict[str, Any], tree: int, values: list[float], out: list[tuple[int, int, int, int]]) -> None:
    """Adds the leaves below a node, from left to right, and its conditions with the leaves that each clears."""
    if "leaf_value" in node:
        values.append(node["leaf_value"])
        return
    first = len(values)
    _walk(node["left_child"], tree, values, out)
    cleared = sum(1 << leaf for leaf in range(first, len(values)))
    out.append((node["split_feature"], int(np.floor(node["threshold"])), tree, 0xFFFFFFFF & ~cleared))
    _walk(node["right_child"], tree, values, out)
