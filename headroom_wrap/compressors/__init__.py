"""STACK: the compressors in the order they are asked; the first that answers has the segment. Order is meaning."""

from __future__ import annotations

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
from headroom_wrap.segment import Compressor

STACK: tuple[Compressor, ...] = (
    *(records, diff, history, code, config_text, markup),
    *(search, listing, output, logs, repeats, sentences, lines_by_use),
)
