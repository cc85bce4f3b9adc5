"""Every compressor of ours passes the kit that plugins are held to."""

from __future__ import annotations

import pytest

from headroom_wrap.compressors.listing import listing
from headroom_wrap.compressors.records import records
from headroom_wrap.compressors.repeats import repeats
from headroom_wrap.compressors.search import search
from headroom_wrap.compressors.tables import tables
from headroom_wrap.segment import Compressor
from headroom_wrap.testing import check


@pytest.mark.slow
@pytest.mark.parametrize("compressor", [search, listing, repeats, tables])
def test_a_compressor_of_lines_keeps_every_promise(compressor: Compressor) -> None:
    check(compressor)


@pytest.mark.slow
def test_the_compressor_of_records_keeps_every_promise() -> None:
    check(records, rows=True)
