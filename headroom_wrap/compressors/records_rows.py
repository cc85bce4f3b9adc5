"""Records in, the rows that must be shown and a summary of all of them out, when a table is too long to show whole.

Every reason is typed: what a column holds decides what is remarkable in it, not English words alone.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from headroom_wrap.compressors.records_errors import errors
from headroom_wrap.compressors.records_json import Number, dumps
from headroom_wrap.compressors.words import shares

RUN = 5
CATEGORIES = 50
"""Different values up to which a column counts as a category, of which every rare value is shown."""
FEW = 12
"""Different values up to which a column's summary counts each, and up to which the first row of each is shown."""
FAR = 3.5 * 1.4826
"""Median absolute deviations from the median, scaled as in Iglewicz and Hoaglin (1993), beyond which it is far out."""

_VARIABLE = re.compile(r"\b\w*?\d\w*")
"""What differs between texts made by one template: masked, they are a category again."""
_ID = re.compile(
    r"(?i)(?:^|[_.])(?:id|uuid|key|sha|hash|number|iid|pid|port|line|ts|time|timestamp|date)$|_(?:id|at)$|Id$"
)


_SIMPLE = (str, int, bool, type(None))
_DAY = re.compile(r"\d{4}-\d\d-\d\d\b")
"""Days and times are no categories: nothing follows from one being rare."""


Values = dict[int, Any]
"""The values of a column by the place of their record: a record without the key has none."""


def columns_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Values]:
    """-> path -> values by place; objects inside are followed two levels down, at most 400 columns."""
    found: dict[str, Values] = {}

    def add(prefix: str, row: Mapping[str, Any], place: int, depth: int) -> None:
        for key, value in row.items():
            path = prefix + key
            if type(value) is dict and depth < 2:
                add(path + ".", value, place, depth + 1)
            elif path in found:
                found[path][place] = value
            elif len(found) < 400:
                found[path] = {place: value}

    for place, row in enumerate(records):
        add("", row, place, 0)
    return found


def numeric(values: Iterable[Any]) -> list[float]:
    """-> the numbers of a column, in order; empty where it holds anything else than numbers and null."""
    out = []
    for value in values:
        if type(value) in (int, float):
            out.append(float(value))
        elif isinstance(value, Number):
            out.append(float(value.raw))
        elif value is not None:
            return []
    return out


