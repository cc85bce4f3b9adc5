"""A needle is standing, one get away, or lost; what is away is really fetched."""

from __future__ import annotations

import json

from headroom_wrap.marker import ref_of
from scripts.benches.inputs.workloads import Needle, Workload
from scripts.benches.measure.candidates import Ours
from scripts.benches.workloads import measured, places, standing


def test_a_number_that_is_part_of_another_does_not_stand() -> None:
    needle = Needle("How many?", "many", "412")
    assert standing(needle, '{"many": 412}')
    assert not standing(needle, '{"many": 34121, "time": "0.412"}')


def test_needles_are_found_where_they_are() -> None:
    ours = Ours()
    lines = [f"row {number}: nothing to see" for number in range(50)]
    text = "\n".join([*lines[:20], "the colour is teal", *lines[20:], "the shape is round"])
    ref = ours.store.keep(text)
    assert ref == ref_of(text)
    load = Workload("w", 0, "?", [("Bash", {}, text)])
    load.plant("Which colour?", "colour", "teal")
    load.plant("Which shape?", "shape", "round")
    sent = [f"the shape is round\n[51 of 52 lines left out · headroom get {ref} --lines A-B]"]
    found = places(load, sent, ours.home)
    lost = places(load, ["nothing"], ours.home)
    ours.close()
    assert {place: [needle.answer for needle in needles] for place, needles in found.items()} == {
        "standing": ["round"],
        "away": ["teal"],
        "lost": [],
    }
    assert [needle.answer for needle in lost["lost"]] == ["teal", "round"]


def test_ours_loses_no_error_of_a_large_table() -> None:
    rows = [{"id": number, "level": "INFO", "message": f"job {number} went well"} for number in range(2000)]
    rows[1234] |= {"level": "FATAL", "message": "disk sdb9 is gone"}
    load = Workload("w", 0, "Why is it down?", [("Bash", {"command": "cat log.json"}, json.dumps(rows, indent=1))])
    load.plant("Which disk?", "disk", "sdb9")
    ours = Ours()
    figures, found = measured(ours, load)
    ours.close()
    assert [needle.answer for needle in found["standing"]] == ["sdb9"]
    assert len(figures) == 6
