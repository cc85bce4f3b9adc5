"""tests/cases/<compressor>/*.txt: optional `# key: value` lines, the input, a line `# output`, what must come out.

Keys are fields of a Segment (tool, call, path, goal, said, way_back). Only the compressors that are nothing without the
line model ask it: with new weights it may say something else, and the others' files are about their rules. `(none)` as
the output: the compressor leaves the input alone. `pytest --update` rewrites the outputs; read the diff before
committing it.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from headroom_wrap import kompress, marker
from headroom_wrap.segment import Segment

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.txt"))
KEY = re.compile(r"# (tool|call|path|goal|said|way_back): (.*)\n")
BY_MODEL = ("lines_by_use", "windows")
OUTPUT = "\n# output\n"


def read(text: str) -> tuple[str, Segment, str]:
    """-> the header as it stands, the segment, the expected output."""
    fields: dict[str, str] = {}
    at = 0
    while found := KEY.match(text, at):
        fields[found[1]] = found[2]
        at = found.end()
    given, _, expected = text[at:].partition(OUTPUT)
    ref = marker.ref_of(given) if fields.get("way_back") else ""
    return text[:at], Segment(given, ref=ref, **fields), expected.removesuffix("\n")


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_file_comes_out_as_it_says(
    path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path.parent.name not in BY_MODEL:
        monkeypatch.setattr(kompress, "available", lambda: False)
    text = path.read_bytes().decode()
    head, segment, expected = read(text)
    module = importlib.import_module(f"headroom_wrap.compressors.{path.parent.name}")
    found = getattr(module, path.parent.name)(segment)
    out = "(none)" if found is None else found.text
    if request.config.getoption("--update"):
        path.write_bytes(f"{head}{segment.text}{OUTPUT}{out}\n".encode())
    else:
        assert out == expected
    if found is not None and not found.omitted and path.parent.name != "records":
        assert module.expand(found.text) == segment.text


def test_there_are_cases_for_every_folder() -> None:
    assert len(CASES) > 20
