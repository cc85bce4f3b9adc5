"""STACK: the compressors in the order they are asked; the first that answers has the segment. Order is meaning."""

from __future__ import annotations

from collections.abc import Sequence

from headroom_wrap.compressors.blame import blame
from headroom_wrap.compressors.code import code
from headroom_wrap.compressors.config_text import config_text
from headroom_wrap.compressors.diff import diff
from headroom_wrap.compressors.history import history
from headroom_wrap.compressors.lines_by_use import lines_by_use
from headroom_wrap.compressors.listing import listing
from headroom_wrap.compressors.logs import logs
from headroom_wrap.compressors.markup import markup
from headroom_wrap.compressors.output import output
from headroom_wrap.compressors.records import records
from headroom_wrap.compressors.repeats import repeats
from headroom_wrap.compressors.search import search
from headroom_wrap.compressors.sentences import sentences
from headroom_wrap.compressors.tables import tables
from headroom_wrap.compressors.windows import windows
from headroom_wrap.segment import Compressor

STACK: tuple[Compressor, ...] = (
    *(records, tables, diff, blame, history, code, config_text, markup),
    *(search, listing, output, logs, repeats, sentences, windows, lines_by_use),
)


def named(names: Sequence[str]) -> tuple[Compressor, ...]:
    """-> the compressors of these names in their order, all where none is named. Raises ValueError for unknown ones."""
    known = [each.__name__ for each in STACK]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"there is no compressor {unknown[0]!r}; use some of {', '.join(known)}")
    return tuple(each for each in STACK if not names or each.__name__ in names)
