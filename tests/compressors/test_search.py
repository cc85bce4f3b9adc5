from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.compressors.search import expand, search
from headroom_wrap.segment import Segment

PATHS = st.sampled_from(("src/a.py", "src/a-1-b.py", "C:\\app\\main.cs", "my docs/a b.md", "web/x.ts", "Makefile"))
MARKS = st.sampled_from((":", "-"))
TEXTS = st.sampled_from(("", "parse(x)", "  12:34:56", "a: b", "-- end", "src/a.py:3:twice", "x\r"))
HITS = st.tuples(MARKS, st.integers(1, 99), TEXTS).map(lambda hit: f"{hit[0]}{hit[1]}{hit[0]}{hit[2]}")
FILES = st.builds(lambda path, hits: [path + hit for hit in hits], PATHS, st.lists(HITS, min_size=1, max_size=8)).map(
    "\n".join
)
OTHERS = st.sampled_from(("--", "", "src/a.py", "12:loose", "grep: src/x: Permission denied"))
LINES = st.lists(st.one_of(FILES, FILES, FILES, OTHERS), min_size=1, max_size=9)


def test_a_search_decodes_to_the_identical_text() -> None:
    formed = []

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(LINES.map("\n".join), st.booleans())
    def run(text: str, ends: bool) -> None:
        text += "\n" if ends else ""
        found = search(Segment(text, "Grep", "pattern=parse", goal="where is x parsed"))
        if found is not None:
            assert expand(found.text) == text
            formed.append(text)

    run()
    assert len(formed) > 20


def short(*parts: list[str]) -> list[str]:
    text = "\n".join(line for part in parts for line in part)
    found = search(Segment(text, "Grep", "pattern=parse", way_back="headroom get", ref="0123456789a"))
    assert found is not None and found.omitted
    return found.text.split("\n")


def hits(path: str, text: str) -> list[str]:
    return [f"{path}:{number}:    {text} and so on and so on {number}" for number in range(1, 150)]


def test_a_gap_names_its_file_where_no_line_of_it_stands_above() -> None:
    matches = ["Binary file x matches"]
    lines = short(hits("src/a.py", "parse"), matches, hits("src/b.py", "parse"), matches, hits("src/a.py", "others"))
    assert lines[-2] == "[lines 301-449 folded: +149 more in src/a.py]"


def test_a_long_hit_says_how_many_of_its_characters_are_missing() -> None:
    lines = short(hits("src/a.py", "parse"), hits("src/b.py", "others"), ["src/min.js:12:" + "x" * 1000])
    assert lines[-2].count("x") == 200
    assert lines[-2].endswith("[line 299 folded: 800 more characters]")
