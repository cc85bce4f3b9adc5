"""JSON text in, values with their raw numbers out, and back: the exact reading and writing that tables are built on.

Two texts are the same here when `canonical` of both is: same values, key order, raw number tokens, kinds (a string "12"
is not a number 12). Whitespace and the escaping of strings are not part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

DEEPEST = 60
"""Nesting above which a text is left alone, far below where the interpreter's recursion ends."""


class Number:
    """A number token that Python would write otherwise: 1.10, 1e5, -0, thirty digits."""

    __slots__ = ("raw",)

    def __init__(self, raw: str) -> None:
        self.raw = raw


class NotExact(ValueError):
    """JSON that can't be read without loss: a key twice, NaN, NUL characters, nested too deep."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotExact("a key twice")
    return found


def _float(raw: str) -> float | Number:
    value = float(raw)
    return value if repr(value) == raw else Number(raw)


def _int(raw: str) -> int | Number:
    return int(raw) if len(raw) < 20 and raw != "-0" else Number(raw)


def _constant(raw: str) -> Any:
    raise NotExact(raw)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_float, parse_int=_int, parse_constant=_constant)
_RAW = re.compile(r'"\\u0000([^"]*)"')


def loads(text: str) -> Any:
    """-> the value of a JSON text. Raises ValueError (NotExact among them)."""
    if "\0" in text or "\\u0000" in text:
        raise NotExact("not exact")
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise NotExact("nested too deep") from error
    if text.count("{") + text.count("[") > DEEPEST and _deep(value):
        raise NotExact("nested too deep")
    return value


def _deep(value: Any) -> bool:
    """-> whether a value is nested deeper than `DEEPEST`."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return False
    return True


def _default(value: object) -> str:
    if isinstance(value, Number):
        return "\0" + value.raw
    raise TypeError(type(value).__name__)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_default)


_PLAIN: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    float: float.__repr__,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    Number: lambda value: str(value.raw),
}
"""Without the encoder's preparations, which cost five times as much as the value."""


def dumps(value: Any) -> str:
    """-> the canonical text of a value that `loads` gave: no whitespace, key order and raw numbers as they came."""
    write = _PLAIN.get(type(value))
    if write is not None:
        return write(value)
    text = _ENCODER.encode(value)
    return _RAW.sub(r"\1", text) if "\\u0000" in text else text
