"""SmartCrusher for tables that aren't JSON: CSV, TSV, psql, mysql, Markdown, kubectl, docker, ps.

Reads: a text that is one table, with a few lines before and behind it, whose rows can be written again to the letter.
Keeps: every cell; padding, a value that all rows share and the common beginning of times stand once in the first line
(decoded by `expand` and compared before it is used). Of a table above 1,500 tokens, with a way back: the lines around
it, and as they came the rows that say an error, hold a rare value, lie far out, mark a change or are asked for, the
first, the last and some between; counts, ranges and sums in the footer are over all rows.
Leaves out: in the lossless form nothing; otherwise rows, as gaps with their line numbers.
Not for: files of up to 4,000 tokens that an agent may edit; fewer than ten rows; cells over several lines.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from headroom_wrap import marker
from headroom_wrap.compressors.edited import edited
from headroom_wrap.compressors.records_json import Number
from headroom_wrap.compressors.records_rows import chosen, summary
from headroom_wrap.compressors.tables_form import Table, expand, read, write
from headroom_wrap.compressors.words import large, wanted
from headroom_wrap.segment import Compressed, Segment

__all__ = ["expand", "tables"]

ENOUGH = 1500
"""Tokens up to which all rows are sent."""
ROOM = 2500
"""Characters of rows up to which others are shown beside those that must be."""

_ERROR = re.compile(r"(?i)\b(?:error|exception|traceback|failed|failure|fatal|panic)\b")


_WHOLE = re.compile(r"0|-?[1-9]\d*", re.ASCII)
"""A number that comes back as it was written: a postal code 00501 is none."""


def tables(segment: Segment) -> Compressed | None:
    """-> the table without what its rows share, or the rows that matter; None: no table, or nothing gained."""
    text = segment.text
    table = read(text)
    if table is None or (not large(text) and edited(segment)):
        return None
    form = write(table)
    least = form if len(form) < len(text) else text
    if segment.way_back and large(least, ENOUGH) and (short := _shortened(segment, table, len(least))):
        return short
    return Compressed(form) if len(form) < 0.8 * len(text) and expand(form) == text else None


def _shortened(segment: Segment, table: Table, least: int) -> Compressed | None:
    lines = segment.text.split("\n")
    first = len(table.head)
    rows = lines[first : first + len(table.rows)]
    records = [dict(zip(table.names, map(_value, row), strict=True)) for row in table.rows]
    kept = chosen(records, rows, wanted(segment), ROOM) | _errors(rows)
    kept |= {place for place in range(1, len(rows) - 1) if {place - 1, place + 1} <= kept}
    out, before = list(table.head), -1
    for place in sorted(kept):
        if place > before + 1:
            out.append(marker.gap(first + before + 2, first + place, "rows like these"))
        out.append(rows[place])
        before = place
    omitted = f"{len(rows) - len(kept)} of {len(rows)} rows"
    about = "; ".join(summary(records))
    text = "\n".join(
        [*out, *table.tail, marker.footer(segment, f"{omitted}; of all {len(rows)}: {about}" if about else omitted)]
    )
    return Compressed(text, omitted) if len(text) < 0.8 * least else None


def _errors(rows: list[str]) -> set[int]:
    found = {place for place, row in enumerate(rows) if _ERROR.search(row)}
    return found if 2 * len(found) <= len(rows) else set()


def _value(cell: str) -> Any:
    """-> a cell as a number where it is written as one, None where it is empty, and its text."""
    text = cell.strip().strip('"')
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    if "_" in text or not isfinite(number):
        return text
    return int(text) if len(text) < 19 and _WHOLE.fullmatch(text) else Number(text)
