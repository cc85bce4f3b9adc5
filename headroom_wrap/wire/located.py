"""A JSON body in, its values with their spans out; spans and new texts in, the body with only those replaced out.

A `Shape` says which members to walk into; whatever it does not name is scanned whole by CPython's C scanner (about
500 MB/s), so that every string is read once and tool definitions or images cost nothing but that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from headroom_wrap.segment import Span
from headroom_wrap.wire import Unreadable

# Numbers stay text: 30 digits survive, and CPython's limit of 4,300 digits for int() raises nothing.
_scan = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str).scan_once  # type: ignore[attr-defined]

_WS = r"[ \t\n\r]*"
# One match per step: either the end (group 1), or what stands before the next value (group 2: a key without escapes).
_KEY = rf'"(?:([^"\\\x00-\x1f]*)"{_WS}:{_WS})?'
_blank = re.compile(_WS).match
_first_key = re.compile(rf"\{{{_WS}(?:(\}})|{_KEY})").match
_next_key = re.compile(rf"{_WS}(?:(\}})|,{_WS}{_KEY})").match
_colon = re.compile(rf"{_WS}:{_WS}").match
_first_item = re.compile(rf"\[{_WS}(\])?").match
_next_item = re.compile(rf"{_WS}(?:(\])|,{_WS})").match
_finish = re.compile(rf"{_WS}\Z").match


@dataclass(frozen=True, slots=True)
class Shape:
    """Which members of an object (`keys`) and whether the items of an array (`items`) are walked into.

    `rest`: the shape of members that `keys` does not name. None: the value is scanned whole and carries plain values.
    `whole` matches at the start of a value that is scanned whole all the same: an assistant's message among a user's.
    `resume_at`: where to go on in an array whose items before that place were read from an earlier body.
    """

    keys: Mapping[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    rest: Shape | None = None
    whole: re.Pattern[str] | None = None
    resume_at: int = 0


TEXTS = Shape(items=Shape(rest=Shape()))
"""A list of blocks, each with strings of its own, or one string."""


class Members(dict[str, "Located"]):
    """A walked object."""


class Items(list["Located"]):
    """A walked array."""


class Located(NamedTuple):
    """A value and the characters [start, end) of the body it was read from.

    `value` is `Members` or `Items` where the shape walked into it; otherwise the plain value, numbers as their text.
    """

    value: Any
    start: int
    end: int

    def at(self, key: str) -> Located:
        """-> the member of a walked object, `NOTHING` where there is none."""
        value = self.value
        return value.get(key, NOTHING) if type(value) is Members else NOTHING

    def walked(self) -> bool:
        """-> whether this is an object whose members carry their places."""
        return isinstance(self.value, Members)

    def members(self) -> Iterable[tuple[str, Located]]:
        """-> the members of a walked object, in their order."""
        return self.value.items() if isinstance(self.value, Members) else ()

    def items(self) -> list[Located]:
        """-> the items of a walked array, [] for anything else."""
        value = self.value
        return value if type(value) is Items else []

    def plain(self) -> Any:
        """-> the value without places."""
        value = self.value
        if type(value) is Members:
            return {key: member.plain() for key, member in value.items()}
        return [item.plain() for item in value] if type(value) is Items else value

    def text(self) -> str:
        """-> the string, "" for anything else."""
        return self.value if isinstance(self.value, str) else ""

    def is_string(self, body: str) -> bool:
        """-> whether the body has a string literal here, and not a number, which is kept as text too."""
        return body[self.start : self.start + 1] == '"'

    def span(self) -> Span:
        """-> the place, quotes included."""
        return Span(self.start, self.end)


NOTHING = Located(None, 0, 0)


def locate(body: str, shape: Shape) -> Located:
    """-> the body's one JSON value, walked as far as `shape` says.

    Raises Unreadable: not JSON, cut off, something after its end, nested too deep, or a key twice in a walked object
    (which of the two counts differs between parsers, so neither is safe to change).
    """
    start = _blank(body).end()  # type: ignore[union-attr]
    try:
        found = _walk(body, start, shape)
    except (ValueError, StopIteration, IndexError) as error:
        raise Unreadable(f"not JSON: {error or 'cut off'}") from None
    except RecursionError:
        raise Unreadable("nested too deep") from None
    if _finish(body, found.end) is None:
        raise Unreadable(f"something after the end, at character {found.end}")
    return found


_tuple = tuple.__new__
"""Makes a `Located` in a third of the time of its constructor, which counts at several thousand members a body."""


def _walk(body: str, at: int, shape: Shape) -> Located:
    opening = body[at : at + 1]
    if opening == "{" and (shape.keys or shape.rest) and not (shape.whole and shape.whole.match(body, at)):
        return _object(body, at, shape)
    if opening == "[" and shape.items:
        return _array(body, at, shape)
    value, end = _scan(body, at)
    return _tuple(Located, (value, at, end))


def _object(body: str, at: int, shape: Shape) -> Located:
    members = Members()
    keys, rest = shape.keys, shape.rest
    end, found = at, _first_key(body, at)
    while found:
        closing, key = found.groups()
        end = found.end()
        if closing:
            return _tuple(Located, (members, at, end))
        if key is None:
            key, end = _escaped_key(body, end)
        if key in members:
            raise Unreadable(f"a key twice in one object, at character {found.start()}")
        inner = keys.get(key, rest)
        if inner is None:
            value, stop = _scan(body, end)
            members[key] = _tuple(Located, (value, end, stop))
            end = stop
        else:
            members[key] = value = _walk(body, end, inner)
            end = value.end
        found = _next_key(body, end)
    raise Unreadable(f"no object at character {end}")


def _escaped_key(body: str, at: int) -> tuple[str, int]:
    """-> a key that the quick pattern can't read, and where its value starts."""
    key, end = scanstring(body, at, True)
    colon = _colon(body, end)
    if colon is None:
        raise Unreadable(f"no colon at character {end}")
    return key, colon.end()


