"""STACK: the compressors in the order they are asked; the first that answers has the segment. Order is meaning."""

from __future__ import annotations

from headroom_wrap.compressors.listing import listing
from headroom_wrap.compressors.records import records
from headroom_wrap.compressors.repeats import repeats
from headroom_wrap.compressors.search import search
from headroom_wrap.segment import Compressor

STACK: tuple[Compressor, ...] = (records, search, listing, repeats)
