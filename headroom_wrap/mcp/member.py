"""JSON text and a path in; the text with a member or an element put in or cut out, not another byte changed, out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from headroom_wrap.journal import Insertion

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")


class _Member(NamedTuple):
    """The characters of a member: its key from `start`, its value from `value` to `end`."""

    key: str
    start: int
    value: int
    end: int


def inserted(text: str, path: Sequence[str], value: Any) -> Insertion:
    """-> what to put into a JSON text so that `value` stands at a path of keys of which the last is new.

    Raises ValueError for what is no JSON object, KeyError where the member is there already.
    """
    if not text.strip():
        return Insertion(len(text), json.dumps(_nested(path, value), indent=2) + "\n")
    _check(text)
    at = _past(text, 0)
    rest = list(path)
    while found := next((member for member in _members(text, at) if member.key == rest[0]), None):
        if len(rest) == 1:
            raise KeyError(rest[0])
        at, rest = found.value, rest[1:]
    return Insertion(at + 1, _written(text, at, f"{json.dumps(rest[0])}: ", _nested(rest[1:], value)))


def listed(text: str, path: Sequence[str], value: str) -> Insertion:
    """-> what to put into a JSON text so that `value` is the first element of the array at a path of keys.

    Raises ValueError where something else stands there, KeyError where the value is an element already.
    """
    try:
        return inserted(text, path, [value])
    except KeyError:
        at = _reached(text, path)
    if value in [json.loads(text[start:end]) for start, end in _elements(text, at)]:
        raise KeyError(value)
    return Insertion(at + 1, _written(text, at, "", value))


def unlisted(text: str, path: Sequence[str], value: str) -> str:
    """-> the text without this element of the array at a path of keys. Raises KeyError and ValueError."""
    _check(text)
    at = _reached(text, path)
    found = list(_elements(text, at))
    place = next((place for place, (start, end) in enumerate(found) if json.loads(text[start:end]) == value), -1)
    if place < 0:
        raise KeyError(value)
    if place + 1 < len(found):
        return text[: found[place][0]] + text[found[place + 1][0] :]
    start = found[place - 1][1] if place else at + 1
    return text[:start] + text[found[place][1] :]


def removed(text: str, path: Sequence[str]) -> str:
    """-> the text without the member at a path of keys, its comma and the space before it.

    Raises KeyError and ValueError.
    """
    _check(text)
    at = _reached(text, path[:-1])
    members = list(_members(text, at))
    place = [member.key for member in members].index(path[-1]) if path[-1] in {m.key for m in members} else -1
    if place < 0:
        raise KeyError(path[-1])
    if place + 1 < len(members):
        return text[: members[place].start] + text[members[place + 1].start :]
    start = members[place - 1].end if place else at + 1
    return text[:start] + text[members[place].end :]


def _check(text: str) -> None:
    if not isinstance(json.loads(text), dict):
        raise ValueError("no JSON object")


def _reached(text: str, path: Sequence[str]) -> int:
    """-> where the value at a path of keys begins. Raises KeyError and ValueError."""
    at = _past(text, 0)
    for key in path:
        at = {member.key: member for member in _members(text, at)}[key].value
    return at


def _nested(path: Sequence[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _written(text: str, at: int, key: str, value: Any) -> str:
    """-> a first member or element for what begins at `at`, laid out as that is: on lines, or in one."""
    blank = text[at + 1 : _past(text, at + 1)]
    empty = text[at + 1 + len(blank)] in "}]"
    if "\n" not in blank and not empty:
        return f"{key}{json.dumps(value)}, "
    margin = (blank if "\n" in blank else "\n").rpartition("\n")[2] + ("  " if empty else "")
    lines = f"{key}{json.dumps(value, indent=2)}".replace("\n", f"\n{margin}")
    if empty:
        return f"\n{margin}{lines}" + ("" if "\n" in blank else f"\n{margin[2:]}")
    return f"\n{margin}{lines},"


def _members(text: str, at: int) -> Iterator[_Member]:
    """-> the members of the object that begins at `at`; raises ValueError where none does."""
    if text[at] != "{":
        raise ValueError("no JSON object")
    at = _past(text, at + 1)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        value = _past(text, _past(text, end) + 1)
        _, end = _DECODER.raw_decode(text, value)
        yield _Member(key, at, value, end)
        at = _past(text, end)
        at = _past(text, at + 1) if text[at] == "," else at


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """-> where each element of the array that begins at `at` starts and ends; raises ValueError where none does."""
    if text[at] != "[":
        raise ValueError("no JSON array")
    at = _past(text, at + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _past(text, end)
        at = _past(text, at + 1) if text[at] == "," else at


def _past(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
