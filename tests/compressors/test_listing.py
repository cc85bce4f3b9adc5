from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.compressors.listing import expand, listing
from headroom_wrap.segment import Segment

FOLDERS = st.sampled_from(("src/app/core/", "./web/", "/srv/shop/forms/", "a b/c d/"))
NAMES = st.sampled_from(("form.py", "main.ts", "sub/", "x (3 matches)", "reader_of_lines.py", "LICENSE", "a.b:", "/:"))


def test_a_listing_decodes_to_the_identical_text() -> None:
    formed = []

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(FOLDERS, st.lists(NAMES, min_size=3, max_size=9)), min_size=1, max_size=8))
    def run(groups: list[tuple[str, list[str]]]) -> None:
        text = "\n".join(folder + name for folder, names in groups for name in names)
        found = listing(Segment(text, "Glob", "pattern=**", goal="the form loses lines"))
        if found is not None:
            assert expand(found.text) == text
            formed.append(text)

    run()
    assert len(formed) > 20
