"""Every compressor of ours passes the kit that plugins are held to."""

from __future__ import annotations

import pytest

from headroom_wrap.compressors.blame import blame
from headroom_wrap.compressors.listing import listing
from headroom_wrap.compressors.records import records
from headroom_wrap.compressors.repeats import repeats
from headroom_wrap.compressors.search import search
from headroom_wrap.compressors.tables import tables
from headroom_wrap.segment import Compressor, Segment
from headroom_wrap.testing import WAY_BACK, check


@pytest.mark.slow
@pytest.mark.parametrize("compressor", [search, listing, repeats, tables])
def test_a_compressor_of_lines_keeps_every_promise(compressor: Compressor) -> None:
    check(compressor)


@pytest.mark.slow
@pytest.mark.parametrize(
    "head", ["(Ada Sund 2024-02-03 10:00:01 +0100 ", "src/a.py (<ada@shop.example> 2024-02-03 ", ""]
)
def test_the_compressor_of_blames_keeps_every_promise(head: str) -> None:
    lines = [f"{place // 7 % 5:08x}9 {head}{place:>4}) error {place} of f({place})" for place in range(300)]
    check(blame, [Segment("\n".join(lines), "Bash", "git blame a.py", way_back=back) for back in ("", WAY_BACK)])


@pytest.mark.slow
def test_the_compressor_of_records_keeps_every_promise() -> None:
    check(records, rows=True)
