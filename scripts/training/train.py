"""The sets of real tool results in, the package's weights and the figures of its card out.

scripts/train DATA [--out FILE] [--figures FILE] [--most N]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from headroom_wrap.kompress import features
from headroom_wrap.kompress.forest import forest
from training import calibrate, figures, fit
from training.calibrate import Scored
from training.data import EVALUATE, TRAIN, Example, examples, fold_of
from training.tables import Ints, Table, rarity, table, texts_with

WEIGHTS = Path(__file__).parents[2] / "headroom_wrap" / "kompress" / "weights.npz"
JUDGED = 600
"""Examples of a source, at most, from which chances, prices and figures are taken."""


def say(text: str) -> None:
    """Tells on stderr how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Trains, writes the weights, and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the sets")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--folds", type=Path, help="a folder for the weights of the models that missed one fold each")
    parser.add_argument("--most", type=int, default=0, help="examples of a source, at most (0: all)")
    asked = parser.parse_args()
    sets = {name: found for name in TRAIN + EVALUATE if (found := examples(asked.data, name, asked.most))}
    say(f"{sum(map(len, sets.values()))} examples")
    known = {name: texts_with(sets[name]) for name in TRAIN if name in sets}
    tables, names = {}, ()
    for name, found in sets.items():
        tables[name], names = table(found, _rarity(sets, known, [other for other in known if other != name]))
        say(f"{name}: {len(tables[name].labels)} lines")
    fitted = _fitted(sets, tables, names)
    held_out = {name: _sums(fitted[fold_of(name) if name in TRAIN else ""], tables[name], names) for name in sets}
    chances = _chances(held_out, tables)
    judged = _judged(sets, tables, held_out, chances)
    prices = calibrate.prices([one for one in judged if one.source in TRAIN], features.KINDS)
    shared = {
        "scale": np.array([calibrate.LOW, calibrate.STEP]),
        "chances": chances,
        "prices": np.array([round(prices[kind] * 10_000) for kind in features.KINDS], dtype=np.int32),
    }
    for fold, arrays in fitted.items():
        path = asked.folds / f"{fold}.npz" if fold and asked.folds else None if fold else asked.out
        if path:
            others = [name for name in known if fold_of(name) != fold]
            _write(path, arrays | shared | {"rarity": _rarity(sets, known, others).astype(np.uint8)})
    say(f"{asked.out}: {asked.out.stat().st_size} bytes, prices {prices}")
    found = figures.all_of(judged, prices)
    if asked.figures:
        asked.figures.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(figures.markdown(found))


def _rarity(sets: dict[str, list[Example]], known: dict[str, Ints], sources: list[str]) -> Ints:
    """-> the rarity of words in some sources."""
    found = sum((known[name] for name in sources), np.zeros_like(known[sources[0]]))
    return rarity(found, sum(len(sets[name]) for name in sources))


def _fitted(
    sets: dict[str, list[Example]], tables: dict[str, Table], names: tuple[str, ...]
) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """-> for each fold the trees that have not seen it; for "" those that have seen all that may be trained on."""
    mine = [name for name in TRAIN if name in sets]
    out = {}
    for fold in ("", *sorted({fold_of(name) for name in mine})):
        out[fold] = fit.arrays(fit.fit([tables[name] for name in mine if fold_of(name) != fold], names))
        say(f"trained without {fold or 'nothing'}")
    return out


def _chances(sums: dict[str, Ints], tables: dict[str, Table]) -> npt.NDArray[np.uint32]:
    """-> the probability of use for each step of a sum, from sources that the trees had not seen."""
    mine = [name for name in sums if name in TRAIN]
    labels = np.concatenate([tables[name].labels for name in mine]) > 0
    return calibrate.chances(np.concatenate([sums[name] for name in mine]), labels)


def _sums(arrays: dict[str, npt.NDArray[Any]], held: Table, names: tuple[str, ...]) -> Ints:
    columns = {name: held.rows[:, place].astype(np.int64) for place, name in enumerate(names)}
    nodes = {name: arrays[name].astype(np.int64) for name in ("feature", "cut", "tree", "mask")}
    trees = forest(tuple(arrays["names"].tobytes().decode().split("\n")), nodes, arrays["leaves"])
    return trees.sums(columns)


def _judged(
    sets: dict[str, list[Example]], tables: dict[str, Table], sums: dict[str, Ints], chances: npt.NDArray[np.uint32]
) -> list[Scored]:
    out = []
    order = random.Random(fit.SEED)
    for name, found in sets.items():
        ends = np.cumsum(tables[name].counts)
        picked = sorted(order.sample(range(len(found)), min(JUDGED, len(found))))
        for at in picked:
            lines = slice(ends[at] - tables[name].counts[at], ends[at])
            scores = calibrate.scores(sums[name][lines], chances)
            out.append(calibrate.scored(found[at], tables[name].kinds[at], scores, tables[name].costs[lines].tolist()))
    return out


def _write(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


if __name__ == "__main__":
    main()
