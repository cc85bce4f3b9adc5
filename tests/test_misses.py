"""Results and what was sent of earlier ones in; misses told apart from everything else that looks like one."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.marker import ref_of
from headroom_wrap.misses import Past, missed
from headroom_wrap.rewrite import rewrite
from headroom_wrap.segment import Outcome, Segment
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import anthropic

LINES = [f"    value_{number} = compute({number})" for number in range(1, 301)]
SENT = [*LINES[:100], "[lines 101-290 folded: body of f]", *LINES[290:]]
NUMBERED = "\n".join(f"{number:>6}\t{line}" for number, line in enumerate(LINES, 1))
READ = Segment(NUMBERED, "Read", "file_path=/p/src/a.py", "/p/src/a.py")
FOLDED = Outcome(
    "\n".join([*SENT, "[190 of 300 lines · headroom get 4f2a9c0d1e2 --lines A-B]"]), "code", "190 of 300 lines", "whole"
)
EARLIER = [Past(READ, FOLDED)]


def ranged(first: int, last: int, **changes: Any) -> Segment:
    text = "\n".join(NUMBERED.split("\n")[first - 1 : last])
    call = f"file_path=/p/src/a.py offset={first} limit={last - first + 1}"
    return replace(Segment(text, "Read", call, "/p/src/a.py"), **changes)


@pytest.mark.parametrize(
    ("tool", "call"),
    [
        ("Bash", "headroom get 4f2a9c0d1e2 --lines 120-130"),
        ("Bash", "cd /tmp && headroom get '4f2a9c0d1e2' | head -5"),
        ("mcp__headroom__headroom_retrieve", "ref=4f2a9c0d1e2 lines=120-130"),
        ("mcp__headroom__headroom_retrieve", "ref=4f2a9c0d1e2 --lines 120-130"),
    ],
)
def test_a_fetch_counts_against_the_result_whose_marker_names_the_reference(tool: str, call: str) -> None:
    assert missed(Segment("anything", tool, call), EARLIER) == "get whole"


def test_a_result_of_two_texts_counts_once() -> None:
    fetch = Segment("Script completed", "exec", "headroom get 4f2a9c0d1e2")
    told = Outcome(None, why="small", missed="get whole")
    assert missed(replace(fetch, text="the text"), [*EARLIER, Past(fetch, told)]) == ""


def test_a_fetch_of_something_that_stands_nowhere_above_keeps_its_reference() -> None:
    assert missed(Segment("text", "Bash", "headroom get 9999999999a"), EARLIER) == "get 9999999999a"


@pytest.mark.parametrize(
    "segment",
    [
        ranged(120, 140),
        ranged(95, 105),
        ranged(120, 140, path="a.py"),
        Segment("\n".join(LINES[119:140]), "Bash", "sed -n 120,140p src/a.py"),
        READ,
    ],
)
def test_reading_a_folded_range_again_is_a_miss(segment: Segment) -> None:
    assert missed(segment, EARLIER) == "read whole"


@pytest.mark.parametrize(
    "segment",
    [
        ranged(10, 60),
        ranged(98, 102),
        ranged(120, 140, path="/p/src/b.py"),
        replace(READ, text=READ.text + "\nchanged"),
        Segment("\n".join(LINES), "Bash", "cat other.txt"),
        Segment("done", "Bash", "make"),
    ],
)
def test_other_reads_are_not(segment: Segment) -> None:
    assert missed(segment, EARLIER) == ""


def test_what_was_sent_as_it_came_or_whole_can_not_be_missed() -> None:
    for outcome in (Outcome(None, why="small"), replace(FOLDED, omitted="")):
        assert missed(ranged(120, 140), [Past(READ, outcome)]) == ""
        assert missed(READ, [Past(READ, outcome)]) == ""


@pytest.mark.parametrize(
    ("tool", "call", "path"),
    [
        ("Edit", f"file_path=/p/src/a.py old_string={LINES[150]} new_string=x", "/p/src/a.py"),
        ("edit", f"filePath=/p/src/a.py oldString={LINES[150]}\n{LINES[151]} newString=x", "/p/src/a.py"),
        ("apply_patch", f"*** Begin Patch\n*** Update File: src/a.py\n@@\n {LINES[149]}\n-{LINES[150]}\n+x\n", ""),
    ],
)
def test_an_edit_of_text_that_was_folded_is_a_miss_unless_it_was_shown_since(tool: str, call: str, path: str) -> None:
    edit = Segment("The file was updated.", tool, call, path)
    assert missed(edit, EARLIER) == "edit whole"
    assert missed(edit, [*EARLIER, Past(ranged(140, 160), Outcome(None, why="small"))]) == ""
    assert missed(replace(edit, call=call.replace("compute(15", "other(15")), EARLIER) in ("", "edit whole")


def test_an_edit_of_text_that_was_shown_is_none() -> None:
    call = f"file_path=/p/src/a.py old_string={LINES[20]} new_string={LINES[150]}"
    assert missed(Segment("ok", "Edit", call, "/p/src/a.py"), EARLIER) == ""


def _asked(*calls: tuple[str, dict[str, Any], str]) -> bytes:
    messages = []
    for number, (tool, arguments, text) in enumerate(calls):
        use = {"type": "tool_use", "id": f"t{number}", "name": tool, "input": arguments}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": text}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return json.dumps({"tools": [{"name": "Bash"}], "messages": messages}).encode()


def test_a_miss_is_decided_once_and_replayed_in_every_later_request(tmp_path: Path) -> None:
    text = "\n".join(f"src/part{hit // 90}/file.py:{hit}:    value_{hit} = parse(item, {hit})" for hit in range(1500))
    search = ("Bash", {"command": "grep -rn parse src"}, text)
    fetch = ("Bash", {"command": f"headroom get {ref_of(text)} --lines 3-4"}, "[headroom original …]\ntext")
    store = LocalStore(tmp_path)
    first = rewrite(_asked(search), anthropic, store).outcomes
    second = rewrite(_asked(search, fetch), anthropic, store).outcomes
    third = rewrite(_asked(search, fetch, search), anthropic, LocalStore(tmp_path)).outcomes
    assert [outcome.missed for outcome in first] == [""]
    assert [outcome.missed for outcome in second] == ["", f"get {ref_of(text)}"]
    assert [outcome.missed for outcome in third] == ["", f"get {ref_of(text)}", f"read {ref_of(text)}"]


def test_a_history_of_reads_of_one_file_is_looked_at_once() -> None:
    lines = [f"    value_{number} = compute({number})" for number in range(400)]
    past = []
    start = time.process_time()
    for turn in range(150):
        text = "\n".join(f"{number}\t{line} or {turn}" for number, line in enumerate(lines))
        read = Segment(text, "Read", f"file_path=a.py offset={turn}", "a.py")
        assert missed(read, past) == ""
        past.append(Past(read, Outcome("\n".join(text.split("\n")[:9]), "code", "391 of 400 lines", "ref")))
    assert time.process_time() - start < 2