def chosen(
    records: Sequence[Mapping[str, Any]], texts: Sequence[str], words: Mapping[str, float], room: int
) -> set[int]:
    """-> the places of the rows to show: all that must be, then rows spread evenly up to `room` characters."""
    count = len(records)
    kept = set(range(min(3, count))) | set(range(max(0, count - 2), count))
    kept |= _rare(dict(enumerate(map(tuple, records))), count)
    for path, values in columns_of(records).items():
        bad = errors(path, values)
        kept |= bad if len(bad) <= 0.5 * count else set()
        kept |= _remarkable(path, values, count)
    kept |= _asked(texts, words) | _with_remarkable(records)
    spent = sum(len(texts[place]) + 6 for place in kept)
    mean = max(1, sum(map(len, texts)) // max(1, count) + 12)
    return kept | _between(count, (room - spent) // mean)


def _with_remarkable(records: Sequence[Mapping[str, Any]]) -> set[int]:
    """-> the rows with an inner record (in an array) that says an error or holds what is rare among all inner ones."""
    inner: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for place, record in enumerate(records):
        for key, value in record.items():
            if type(value) is list:
                inner.setdefault(key, []).extend((place, item) for item in value if type(item) is dict)
    kept: set[int] = set()
    for pairs in inner.values():
        for path, values in columns_of([item for _, item in pairs]).items():
            bad = errors(path, values)
            found = _rare(_categories(values, len(pairs)), len(pairs)) | _outliers(_measured(path, values, len(pairs)))
            kept |= {pairs[place][0] for place in found | (bad if 2 * len(bad) <= len(values) else set())}
    return kept


def _between(count: int, more: int) -> set[int]:
    """-> about so many places, evenly spread in runs of `RUN`, since every gap costs a line."""
    if more < RUN:
        return set()
    step = max(RUN, count * RUN // more)
    return {place for start in range(0, count, step) for place in range(start, min(start + RUN, count))}


def _remarkable(path: str, values: Values, count: int) -> set[int]:
    """-> the rows with the first and the rare of each category, far-out numbers, and where a level shifts."""
    if numbers := _measured(path, values, count):
        return _outliers(numbers) | _shifts(numbers)
    keys = _categories(values, count)
    found = _rare(keys, count)
    if 0 < len(set(keys.values())) <= FEW:
        first = {key: place for place, key in reversed(keys.items())}
        found |= set(first.values())
    return found


def _measured(path: str, values: Values, count: int) -> list[float]:
    """-> the numbers of a column that measures something in every row; empty for names and few different ones."""
    if len(values) < count or count <= 5 or _ID.search(path):
        return []
    numbers = numeric(values.values())
    return numbers if len(numbers) == count and len(set(numbers)) > 2 else []


def _categories(values: Values, count: int) -> Values:
    """-> the category of each value, None for all that lack one; empty: too many of them, or days and times."""
    if any(type(value) is str and _DAY.match(value) for value in islice(values.values(), 1)):
        return {}
    keys = {
        place: value if type(value) in _SIMPLE else dumps(value) if value != [] else "[]"
        for place, value in values.items()
    }
    for mask in _MASKS:
        if len(set(keys.values())) > CATEGORIES:
            keys = {place: mask(key) if type(key) is str else "" for place, key in keys.items()}
    if len(keys) < count:
        lacking = next(place for place in range(count) if place not in keys)
        keys = dict(sorted([*keys.items(), (lacking, None)]))
    return keys if len(set(keys.values())) <= min(CATEGORIES, max(2, count // 2)) else {}


def _opening(text: str) -> str:
    """-> the first word of running text, the ending of a name."""
    first, blank, _ = text.partition(" ")
    return first if blank else "." + text[-20:].rpartition(".")[2]


_MASKS: tuple[Callable[[str], str], ...] = (
    lambda text: _VARIABLE.sub("#", text) if len(text) <= 400 else "",
    _opening,
)
"""What makes categories of texts that all differ: made by one template, of one kind."""


def _rare(keys: Values, count: int) -> set[int]:
    """-> the places of what few rows have. What rows lack stands for all of them with its first place."""
    counts = Counter(keys.values())
    if 0 < len(keys) < count:
        counts[None] += count - len(keys)
    if len(counts) > CATEGORIES:
        return set()
    few = max(1, count // 200)
    return {place for place, key in keys.items() if counts[key] <= few}


def _outliers(numbers: Sequence[float]) -> set[int]:
    if not numbers:
        return set()
    middle = statistics.median(numbers)
    spread = statistics.median(abs(number - middle) for number in numbers)
    places = {numbers.index(min(numbers)), numbers.index(max(numbers))}
    if not spread:
        return places
    far = [place for place, number in enumerate(numbers) if abs(number - middle) > FAR * spread]
    far.sort(key=lambda place: (-abs(numbers[place] - middle), place))
    return places | set(far[: max(10, len(numbers) // 50)])


def _shifts(numbers: Sequence[float]) -> set[int]:
    """-> up to three places where the mean of a window differs most from the window before it, if by much."""
    width = max(5, len(numbers) // 20)
    if len(numbers) < 4 * width:
        return set()
    sums = [0.0]
    for number in numbers:
        sums.append(sums[-1] + number)
    steps = [
        (abs(sums[place + width] - 2 * sums[place] + sums[place - width]) / width, place)
        for place in range(width, len(numbers) - width)
    ]
    usual = statistics.median(step for step, _ in steps)
    found: list[int] = []
    for step, place in sorted(steps, key=lambda pair: (-pair[0], pair[1])):
        if step <= 4 * usual or len(found) == 3:
            break
        if all(abs(place - other) > width for other in found):
            found.append(place)
    return {other for place in found for other in (place - 1, place)}


def _asked(texts: Sequence[str], words: Mapping[str, float]) -> set[int]:
    """-> the ten rows that hold most of the wanted words; a word that a tenth of the rows hold tells none apart."""
    often = max(10, len(texts) // 10)
    scores = shares(texts, words, often) if words else []
    best = sorted((place for place, score in enumerate(scores) if score > 0), key=lambda place: (-scores[place], place))
    return set(best[:10])


def summary(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """-> for each column one phrase over all rows: what the values are and how often, or their range and sum."""
    out = []
    for path, values in columns_of(records).items():
        present = [value for value in values.values() if value is not None]
        if not present or any(type(value) in (list, dict) for value in present):
            continue
        texts = list(map(dumps, present))
        counts = Counter(texts)
        if len(present) < len(records):
            counts["null"] += len(records) - len(present)
        if 1 < len(counts) <= FEW and len(counts) < len(records) / 2:
            out.append(f"{path}: " + " ".join(f"{text}×{count}" for text, count in counts.most_common()))
        elif len(counts) > 1 and not _ID.search(path) and (numbers := numeric(present)):
            out.append(f"{path}: {_range(numbers, texts)}")
    return out[:40]


def _range(numbers: Sequence[float], texts: Sequence[str]) -> str:
    """Lowest, middle, highest and the sum, which is taken in decimals so that it is the one a person would get."""
    exact = sum(map(Decimal, texts), Decimal(0))
    total = f"{exact:f}" if exact.adjusted() < 25 else str(exact)
    low, middle, high = min(numbers), statistics.median(numbers), max(numbers)
    return f"min {low:.6g} median {middle:.6g} max {high:.6g} sum {total} n {len(numbers)}"
