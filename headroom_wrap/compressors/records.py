"""SmartCrusher: JSON records in (arrays, maps, JSON lines, nested or ragged), a table of them out.

Reads: a text that is one JSON value, or one JSON object per line.
Keeps: every value, key order, raw numbers, string against number, absent against null; what all rows share stands once
in the header. The form is decoded (`expand`) and compared before it is used. Whitespace between the tokens and the way
strings are escaped are not kept: `expand` gives the same value, minified. Of JSON above 4,000 tokens whose table has
more than 1,500, with a way back: rows that say an error, hold a rare value (also inside an array), lie far out, mark a
change or are asked for, the first, the last and some between, each run of them with its first row's number; counts,
ranges and sums are over all rows.
Leaves out: in the lossless form nothing; otherwise rows, and the middle of very long strings and arrays.
Not for: files of up to 4,000 tokens, which an agent edits by their lines; JSON with a key twice, NaN, NUL characters;
JSON inside other text, which the route unwraps first.
"""

from __future__ import annotations

from typing import Any

from headroom_wrap import marker
from headroom_wrap.compressors.edited import edited
from headroom_wrap.compressors.records_form import LINES, OPENING, Tables, read, tabled, write
from headroom_wrap.compressors.records_json import dumps, loads
from headroom_wrap.compressors.records_short import shortened
from headroom_wrap.compressors.words import large, wanted
from headroom_wrap.segment import Compressed, Segment

SMALLEST = 200
"""Characters below which no table can pay for its header."""
ENOUGH = 1500
"""Tokens of a table up to which all its rows are sent, however large the JSON was."""


def records(segment: Segment) -> Compressed | None:
    """-> the tables, or the value minified where no table is shorter, or None: no JSON, or nothing gained."""
    text = segment.text
    value, opening = _value(text)
    if value is None or (not large(text) and edited(segment)):
        return None
    plain = minified(value, opening)
    made = tabled(value)
    form = write(made, opening)
    least = form if form is not None and len(form) < len(plain) else plain
    if segment.way_back and large(text) and large(least, ENOUGH):
        short = _shortened(segment, value, made, opening)
        if short is not None and len(short.text) < 0.8 * len(least):
            return short
    if form is not None and len(form) < 0.97 * len(plain) and _decodes(form, plain):
        return Compressed(form)
    return Compressed(plain) if len(plain) < len(text) else None


def _shortened(segment: Segment, value: Any, made: tuple[Tables, Any], opening: str) -> Compressed | None:
    """The rows that matter, None: nothing could be left out."""
    text, omitted, options = shortened(value, made, opening, wanted(segment))
    return Compressed(f"{text}\n{marker.footer(segment, omitted, options)}", omitted) if omitted else None


def expand(text: str) -> str:
    """-> the JSON that a form stands for, minified; a text that is no form comes back as it is."""
    opening = LINES if text.startswith(LINES) else OPENING
    return minified(read(text), opening) if text.startswith(opening) else text


def minified(value: Any, opening: str = OPENING) -> str:
    """-> the value without whitespace, one line for each record of JSON lines."""
    return "\n".join(map(dumps, value)) if opening == LINES else dumps(value)


def _value(text: str) -> tuple[Any, str]:
    start = text[:200].lstrip()[:1]
    if len(text) < SMALLEST or start not in ("[", "{"):
        return None, ""
    try:
        return loads(text.strip()), OPENING
    except ValueError:
        return _lines(text), LINES


def _lines(text: str) -> list[Any] | None:
    """-> the objects of JSON lines: every line that isn't empty holds one."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 3 or not all(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
        return None
    try:
        return [loads(line.strip()) for line in lines]
    except ValueError:
        return None


def _decodes(form: str, plain: str) -> bool:
    try:
        return expand(form) == plain
    except (ValueError, KeyError, IndexError, TypeError):
        return False
