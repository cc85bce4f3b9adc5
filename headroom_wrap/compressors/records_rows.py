"""Records in, the rows that must be shown and a summary of all of them out, when a table is too long to show whole.

Every reason is typed: what a column holds decides what is remarkable in it, not English words alone.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from headroom_wrap.compressors.records_json import Number, dumps
from headroom_wrap.compressors.words import shares

RUN = 5
CATEGORIES = 50
"""Different values up to which a column counts as a category, of which every value is shown at least once."""
FAR = 3.5 * 1.4826
"""Median absolute deviations from the median, scaled as in Iglewicz and Hoaglin (1993), beyond which it is far out."""

_STATUS = re.compile(r"(?i)^(?:http_?)?(?:status|code|status_?code|response_?code)$")
_EXIT = re.compile(r"(?i)^(?:exit|return)_?(?:code|status)$|^rc$")
_LEVEL = re.compile(r"(?i)^(?:log_?)?(?:level|severity|priority|loglevel|lvl)$")
_GOOD = re.compile(r"(?i)^(?:success|succeeded|ok|passed|healthy|ready|valid)$")
_ERROR = re.compile(
    r"(?i)^(?:errors?|exception|fault|failure|stack_?trace|traceback)(?:_?(?:message|msg|code|type|detail|reason))?$"
)
_BAD = re.compile(
    r"(?i)\b(?:error|err|fatal|critical|crit|alert|emergency|emerg|panic|severe|failed|failure|failing|crashed|aborted|timeout|timed_out|denied|rejected|unhealthy|crashloopbackoff|oomkilled)\b"
)
_LOUD = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|PANIC|FAILED|EMERG)\b|\b\w+(?:Error|Exception)\b|^(?:[Ee]rror|[Ff]atal|[Pp]anic)\b"
)
"""Free text speaks of errors without being one ("improve error handling"): only what shouts, or names an exception."""
_VARIABLE = re.compile(r"\b\w*?\d\w*")
"""What differs between texts made by one template: masked, they are a category again."""
_ID = re.compile(
    r"(?i)(?:^|[_.])(?:id|uuid|key|sha|hash|number|iid|pid|port|line|ts|time|timestamp|date)$|_(?:id|at)$|Id$"
)


def columns_of(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """-> path -> one value per record (None where it lacks the key); objects inside are followed two levels down."""
    found: dict[str, list[Any]] = {}

    def add(prefix: str, row: Mapping[str, Any], place: int, depth: int) -> None:
        for key, value in row.items():
            path = f"{prefix}.{key}" if prefix else key
            if type(value) is dict and depth < 2:
                add(path, value, place, depth + 1)
            elif len(found) < 400 or path in found:
                found.setdefault(path, [None] * len(records))[place] = value

    for place, row in enumerate(records):
        add("", row, place, 0)
    return found


def numeric(values: Sequence[Any]) -> list[float]:
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


def is_error(path: str, value: Any) -> bool:
    """-> whether a value says, by the name and type of its column, that its row is about an error."""
    name = path.rpartition(".")[2]
    if type(value) is bool:
        return (not value and _GOOD.match(name) is not None) or (value and _ERROR.match(name) is not None)
    if type(value) is int:
        return (
            (_STATUS.match(name) is not None and 400 <= value < 600)
            or (_EXIT.match(name) is not None and value != 0)
            or (_LEVEL.match(name) is not None and 50 <= value <= 60)
        )
    if type(value) is str:
        if _ERROR.match(name):
            return value.strip().lower() not in ("", "none", "null", "false", "0", "ok")
        if _STATUS.match(name) and re.fullmatch(r"[45]\d\d", value):
            return True
        return (len(value) <= 40 and _BAD.search(value) is not None) or _LOUD.search(value, 0, 2000) is not None
    return bool(value) and value is not None and _ERROR.match(name) is not None


def chosen(
    records: Sequence[Mapping[str, Any]], texts: Sequence[str], words: Mapping[str, float], room: int
) -> set[int]:
    """-> the places of the rows to show: all that must be, then rows spread evenly up to `room` characters."""
    count = len(records)
    kept = set(range(min(3, count))) | set(range(max(0, count - 2), count))
    kept |= _rare([tuple(record) for record in records])
    errors: set[int] = set()
    for path, values in columns_of(records).items():
        bad = {place for place, value in enumerate(values) if is_error(path, value)}
        errors |= bad if len(bad) <= 0.5 * count else set()
        kept |= _remarkable(path, values)
    kept |= errors | _asked(texts, words)
    spent = sum(len(texts[place]) + 6 for place in kept)
    mean = max(1, sum(map(len, texts)) // max(1, count) + 12)
    return kept | _between(count, (room - spent) // mean)


def _between(count: int, more: int) -> set[int]:
    """-> about so many places, evenly spread in runs of `RUN`, since every gap costs a line."""
    if more < RUN:
        return set()
    step = max(RUN, count * RUN // more)
    return {place for start in range(0, count, step) for place in range(start, min(start + RUN, count))}


def _remarkable(path: str, values: Sequence[Any]) -> set[int]:
    """-> the rows with the first and the rare of each category, far-out numbers, and where a level shifts."""
    numbers = numeric(values)
    if len(numbers) > 5 and len(numbers) == len(values) and len(set(numbers)) > 2 and not _ID.search(path):
        return _outliers(numbers) | _shifts(numbers)
    keys = [
        value if type(value) in (str, int, bool, type(None)) else dumps(value) if value != [] else "[]"
        for value in values
    ]
    if len(set(keys)) > CATEGORIES:
        keys = [_VARIABLE.sub("#", key) if type(key) is str and len(key) <= 400 else "" for key in keys]
    if len(set(keys)) <= min(CATEGORIES, max(2, len(values) // 2)):
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        return set(first.values()) | _rare(keys)
    return set()


def _rare(keys: Sequence[Any]) -> set[int]:
    counts = Counter(keys)
    if len(counts) > CATEGORIES:
        return set()
    few = max(1, len(keys) // 200)
    return {place for place, key in enumerate(keys) if counts[key] <= few}


def _outliers(numbers: Sequence[float]) -> set[int]:
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
    """-> the rows that hold a wanted word few rows hold, and the ten that hold most of them."""
    if not words:
        return set()
    scores = shares(texts, words)
    best = sorted((place for place, score in enumerate(scores) if score > 0), key=lambda place: (-scores[place], place))
    return set(best[:10])


def summary(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """-> for each column one phrase over all rows: what the values are and how often, or their range and sum."""
    out = []
    for path, values in columns_of(records).items():
        numbers = numeric(values)
        present = [value for value in values if value is not None]
        if not present or any(type(value) in (list, dict) for value in present):
            continue
        counts = Counter(map(dumps, values))
        if 1 < len(counts) <= 12 and len(counts) < len(values) / 2:
            out.append(f"{path}: " + " ".join(f"{text}×{count}" for text, count in counts.most_common()))
        elif numbers and len(counts) > 1 and not _ID.search(path):
            out.append(f"{path}: {_range(numbers, present)}")
    return out[:40]


def _range(numbers: Sequence[float], values: Sequence[Any]) -> str:
    """Lowest, middle, highest and the sum, which is taken in decimals so that it is the one a person would get."""
    exact = sum(map(Decimal, map(dumps, values)), Decimal(0))
    total = f"{exact:f}" if exact.adjusted() < 25 else str(exact)
    low, middle, high = min(numbers), statistics.median(numbers), max(numbers)
    return f"min {low:.6g} median {middle:.6g} max {high:.6g} sum {total} n {len(numbers)}"
