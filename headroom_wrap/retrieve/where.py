"""A condition such as `status>=400 and level=error` in; a function from a row to whether it holds out.

    condition  = all ("or" all)*          all  = one ("and" one)*
    one        = "not" one | "(" condition ")" | path | path op value
    op         = = == != < <= > >= ~      (~: the value is a regular expression that is found in the text)

A path is a key, or keys with dots (`user.login`); alone it holds where something is there that isn't false or empty.
Numbers compare as numbers where both sides are; a missing key holds for `!=` only.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from headroom_wrap.refused import Refused

Condition = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>[=!<>]=|&&|\|\||[=<>~()])|(?P<word>[^\s()=!<>~&|"']+))"""
)
_WORDS = {"&&": "and", "||": "or"}
_ABSENT = object()


def condition(text: str) -> Condition:
    """-> whether a row fulfils a condition, as a function. Raises Refused for what is none."""
    reader = _Reader(text)
    holds = reader.any_of()
    if reader.at < len(reader.tokens):
        raise reader.refused()
    return holds


class _Reader:
    """Reads the tokens of a condition from left to right; a quoted one keeps its quotes."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, list[str](), 0
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise self.refused()
            place = found.end()
            self.tokens.append(_WORDS.get(found[0].strip(), found[0].strip()))

    def refused(self) -> Refused:
        """-> what is said of a text that is no condition."""
        return Refused(f"{self.text!r} is not a condition", "", "write one like 'status>=400 and level=error'")

    def taken(self, *words: str) -> str:
        """-> the next token if it is one of these words (any, where none is given), otherwise ""."""
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if not token or (words and token.lower() not in words):
            return ""
        self.at += 1
        return token

    def any_of(self) -> Condition:
        """-> one or more, joined by `or`."""
        found = [self.all_of()]
        while self.taken("or"):
            found.append(self.all_of())
        return lambda row: any(holds(row) for holds in found)

    def all_of(self) -> Condition:
        """-> one or more, joined by `and`."""
        found = [self.one()]
        while self.taken("and"):
            found.append(self.one())
        return lambda row: all(holds(row) for holds in found)

    def one(self) -> Condition:
        """-> a comparison, a negation or what stands in brackets."""
        if self.taken("not"):
            inner = self.one()
            return lambda row: not inner(row)
        if self.taken("("):
            inner = self.any_of()
            if not self.taken(")"):
                raise self.refused()
            return inner
        path = self.taken()
        if not path or path in _SIGNS or path == ")":
            raise self.refused()
        sign = self.taken(*_SIGNS)
        return self._compared(_unquoted(path), sign) if sign else lambda row: bool(_truth(_at(row, path)))

    def _compared(self, path: str, sign: str) -> Condition:
        value = self.taken()
        if not value or value in _SIGNS or value in ("(", ")"):
            raise self.refused()
        value = _unquoted(value)
        if sign == "~":
            _checked(value)
            return lambda row: _at(row, path) is not _ABSENT and _SIGNS["~"](_at(row, path), value)
        compare = _SIGNS[sign]

        def holds(row: Any) -> bool:
            found = _at(row, path)
            return sign == "!=" if found is _ABSENT else compare(*_pair(found, value))

        return holds


def _checked(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise Refused(f"{pattern!r} is not a regular expression", str(error), "escape its specials") from None


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "~": lambda found, pattern: re.search(pattern, _said(found)) is not None,
}


def _at(row: Any, path: str) -> Any:
    """-> the value at a path; a key that itself has dots comes first."""
    path = path.removeprefix(".")
    if isinstance(row, dict) and path in row:
        return row[path]
    for key in path.split("."):
        if not isinstance(row, dict) or key not in row:
            return _ABSENT
        row = row[key]
    return row


def _pair(found: Any, value: str) -> tuple[Any, Any]:
    """-> both sides as numbers where they are, otherwise as texts."""
    try:
        return (float(found), float(value)) if not isinstance(found, bool) else (_said(found), value)
    except (TypeError, ValueError, OverflowError):
        return _said(found), value


def _said(found: Any) -> str:
    """-> a value as it stands in JSON, a string without its quotes."""
    if isinstance(found, bool) or found is None:
        return {True: "true", False: "false", None: "null"}[found]
    return found if isinstance(found, str) else str(found)


def _truth(found: Any) -> bool:
    return found is not _ABSENT and bool(found)


def _unquoted(token: str) -> str:
    return re.sub(r"\\([\"'\\])", r"\1", token[1:-1]) if token[:1] in "\"'" else token
