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


def short(lines: list[str], goal: str = "") -> list[str]:
    found = listing(Segment("\n".join(lines), "Bash", "find .", goal=goal, way_back="headroom get", ref="0123456789a"))
    assert found is not None and found.omitted
    return found.text.split("\n")


SERIES = [f"./img/scans/img_{number:04}.png" for number in range(1400)]


def test_a_name_of_the_goal_stays_in_a_series() -> None:
    lines = short(SERIES, "why is img_0042.png empty?")
    at = lines.index("./img/scans/img_0042.png")
    assert lines[at - 1].startswith("[lines 3-42 folded: ") and lines[at + 3].startswith("[lines 46-1400 folded: ")


def test_lines_that_look_like_a_directory_of_the_form_are_not_misread() -> None:
    beside = [f"./src/part/{name}.py" for name in ("a", "b", "c", "d", "e", "f", "g", "h")]
    others = ["src/:", "  not below src"]
    assert short([*beside, *others, *SERIES])[: len(beside) + 2] == [*beside, *others]
