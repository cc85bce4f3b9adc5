from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_wrap.compressors.tables import expand, tables
from headroom_wrap.compressors.tables_form import read, write
from headroom_wrap.segment import Segment

Rows = Sequence[Sequence[str]]


def widths(rows: Rows) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def padded(row: Sequence[str], sizes: Sequence[int], right: int = -1) -> list[str]:
    return [
        cell.rjust(size) if place == right else cell.ljust(size)
        for place, (cell, size) in enumerate(zip(row, sizes, strict=True))
    ]


def csv(rows: Rows) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


def tsv(rows: Rows) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def psql(rows: Rows) -> str:
    sizes = widths(rows)
    lines = [" " + " | ".join(padded(row, sizes, right=0)) for row in rows]
    rule = "-+-".join("-" * size for size in sizes)
    return "\n".join([lines[0], f"-{rule}-", *lines[1:], f"({len(rows) - 1} rows)", "", ""])


def mysql(rows: Rows) -> str:
    sizes = widths(rows)
    lines = ["| " + " | ".join(padded(row, sizes)) + " |" for row in rows]
    rule = "+" + "+".join("-" * (size + 2) for size in sizes) + "+"
    return "\n".join([rule, lines[0], rule, *lines[1:], rule, f"{len(rows) - 1} rows in set (0.00 sec)", ""])


def aligned(rows: Rows) -> str:
    sizes = [size + 3 for size in widths(rows)]
    named = [[name.upper() for name in rows[0]], *rows[1:]]
    return "".join("".join(padded(row, sizes)).rstrip() + "\n" for row in named)


SHAPES: tuple[Callable[[Rows], str], ...] = (csv, tsv, psql, mysql, aligned)


def pods(count: int) -> list[list[str]]:
    rows = [
        [
            "shop",
            f"web-{i * 2654435761 % 2**24:06x}",
            "Running",
            str(i * 7 % 3),
            f"2026-01-02T{i // 60 % 24:02}:{i % 60:02}Z",
        ]
        for i in range(count)
    ]
    return [["namespace", "name", "status", "restarts", "since"], *rows]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_table_is_read_and_its_short_form_decodes_to_the_identical_text(shape: Callable[[Rows], str]) -> None:
    text = shape(pods(40))
    found = tables(Segment(text, "Bash", "show"))
    assert found is not None
    assert not found.omitted
    assert expand(found.text) == text
    assert "web-000000" in found.text
    assert "Running" not in found.text.partition("\n")[2]


CELLS = st.sampled_from(
    ("", "x", "12", "a b", "2026-01-02T03:04Z", "2026-01-02T03:05Z", '"q, r"', "a|b", "*", "=", "é", "-")
)


def test_whatever_is_read_as_a_table_comes_back() -> None:
    formed = []

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(
        st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=10, max_size=14), st.sampled_from(SHAPES), st.text(max_size=3)
    )
    def run(rows: list[tuple[str, str, str]], shape: Callable[[Rows], str], behind: str) -> None:
        text = shape([("name", "of", "it"), *rows]) + behind
        table = read(text)
        if table is not None:
            formed.append(text)
            found = tables(Segment(text, "Bash", "show"))
            assert found is None or expand(found.text) == text
            assert "\n".join([*table.head, *map(table.layout.line, table.rows), *table.tail]) == text
            write(table)

    run()
    assert len(formed) > 50


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize(
    ("column", "value"), [(2, "CrashLoopBackOff"), (2, "Pending"), (3, "4000"), (1, "error: disk full")]
)
def test_a_planted_row_of_a_long_table_stands_as_it_came(shape: Callable[[Rows], str], column: int, value: str) -> None:
    rows = pods(600)
    rows[312][column] = value
    text = shape(rows)
    found = tables(Segment(text, "Bash", "show", way_back="headroom get", ref="0123456789a"))
    assert found is not None
    assert found.omitted.endswith("of 600 rows")
    planted = next(line for line in text.split("\n") if value in line)
    assert planted in found.text.split("\n")


def test_counts_and_sums_are_over_all_rows() -> None:
    rows = pods(600)
    found = tables(Segment(csv(rows), "Bash", "cat pods.csv", way_back="headroom get", ref="0123456789a"))
    assert found is not None
    assert "of all 600: restarts: 0×200 1×200 2×200 · headroom get 0123456789a --lines A-B]" in found.text


def test_a_code_that_begins_with_zero_is_counted_as_it_is_written() -> None:
    text = "town,zip,plan\n" + "".join(
        f"town number {n} of the county,{('00501', '501')[n % 2]},a\n" for n in range(400)
    )
    found = tables(Segment(text, "Bash", "cat towns.csv", way_back="headroom get", ref="0123456789a"))
    assert found is not None
    assert "zip: 00501×200 501×200" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "for a, b, c in rows:\n" + "    call(a, b, c)\n" * 30,
        "2026-01-02, web, up\n" * 30,
        "one, two\n" * 30,
        csv(pods(5)),
        "NAME   READY\n" + "web    1/1\n  odd\n" * 20,
    ],
    ids=["code", "no names", "two cells", "few rows", "not aligned"],
)
def test_what_is_no_table_stays(text: str) -> None:
    assert tables(Segment(text, "Bash", "show", way_back="headroom get", ref="0123456789a")) is None
