"""References and markers, which stand in for what was left out: text in, one line of text or a part of one out.

A reference is a content address: ten characters of the original's SHA-256 in a 32-letter alphabet without i, l, o, u,
and a check character, so that a mistyped one is refused instead of resolved to something else. Collisions lengthen it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # 10 ms that `headroom get` need not pay
    from headroom_wrap.segment import Segment

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
SHORT = 10
WAY_BACK = "headroom get"
RETRIEVE = "headroom_retrieve"
"""The tool that does the same, over MCP or injected."""


def digest(text: str) -> str:
    """-> the 51 characters of a text's SHA-256 in the reference alphabet (lone surrogates allowed)."""
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), "big") >> 1
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(250, -5, -5))


def check(body: str) -> str:
    """-> the check character of a reference's body: a weighted sum, so that swapped neighbours are noticed."""
    return ALPHABET[sum((place + 1) * ALPHABET.index(letter) for place, letter in enumerate(body)) % 31]


def ref_of(text: str, length: int = SHORT) -> str:
    """-> the reference of a text, `length` characters of its digest and the check character."""
    body = digest(text)[:length]
    return body + check(body)


def valid(ref: str) -> bool:
    """-> whether `ref` is well formed and its check character right."""
    return len(ref) > SHORT and all(letter in ALPHABET for letter in ref) and check(ref[:-1]) == ref[-1]


def gap(first: int, last: int, what: str) -> str:
    """-> the line that stands for some lines of the original, for instance `[lines 120-188 folded: body of f]`.

    The segment's `footer` says once how to get them; both together are what rule 6 asks of a gap.
    """
    lines = f"line {first}" if first == last else f"lines {first}-{last}"
    return f"[{lines} folded: {what}]"


GAP = re.compile(r"\[lines? (\d{1,9})(?:-(\d{1,9}))? folded: ")
"""How a line begins that `gap` made, with its first line and its last."""


def inside(line: int, first: int, last: int) -> str:
    """-> what stands inside a line for some of its characters: `…[characters 401-900 of line 3 folded]…`.

    `--lines 3 --chars 401-900` prints them, which the segment's `footer` says once.
    """
    return f"…[{stretch(line, first, last)} folded]…"


def stretch(number: int, first: int, last: int, what: str = "line") -> str:
    """-> what names some characters of a line (or a row), for instance `characters 401-900 of line 3`."""
    return f"characters {first}-{last} of {what} {number}"


def footer(segment: Segment, omitted: str, options: str = "--lines A-B") -> str:
    """-> the last line of a text with gaps: what is missing, and the command that prints it."""
    return f"[{omitted} · {segment.way_back} {segment.ref} {options}]"


def whole(segment: Segment, first: int, last: int, what: str) -> str:
    """-> a gap that carries its own way back, for a text with only one gap."""
    return f"{gap(first, last, what)[:-1]} · {segment.way_back} {segment.ref} --lines {first}-{last}]"


PRINTED = "[headroom original "
"""The first characters of what `headroom get` prints: what carries it passes uncompressed."""

# The look ahead finds one " · " and stays with it: a long line full of them, each tried in turn, would take for ever.
_LINE = re.compile(
    r"\[(?:lines? \d+(?:-\d+)?|rows? \d+(?:-\d+)?|(?=(?P<what>.*? · \S))(?P=what).* [0-9a-hjkmnp-tv-z]{11,}\b)"
)


def is_marker(line: str) -> bool:
    """-> whether a line is one of ours: a gap or a footer, and not the agent's text."""
    line = line.strip()
    return line[-1:] == "]" and _LINE.match(line) is not None


INSIDE = re.compile(r"…\[characters \d+-\d+ of line \d+ folded\]…")
"""A marker that `inside` made, where it stands in its line."""
