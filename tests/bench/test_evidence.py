"""Evidence is kept when the string still stands in what is sent."""

from __future__ import annotations

from headroom_wrap.tokens import count
from scripts.benches.evidence import Row, by_compressor, figures, measured
from scripts.benches.measure.candidates import Ours, RandomLines
from scripts.benches.measure.observed import Observation

TEXT = "\n".join(f"line_{number} of the text" for number in range(400))
SEEN = Observation("made up", "Bash", "cat notes.txt", TEXT, ("line_17", "line_311"))


def test_the_control_keeps_about_the_share_that_it_is_told_and_the_same_each_time() -> None:
    rows = [measured(RandomLines(0.5), SEEN, count(TEXT)) for _ in range(2)]
    assert rows[0] == rows[1]
    assert 0.4 < rows[0].after / rows[0].before < 0.6
    assert rows[0].kept + len(rows[0].lost) == rows[0].used == 2


def test_ours_says_who_answered() -> None:
    ours = Ours()
    row = measured(ours, SEEN, count(TEXT))
    ours.close()
    assert row.by
    assert row.after <= row.before
    assert row.error == ""


def test_figures_and_parts_are_shares_of_tokens() -> None:
    rows = [Row("Read", "code", 100, 50, 3, 4, ("x",)), Row("Bash", "logs", 100, 90, 0, 0)]
    assert figures(rows) == "30.0 % at 75.0 %"
    assert figures([]) == "-"
    assert by_compressor(rows).splitlines()[2:] == [
        "| code | 1 | 50.0 % | 50.0 % | 83.3 % | 1 of 4 |",
        "| logs | 1 | 50.0 % | 10.0 % | 16.7 % | 0 of 0 |",
    ]
