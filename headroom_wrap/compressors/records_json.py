"""JSON text in, values with their raw numbers out, and back: the exact reading and writing that tables are built on.

Two texts are the same here when `canonical` of both is: same values, key order, raw number tokens, kinds (a string "12"
is not a number 12). Whitespace and the escaping of strings are not part of it.
"""

from __future__ import annotations

import json
import re
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
_DEPTH = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.S)
_RAW = re.compile(r'"\\u0000([^"]*)"')


def loads(text: str) -> Any:
    """-> the value of a JSON text. Raises ValueError (NotExact among them)."""
    if "\0" in text or "\\u0000" in text or _depth(text) > DEEPEST:
        raise NotExact("not exact")
    return _DECODER.decode(text)


def _depth(text: str) -> int:
    """-> an upper bound of the nesting; exact only where brackets alone can't settle it."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return 0
    deepest = depth = 0
    for found in _DEPTH.finditer(text):
        if found[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif found[2]:
            depth -= 1
    return deepest


def _default(value: object) -> str:
    if isinstance(value, Number):
        return "\0" + value.raw
    raise TypeError(type(value).__name__)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_default)


def dumps(value: Any) -> str:
    """-> the canonical text of a value that `loads` gave: no whitespace, key order and raw numbers as they came."""
    if type(value) is str:
        return encode_basestring(value)
    text = _ENCODER.encode(value)
    return _RAW.sub(r"\1", text) if "\\u0000" in text else text
