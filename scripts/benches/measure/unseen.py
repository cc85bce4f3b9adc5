"""Weights that missed one fold of the sources each in; the product with those that missed the source under test out.

`scripts/train DATA --folds FOLDER` writes them.
"""

from __future__ import annotations

from pathlib import Path

from headroom_wrap import kompress
from headroom_wrap.kompress import model as packaged
from scripts.benches.measure.candidates import Candidate, Ours
from scripts.training.data import TRAIN, fold_of

NAME = "Headroom, with line models that had not seen the source"


class Unseen(Ours):
    """The product; `judge` says whose result comes next."""

    def __init__(self, folder: Path) -> None:
        super().__init__(name=NAME)
        self._models = {file.stem: packaged.unpacked(file.read_bytes()) for file in folder.glob("*.npz")}
        self._packaged = packaged.model

    def judge(self, source: str) -> None:
        """Let the weights answer that missed the source; those of the package for one that nobody learnt from."""
        found = self._models[fold_of(source)] if source in TRAIN else self._packaged()
        packaged.model = lambda: found  # type: ignore[assignment]
        kompress._scored.cache_clear()

    def close(self) -> None:
        """Give the package its own weights back."""
        super().close()
        packaged.model = self._packaged
        kompress._scored.cache_clear()


def judge(candidate: Candidate, source: str) -> None:
    """Tell a candidate that cares whose result comes next."""
    if isinstance(candidate, Unseen):
        candidate.judge(source)
