from __future__ import annotations

import pytest

from headroom_wrap.compressors.edited import edited
from headroom_wrap.segment import Segment


@pytest.mark.parametrize(
    ("tool", "call", "path", "may"),
    [
        ("Read", "file_path=/srv/a.py", "/srv/a.py", True),
        ("Bash", "cat package.json", "", True),
        ("Bash", "sed -n '1,40p' deploy/values.yaml", "", True),
        ("read", "path=Makefile.mk", "Makefile.mk", True),
        ("Bash", "cat server.log", "", False),
        ("Bash", "cat rows.csv", "", False),
        ("Bash", "jq . package.json | head", "", False),
        ("Bash", "curl -s https://host/items.json", "", False),
        ("Grep", "pattern=x", "", False),
    ],
)
def test_a_file_that_people_write_by_hand_may_be_edited(tool: str, call: str, path: str, may: bool) -> None:
    assert edited(Segment("one\ntwo\n", tool, call, path)) is may
