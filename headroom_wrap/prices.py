"""A model's name in, its list prices out; token counts in, dollars out. Unknown model: None, and only tokens are shown.

The table is `prices.json` beside this module (dated, with its sources); `<home>/prices.json` in the same form adds to
it and overrides it. Prices for batches, priority and regions are not in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from headroom_wrap.refused import reason

NAME = "prices.json"
_SUFFIX = re.compile(r"(?:\[1m\]|-latest|-v\d+(?::\d+)?|[-@]20\d\d-?\d\d-?\d\d|-preview(?:-\d\d-\d\d(?:-\d{4})?)?)$")


class BadPrices(ValueError):
    """The user's price file can't be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens. Providers that charge nothing extra for cache writes have `cache_write` = `input`."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    cache_write_1h: float

    def dollars(self, plain: float, read: float, write: float, write_1h: float, output: float = 0.0) -> float:
        """-> what so many tokens cost."""
        cache = read * self.cache_read + write * self.cache_write + write_1h * self.cache_write_1h
        return (plain * self.input + cache + output * self.output) / 1e6


class Prices:
    """The packaged table with the user's own on top, read when first asked. Raises BadPrices."""

    def __init__(self, home: Path) -> None:
        self._own = home / NAME

    @cached_property
    def dated(self) -> str:
        """The day on which the packaged prices were last compared with the providers' pages."""
        return str(_packaged()["dated"])

    @cached_property
    def tiers(self) -> tuple[int, ...]:
        """The prompt sizes, in tokens, above which some model has another price."""
        return tuple(sorted({above for rows in self._table.values() for above, _ in rows if above}))

    @cached_property
    def _table(self) -> dict[str, list[tuple[int, Price]]]:
        models = dict(_packaged()["models"])
        if self._own.exists():
            models.update(_own(self._own))
        try:
            return {name: _rows(row) for name, row in models.items()}
        except (TypeError, ValueError, KeyError) as error:
            raise BadPrices(
                f"{self._own}: {error!r}; each model needs at least numbers for input and output"
            ) from error

    def of(self, model: str, prompt: int = 0) -> Price | None:
        """-> the price of a request with so many prompt tokens, the model under any usual name; None: unknown."""
        name = model.lower().rsplit("/", 1)[-1]
        name = re.sub(r"^(?:[a-z]+\.)?anthropic\.", "", name)
        while name not in self._table and (plainer := _plainer(name)) != name:
            name = plainer
        fitting = [price for above, price in self._table.get(name, []) if prompt > above or not above]
        return fitting[-1] if fitting else None


def _plainer(name: str) -> str:
    """-> a name without what comes last in it; Claude's versions with a dash as Anthropic writes them: Copilot and
    OpenRouter put a dot there. The same name where nothing of that is in it."""
    shorter = _SUFFIX.sub("", name)
    return re.sub(r"(?<=\d)\.(?=\d)", "-", name) if shorter == name and "claude" in name else shorter


def _packaged() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files("headroom_wrap").joinpath(NAME).read_text(encoding="utf-8"))
    return found


def _own(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return dict(found["models"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else reason(error)
        raise BadPrices(f'{path}: {why}; write {{"models": {{"name": {{"input": 3, "output": 15}}}}}}') from error


def _rows(row: dict[str, Any]) -> list[tuple[int, Price]]:
    """-> the price from 0 tokens on, and that for long prompts where there is one."""
    long = row.get("long")
    return [(0, _price(row)), *([(int(long["above"]), _price(long))] if long else [])]


def _price(row: dict[str, Any]) -> Price:
    plain = float(row["input"])
    write = float(row.get("cache_write", plain))
    read, write_1h = float(row.get("cache_read", plain)), float(row.get("cache_write_1h", write))
    return Price(plain, float(row["output"]), read, write, write_1h)
