"""What is said of a kind of content is measured on its texts."""

from __future__ import annotations

import json

from scripts.benches.inputs.kinds import Sample, samples
from scripts.benches.kinds import doubled, json_forms, marked_lines, measured, outlines


def test_twice_a_json_text_is_json() -> None:
    text = json.dumps({"size": 90, "share": 0.05})
    first, second = json.loads(doubled(text))
    assert first == json.loads(text)
    assert second == {"size": 11, "share": 1.16}


def test_twice_a_log_has_twice_its_lines() -> None:
    assert doubled("at 09:10\nat 09:11") == "at 09:10\nat 09:11\nat 11:21\nat 11:22"


def test_tables_are_made_of_the_made_up_samples() -> None:
    found = {
        kind: [measured(each) for each in samples() if each.kind == kind][:2] for kind in ("CI log", "JSON", "code")
    }
    assert marked_lines(found, {}).splitlines()[2].endswith("| 100.0 % | 100.0 % | 100.0 % | 100.0 % |")
    assert json_forms(found["JSON"]).splitlines()[-1].endswith("| 0 |")
    assert " 0 shown lines are not the file's, in 0 files" in outlines(found["code"])


def test_a_marked_line_that_is_gone_is_counted() -> None:
    one = measured(Sample("CI log", "a\n" * 500, marked=("a line that never stood there",)))
    assert marked_lines({"CI log": [one]}, {}).splitlines()[2].endswith("| 0.0 % | - | 0.0 % | 0.0 % |")
