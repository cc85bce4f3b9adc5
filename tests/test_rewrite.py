"""One body in, a smaller body out: decided at first sight, kept, replayed."""

import json
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.marker import ref_of
from headroom_wrap.rewrite import keys, rewrite, way_back
from headroom_wrap.route import Policy
from headroom_wrap.segment import Compressed, Outcome, Request, Segment
from headroom_wrap.store.database import NAME
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import anthropic

LONG = "\n".join(f"entry {n} of the long listing, with a value of {n * 37}" for n in range(200))


def halve(segment: Segment) -> Compressed | None:
    """Keeps the first half of the lines."""
    lines = segment.text.split("\n")
    return Compressed("\n".join(lines[: len(lines) // 2]), f"{len(lines) - len(lines) // 2} of {len(lines)} lines")


HALVE = Policy(stack=(halve,))


def turn(number: int, result: str | list[dict[str, str]], tool: str = "Bash", **block: Any) -> list[dict[str, Any]]:
    call = {"type": "tool_use", "id": f"t{number}", "name": tool, "input": {"command": f"cat {number}"}}
    answer = {"type": "tool_result", "tool_use_id": f"t{number}", "content": result, **block}
    return [{"role": "assistant", "content": [call]}, {"role": "user", "content": [answer]}]


def body(*turns: list[dict[str, Any]], tools: tuple[str, ...] = ("Bash",)) -> bytes:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Mend the build."}]
    for each in turns:
        messages += each
    return json.dumps({"model": "m", "tools": [{"name": t} for t in tools], "messages": messages}).encode()


def results(sent: bytes) -> list[str]:
    blocks = [b for m in json.loads(sent)["messages"] if isinstance(m["content"], list) for b in m["content"]]
    return [b["content"] for b in blocks if b["type"] == "tool_result"]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


def test_a_result_is_compressed_and_its_original_stored_before_the_bytes_leave(store: LocalStore) -> None:
    made = rewrite(body(turn(1, LONG)), anthropic, store, HALVE)
    assert results(made.body) == ["\n".join(LONG.split("\n")[:100])]
    assert [o.compressor for o in made.outcomes] == ["halve"]
    assert store.restore(made.outcomes[0].ref) == LONG


@pytest.mark.parametrize(("tool", "kept"), [("Task", 200), ("Agent", 200), ("task", 200), ("TaskOutput", 100)])
def test_a_subagents_report_loses_nothing(store: LocalStore, tool: str, kept: int) -> None:
    """But the output of a command in the background is no report."""
    made = rewrite(body(turn(1, LONG, tool)), anthropic, store, HALVE)
    assert results(made.body) == ["\n".join(LONG.split("\n")[:kept])]


def test_with_nothing_to_do_the_very_same_bytes_object_returns(store: LocalStore) -> None:
    came = body(turn(1, "ok"))
    assert rewrite(came, anthropic, store, HALVE).body is came


def test_without_a_way_back_nothing_is_left_out(store: LocalStore) -> None:
    came = body(turn(1, LONG), tools=("WebSearch",))
    made = rewrite(came, anthropic, store, HALVE)
    assert (made.body, made.outcomes[0].why) == (came, "no compressor")
    assert rewrite(body(turn(1, LONG)), anthropic, None, HALVE).outcomes[0].text is None


def test_what_was_decided_is_replayed_by_a_later_version_in_another_process(store: LocalStore, tmp_path: Path) -> None:
    first = rewrite(body(turn(1, LONG)), anthropic, store, HALVE)
    grown = body(turn(1, LONG), turn(2, "done"))
    later = rewrite(grown, anthropic, LocalStore(tmp_path), Policy(stack=()))
    assert results(later.body)[0] == results(first.body)[0]
    assert [o.replayed for o in later.outcomes] == [True, False]


def test_a_failure_is_kept_like_any_other_decision(store: LocalStore) -> None:
    def breaks(segment: Segment) -> Compressed | None:
        raise KeyError("missing")

    came = body(turn(1, LONG))
    made = rewrite(came, anthropic, store, Policy(stack=(breaks,)))
    assert (made.body, made.outcomes[0].why) == (came, "KeyError in breaks")
    assert rewrite(came, anthropic, store, HALVE).body == came


def test_a_compressor_that_never_ends_is_stopped_and_the_segment_passes(store: LocalStore) -> None:
    def hangs(segment: Segment) -> Compressed | None:
        while True:
            pass

    came = body(turn(1, LONG))
    made = rewrite(came, anthropic, store, Policy(stack=(hangs,), stop_after=0.05))
    assert (made.body, made.outcomes[0].why) == (came, "stopped after 0.05 s in hangs")


@pytest.mark.parametrize("answer", ["", "  \n ", LONG + " and more", LONG])
def test_a_blank_or_larger_answer_is_not_sent(answer: str, store: LocalStore) -> None:
    came = body(turn(1, LONG))
    assert rewrite(came, anthropic, store, Policy(stack=(lambda _s: Compressed(answer, "all"),))).body == came


def test_an_error_result_stays_whole(store: LocalStore) -> None:
    made = rewrite(body(turn(1, LONG, is_error=True)), anthropic, store, HALVE)
    assert [o.why for o in made.outcomes] == ["error result"]


def test_what_headroom_get_printed_passes(store: LocalStore) -> None:
    made = rewrite(
        body(turn(1, f"[headroom original {ref_of(LONG)} lines 1-200 of 200]\n{LONG}")), anthropic, store, HALVE
    )
    assert [o.why for o in made.outcomes] == ["printed by headroom get"]


def test_a_body_that_had_to_be_given_up_settles_its_new_segments_as_they_came(store: LocalStore) -> None:
    came = body(turn(1, LONG))
    assert rewrite(came, anthropic, store, HALVE, decide=False).body == came
    assert rewrite(came, anthropic, store, HALVE).body == came


@pytest.mark.parametrize(
    "bad", [b"", b"not json", b'{"messages":[', b"\xff\xfe", b"[1]", b'{"messages":1,"messages":2}']
)
def test_a_body_that_cannot_be_read_passes_and_says_why(bad: bytes, store: LocalStore) -> None:
    made = rewrite(bad, anthropic, store, HALVE)
    assert made.body is bad


def test_a_store_that_cannot_be_written_leaves_originals_in_the_request(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file where a folder belongs")
    store = LocalStore(tmp_path)
    came = body(turn(1, LONG))
    made = rewrite(came, anthropic, store, HALVE)
    assert made.body == came
    assert made.outcomes[0].why.startswith("store unavailable")


def test_the_same_text_after_another_history_is_another_decision() -> None:
    request = anthropic.read(body(turn(1, LONG), turn(2, LONG)).decode())
    assert len(set(keys(request))) == 2
    assert keys(request)[:1] == keys(anthropic.read(body(turn(1, LONG)).decode()))


def test_a_decisions_name_stays_the_same_from_version_to_version() -> None:
    """Otherwise an upgrade decides the history of every open session anew, which costs it the provider's cache."""
    said = [{"role": "assistant", "content": "I will read it."}]
    edit = turn(1, "ok", "Edit")
    edit[0]["content"][0]["input"] = {"file_path": "a.py", "old_string": "a", "new_string": LONG}
    request = anthropic.read(body(said, edit, turn(2, LONG, is_error=True), turn(3, LONG, "Read")).decode())
    assert [name.hex()[:8] for name in keys(request, "headroom get")] == ["5578021e", "d389bbdf", "5fb4b66b"]


def test_a_question_asked_again_is_answered_without_leaving_anything_out(store: LocalStore) -> None:
    asked = turn(1, LONG)
    made = rewrite(body(asked, turn(2, "ok"), asked), anthropic, store, HALVE)
    assert [o.compressor for o in made.outcomes] == ["halve", "", ""]


def test_a_question_whose_answer_has_two_texts_is_known_when_it_is_asked_again(store: LocalStore) -> None:
    asked = turn(1, [{"type": "text", "text": "Script completed"}, {"type": "text", "text": LONG}])
    made = rewrite(body(asked, turn(2, "ok"), asked), anthropic, store, HALVE)
    assert [o.compressor for o in made.outcomes] == ["", "halve", "", "", ""]


@pytest.mark.parametrize(("first", "whole"), [(110, True), (20, False)])
def test_a_range_of_what_was_left_out_is_answered_without_leaving_anything_out(
    first: int, whole: bool, store: LocalStore
) -> None:
    lines = LONG.split("\n")
    ranged = turn(2, "\n".join(lines[first - 1 : first + 89]))
    ranged[0]["content"][0]["input"]["command"] = f"sed -n {first},{first + 89}p a.txt"
    came = body(turn(1, LONG), turn(3, "ok"), ranged).replace(b"cat 1", b"cat a.txt")
    made = rewrite(came, anthropic, store, HALVE).outcomes
    assert made[2].omitted == ("" if whole else "45 of 90 lines")


@pytest.mark.parametrize(
    ("tool", "asked", "thinned"),
    [
        ("Read", {"file_path": "src/a.py"}, True),
        ("view", {"path": "src/a.py"}, True),
        ("Bash", {"command": "nl -ba src/a.py"}, False),
        ("Bash", {"command": "psql -Atc 'SELECT id, name FROM customers'"}, False),
        ("mcp__postgres__query", {"sql": "SELECT id, name FROM customers"}, False),
    ],
)
def test_only_the_numbers_of_a_file_that_a_tool_shows_are_left_to_be_counted(
    tool: str, asked: dict[str, str], thinned: bool, store: LocalStore
) -> None:
    numbered = turn(1, "\n".join(f"{n}\tcustomer_{n * 37}_of_{n * 7}" for n in range(1, 60)), tool)
    numbered[0]["content"][0]["input"] = asked
    made = rewrite(body(numbered), anthropic, store, Policy(stack=()))
    assert made.outcomes[0].compressor == ("numbers" if thinned else "")


def test_a_file_read_twice_is_sent_once(store: LocalStore) -> None:
    edited = LONG.replace("entry 50 of", "entry fifty of")
    made = rewrite(body(turn(1, LONG), turn(2, "ok"), turn(3, edited)), anthropic, store, Policy(stack=()))
    assert made.outcomes[2].compressor == "reread"
    assert "entry fifty of" in results(made.body)[2]
    assert len(results(made.body)[2].split("\n")) == 3


@pytest.mark.parametrize("edit", ["clear_tool_uses_20250919", "compact_20260112"])
def test_nothing_leans_on_an_earlier_result_that_the_provider_may_clear(edit: str, store: LocalStore) -> None:
    came = json.loads(body(turn(1, LONG), turn(2, "ok"), turn(3, LONG.replace("entry 50 of", "entry fifty of"))))
    came["context_management"] = {"edits": [{"type": edit}]}
    sent = rewrite(json.dumps(came).encode(), anthropic, store, Policy(stack=()))
    assert [o.text for o in sent.outcomes] == [None, None, None]


def test_a_question_asked_again_is_answered_in_full_where_the_provider_may_clear(store: LocalStore) -> None:
    came = json.loads(body(turn(1, LONG), turn(1, LONG)))
    came["context_management"] = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    made = rewrite(json.dumps(came).encode(), anthropic, store, HALVE)
    assert [o.compressor for o in made.outcomes] == ["halve", ""]


@pytest.mark.parametrize(
    ("tools", "choice", "expected"),
    [
        (("Bash", "Read"), "auto", "headroom get"),
        (("shell",), "auto", "headroom get"),
        (("WebSearch",), "auto", ""),
        (("mcp__headroom__headroom_retrieve",), "auto", "mcp__headroom__headroom_retrieve"),
        (("Bash",), "none", ""),
        ((), "shell", "headroom get"),
    ],
)
def test_the_way_back_is_what_the_request_offers(tools: tuple[str, ...], choice: str, expected: str) -> None:
    assert way_back(tools, choice) == expected


def test_a_store_that_fails_for_a_while_does_not_change_what_was_sent(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file where a folder belongs")
    store = LocalStore(tmp_path)
    came = body(turn(1, LONG))
    rewrite(came, anthropic, store, HALVE)
    (tmp_path / "objects").unlink()
    assert rewrite(came, anthropic, store, HALVE).body == came
    assert rewrite(came, anthropic, LocalStore(tmp_path), HALVE).body == came


def test_what_was_sent_is_sent_again_while_the_database_cannot_be_read(store: LocalStore, tmp_path: Path) -> None:
    first = rewrite(body(turn(1, LONG)), anthropic, store, HALVE)
    store.close()
    for file in tmp_path.glob(f"{NAME}*"):
        file.unlink()
    (tmp_path / NAME).mkdir()
    came = body(turn(1, LONG), turn(2, f"{LONG}\nmore"))
    made = rewrite(came, anthropic, store, HALVE)
    assert results(made.body) == [*results(first.body), f"{LONG}\nmore"]
    (tmp_path / NAME).rmdir()
    assert rewrite(came, anthropic, store, HALVE).body == made.body
    store.close()
    assert rewrite(came, anthropic, LocalStore(tmp_path), HALVE).body == made.body


def test_a_locked_database_is_waited_for_once_in_a_request(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headroom_wrap.store.database.BUSY_MS", 1000)
    store.decide({b"k": Outcome(None)})
    store.close()
    came = body(*(turn(number, f"{LONG}\n{number}") for number in range(20)))
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        made = rewrite(came, anthropic, store, HALVE)
        took = time.monotonic() - started
    assert made.body == came
    assert all("locked" in outcome.why for outcome in made.outcomes)
    assert took < 15  # of 20 if it waited for each


def test_another_choice_of_way_back_changes_nothing_that_was_sent(store: LocalStore) -> None:
    first = rewrite(body(turn(1, LONG)), anthropic, store, HALVE)
    later = rewrite(body(turn(1, LONG)), anthropic, store, replace(HALVE, way_back="none"))
    assert later.body == first.body != body(turn(1, LONG))


def test_what_went_wrong_is_said_without_a_word_of_the_request(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quoting(request: Request, back: str = "") -> list[bytes]:
        raise RuntimeError(f"can't name {request.segments[0].text}")

    monkeypatch.setattr("headroom_wrap.rewrite.keys", quoting)
    came = body(turn(1, "secret text " * 300))
    made = rewrite(came, anthropic, store)
    assert made.body is came
    assert re.fullmatch(r"RuntimeError in test_rewrite.py, line \d+", made.problem)
    twice = b'{"messages": [], "secret": 1, "secret": 2, "messages": []}'
    assert "secret" not in rewrite(twice, anthropic, store).problem


def test_a_request_that_fails_still_says_what_was_said_before(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> str:
        raise RuntimeError

    before = rewrite(body(turn(1, LONG)), anthropic, store, HALVE)
    monkeypatch.setattr("headroom_wrap.rewrite.missed", failing)
    came = body(turn(1, LONG), turn(2, f"{LONG}\nmore"))
    made = rewrite(came, anthropic, store, HALVE)
    assert results(made.body) == [*results(before.body), f"{LONG}\nmore"]
    assert made.problem.startswith("RuntimeError in test_rewrite.py")
    monkeypatch.undo()
    assert rewrite(came, anthropic, store, HALVE).body == made.body


def asking(text: str, *turns: list[dict[str, Any]]) -> bytes:
    return body(*turns).replace(b"Mend the build.", text.encode())


def test_the_holdout_is_drawn_by_conversation_in_about_its_share(store: LocalStore) -> None:
    policy = replace(HALVE, holdout=0.3)
    made = [rewrite(asking(f"Task {n}", turn(1, LONG)), anthropic, None, policy) for n in range(200)]
    held = [one.outcomes[0].why == "holdout" for one in made]
    assert 40 <= sum(held) <= 80
    assert held == [
        one.outcomes[0].why == "holdout"
        for one in (rewrite(asking(f"Task {n}", turn(1, LONG)), anthropic, store, policy) for n in range(200))
    ]


@pytest.mark.parametrize(("then", "later"), [(0.99, 0.0), (0.0, 0.99)])
def test_a_conversation_stays_on_the_side_it_was_drawn_for(store: LocalStore, then: float, later: float) -> None:
    first = rewrite(body(turn(1, LONG)), anthropic, store, replace(HALVE, holdout=then))
    both = rewrite(body(turn(1, LONG), turn(2, LONG)), anthropic, store, replace(HALVE, holdout=later))
    assert [outcome.why == "holdout" for outcome in both.outcomes] == [then > 0] * 2
    assert results(both.body)[0] == results(first.body)[0]


def test_a_held_conversation_passes_byte_for_byte_and_its_results_are_counted(store: LocalStore) -> None:
    came = body(turn(1, LONG), turn(2, "short"))
    made = rewrite(came, anthropic, store, replace(HALVE, holdout=0.99))
    assert made.body is came
    assert [outcome.before == outcome.after > 0 for outcome in made.outcomes] == [True, True]


@pytest.mark.parametrize(("others", "its"), [(0.99, 0.0), (0.0, 0.99)])
def test_a_conversation_is_drawn_by_itself_while_others_could_not_be_stored(
    tmp_path: Path, others: float, its: float
) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / NAME).mkdir()
    store = LocalStore(tmp_path)
    rewrite(asking("Another task", turn(1, LONG)), anthropic, store, replace(HALVE, holdout=others))
    made = rewrite(asking("Its task", turn(1, LONG)), anthropic, store, replace(HALVE, holdout=its))
    assert (made.outcomes[0].why == "holdout") == (its > 0)
