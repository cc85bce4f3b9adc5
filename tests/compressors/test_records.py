from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.compressors.records import expand, records
from headroom_wrap.compressors.records_form import read, tabled, write
from headroom_wrap.compressors.records_json import NotExact, dumps, loads
from headroom_wrap.segment import Segment

KEYS = st.sampled_from(("id", "a", "b", "c", "*", "", "name", "!", "x y", "url", "0", "ü"))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**22),
    st.sampled_from(("1.10", "1e5", "-0", "0.1", "-0.0", "1E+2", "100000000000000000000000.5")).map(
        lambda raw: f"\x7f{raw}\x7f"
    ),
    st.sampled_from(
        (
            "",
            "x",
            "12",
            "null",
            "!",
            "&1",
            "=",
            "[table 1]",
            "{name}",
            "https://host/path/a",
            "https://host/path/b",
            "a long text that is repeated in the rows",
            'quo"te',
            "line\nbreak",
            "\\",
            "é漢🙂",
        )
    ),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
ROWS = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), min_size=3, max_size=10)


def text_of(value: Any) -> str:
    """-> JSON in which the marked strings stand as raw number tokens."""
    return re.sub('"\x7f([^\x7f]*)\x7f"', r"\1", json.dumps(value, ensure_ascii=False))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.one_of(
        ROWS,
        st.dictionaries(KEYS, ROWS, max_size=3),
        st.dictionaries(st.text("ab-1.", max_size=3), st.dictionaries(KEYS, VALUES, max_size=4)),
    )
)
@pytest.mark.slow
def test_every_table_decodes_to_the_same_value_with_its_raw_numbers(value: Any) -> None:
    plain = dumps(loads(text_of(value)))
    form = write(tabled(loads(text_of(value))))
    assert form is None or dumps(read(form)) == plain


def test_generated_values_do_become_tables() -> None:
    rows = [{"id": i, "url": f"https://host/path/{i * i}", "owner": {"name": "ada"}} for i in range(9)]
    form = write(tabled(rows))
    assert form is not None
    assert form.startswith("[JSON as tables")


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "[NaN]", '["\\u0000"]', "[" * 70 + "]" * 70, "[-Infinity]", "[01]"])
def test_json_that_can_not_be_read_exactly_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_numbers_are_kept_as_they_are_written() -> None:
    text = "[1.10,1e5,-0,123456789012345678901234567890,0.30000000000000004,1.0]"
    assert dumps(loads(text)) == text


def test_the_reason_of_a_refusal_is_a_value_error() -> None:
    assert issubclass(NotExact, ValueError)


def logs(count: int) -> list[dict[str, Any]]:
    return [
        {
            "time": f"2026-11-03T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z",
            "service": ("api", "web", "queue")[i * 7 % 3],
            "status": 200,
            "took_ms": 20 + i * 37 % 30,
            "message": f"handled request {i * 7919 % 1000}",
            "trace": f"{i * 2654435761 % 2**32:08x}",
        }
        for i in range(count)
    ]


def shortened(rows: list[dict[str, Any]], goal: str = "", call: str = "cat log.json") -> str:
    found = records(Segment(json.dumps(rows), "Bash", call, goal=goal, way_back="headroom get", ref="0123456789a"))
    assert found is not None
    assert found.omitted
    return found.text


def rows_shown(out: str) -> list[int]:
    """-> the numbers of the rows that stand in a lossy form: of each run only the first is written."""
    found: list[int] = []
    for line in out.split("\n"):
        if numbered := re.match(r"row (\d+): ", line):
            found.append(int(numbered[1]))
        elif found and not line.startswith("["):
            found.append(found[-1] + 1)
    return found


@pytest.mark.parametrize(
    "needle",
    [
        {"status": 503},
        {"message": "java.lang.OutOfMemoryError: heap"},
        {"service": "billing"},
        {"took_ms": 9000},
        {"took_ms": 1},
        {"error": {"kind": "refused"}},
        {"success": False},
        {"exit_code": 137},
        {"level": "fatal"},
        {"status": None},
        {"message": "Deprecated: see the gateway"},
        {"extra": True},
        {"took": [{"ms": 1}, {"ms": 2}, {"code": 7}]},
    ],
    ids=lambda needle: "-".join(map(str, needle)),
)
def test_a_planted_row_is_always_shown(needle: dict[str, Any]) -> None:
    rows = logs(600)
    rows[311] = {**rows[311], **needle}
    assert 312 in rows_shown(shortened(rows))


def test_a_row_with_a_remarkable_record_in_an_array_is_shown() -> None:
    rows = logs(600)
    for place, row in enumerate(rows):
        row["files"] = [{"name": f"part_{place}_{each}.py", "size": 100 + place * 7 % 90 + each} for each in range(4)]
    rows[311]["files"][2]["name"] = "part_311_2.drawio"
    rows[411]["files"][1]["size"] = 48_000_000
    rows[511]["files"][0]["error"] = "unreadable"
    assert {312, 412, 512} <= set(rows_shown(shortened(rows)))


def test_days_are_no_categories_and_common_words_ask_for_no_row() -> None:
    rows = [{"day": f"2026-01-{i % 29 + 1:02}", "text": f"the worker took job {i * 7919 % 100000}"} for i in range(900)]
    rows[411]["day"] = "2026-01-30"
    out = shortened(rows, goal="what did the worker do with its job?")
    assert 412 not in rows_shown(out)


def test_a_row_that_the_goal_or_the_call_names_is_shown() -> None:
    rows = logs(600)
    assert 312 in rows_shown(shortened(rows, goal=f"what happened in {rows[311]['trace']}?"))
    assert 312 in rows_shown(shortened(rows, call=f"rg {rows[311]['trace']} log.json"))


def test_all_errors_are_shown_and_all_rows_are_counted() -> None:
    rows = logs(900)
    bad = range(20, 900, 17)
    for place in bad:
        rows[place]["status"] = 500
    out = shortened(rows)
    assert {place + 1 for place in bad} <= set(rows_shown(out))
    assert f"200×{900 - len(bad)} 500×{len(bad)}" in out
    assert f"sum {sum(row['took_ms'] for row in rows)}" in out


def test_the_gaps_and_the_shown_rows_add_up() -> None:
    out = shortened(logs(600))
    shown = len(rows_shown(out))
    folded = sum(
        int(last or first) - int(first) + 1
        for first, last in re.findall(r"^\[rows? (\d+)(?:-(\d+))? folded\]", out, re.M)
    )
    assert shown + folded == 600
    assert f"[{600 - shown} of 600 rows · headroom get 0123456789a --rows A-B]" in out


def test_without_a_way_back_every_row_is_shown() -> None:
    text = json.dumps(logs(600))
    found = records(Segment(text))
    assert found is not None
    assert not found.omitted
    assert json.loads(expand(found.text)) == json.loads(text)


def test_blobs_and_long_texts_are_shown_by_their_ends() -> None:
    value = {
        "image": "iVBORw0KGgo" * 3000,
        "text": "lorem ipsum " * 2000,
        "trace": "Traceback: " * 300,
        "n": list(range(3000)),
    }
    found = records(Segment(json.dumps(value), way_back="headroom get", ref="0123456789a"))
    assert found is not None
    assert found.omitted == "parts of long strings and arrays"
    assert "more characters of an encoded blob]" in found.text
    assert "Traceback: " * 300 in found.text
    assert "…2,975 more; of all: min 0 max 2999 mean 1499.5…" in found.text