def _array(body: str, at: int, shape: Shape) -> Located:
    items, inner = Items(), shape.items or shape
    end = max(at, shape.resume_at)
    found = _next_item(body, end) if shape.resume_at else _first_item(body, at)
    while found:
        if found[1]:
            return _tuple(Located, (items, at, found.end()))
        item = _walk(body, found.end(), inner)
        items.append(item)
        end = item.end
        found = _next_item(body, end)
    raise Unreadable(f"no array at character {end}")


_ESCAPED_LETTER = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_SURROGATE = re.compile("[\ud800-\udfff]")


_LITERALS: dict[tuple[str, bool], str] = {}
_LITERALS_SIZE = 8_000_000
"""Characters of literals that are kept: the same texts are written again with every request of a conversation.

Writing those of a 2 MB body anew took 3 of the 17 ms that such a request took longer than without us.
"""


def literal(text: str, original: str) -> str:
    """-> the JSON string literal of a text, its letters escaped only where the literal it replaces has them so."""
    escaped = "\\u" in original and original.isascii() and _ESCAPED_LETTER.search(original) is not None
    made = _LITERALS.get((text, escaped))
    if made is None:
        made = json.dumps(text) if escaped else _raw(text)
        if sum(map(len, _LITERALS.values())) + len(made) > _LITERALS_SIZE:
            _LITERALS.clear()
        _LITERALS[text, escaped] = made
    return made


def _raw(text: str) -> str:
    raw = _quoted(text)
    return raw if raw.isascii() else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", raw)


def splice(body: str, edits: Sequence[tuple[Span, str]]) -> str:
    """-> the body with the string literals at these spans replaced; every other character as it was.

    No edits: the very same object. Raises ValueError for spans that overlap or are no string literals.
    """
    if not edits:
        return body
    pieces: list[str] = []
    done = 0
    for span, text in sorted(edits, key=lambda edit: edit[0].start):
        original = body[span.start : span.end]
        if span.start < done or len(original) < 2 or original[0] != '"' or original[-1] != '"':
            raise ValueError(f"no string literal of its own at characters {span.start}-{span.end}")
        pieces += (body[done : span.start], literal(text, original))
        done = span.end
    pieces.append(body[done:])
    return "".join(pieces)
