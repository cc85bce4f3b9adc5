"""A compressor in, an AssertionError out where it breaks what every compressor promises: for our tests and for plugins.

    from headroom_wrap.testing import check
    def test_mine():
        check(my_compressor)

Needs `hypothesis`. Each promise is a function of its own, so that a test can name the one it is about.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headroom_wrap import marker
from headroom_wrap.segment import Compressed, Compressor, Segment

Expand = Callable[[str], str]
Count = Callable[[str], int]

WAY_BACK = "headroom get"
ERROR = re.compile(r"(?i)\b(?:error|exception|traceback|failed|fatal|panic)\b|^\S+\.\w+:\d+:\d+: ")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def check(
    compressor: Compressor,
    samples: Sequence[Segment] | None = None,
    *,
    rows: bool = False,
    count: Count = len,
) -> None:
    """Hold a compressor to all promises, over `samples` (default: `segments()`) and generated texts.

    `rows`: its output isn't made of lines of its input (tables of records); values are looked for instead of lines.
    `count`: how the size of a text is measured. Where the compressor's module has an `expand`, what it claims to have
    kept is decoded with it. Raises AssertionError.
    """
    given_samples = list(samples) if samples is not None else list(segments())
    for segment in given_samples:
        check_one(compressor, segment, rows=rows, count=count)
    totality(compressor)
    same_everywhere(compressor, given_samples)
    near_linear(compressor, given_samples)


def check_one(compressor: Compressor, segment: Segment, *, rows: bool = False, count: Count = len) -> None:
    """Hold one answer to the promises about a single segment. Raises AssertionError."""
    found = compressor(segment)
    assert compressor(segment) == found, f"answers differ: {segment.text[:200]!r}"
    if found is None:
        return
    assert type(found.text) is str and found.text, f"blanked: {segment.text[:200]!r}"
    assert count(found.text) <= count(segment.text), f"larger than it came: {segment.text[:200]!r}"
    assert segment.way_back or not found.omitted, f"left out {found.omitted} with no way back"
    expanded = _expanded(compressor, found)
    if not found.omitted:
        assert _same(expanded, segment.text, rows), f"nothing omitted, yet it decodes to {expanded[:300]!r}"
    if not rows:
        _verbatim(expanded, segment.text)
    _errors(found.text + "\n" + expanded, segment.text, rows)


def _expanded(compressor: Compressor, found: Compressed) -> str:
    """A lossy form may hold lines of the lossless one; a form of another shape comes back from `expand` as it is."""
    expand: Expand | None = getattr(sys.modules[compressor.__module__], "expand", None)
    return expand(found.text) if expand else found.text


def _same(expanded: str, text: str, rows: bool) -> bool:
    """Equal; a form of `rows` may leave out the whitespace of JSON and write its strings another way."""
    if expanded == text or not rows:
        return expanded == text
    return _value(expanded) == _value(text)


def _value(text: str) -> object:
    """-> JSON (or JSON lines) with keys in order and numbers as they are written."""

    def read(part: str) -> object:
        return json.loads(
            part, object_pairs_hook=tuple, parse_float=lambda raw: ("n", raw), parse_int=lambda raw: ("n", raw)
        )

    try:
        return read(text)
    except ValueError:
        return [read(line) for line in text.split("\n") if line.strip()]


def _verbatim(out: str, text: str) -> None:
    """Every line of the output is a line of the input, a part of one with its marker, or a marker."""
    lines = set(text.split("\n"))
    for line in out.split("\n"):
        if line in lines or marker.is_marker(line):
            continue
        pieces = marker.INSIDE.split(line)
        if len(pieces) > 1 and all(piece in text for piece in pieces):
            continue
        shown, bracket, rest = line.rpartition("… [")
        pieces = shown.split("…")
        whole = bracket and marker.is_marker("[" + rest) and all(piece in text for piece in pieces)
        assert whole, f"a line that was never there: {line[:300]!r}"


def _errors(out: str, text: str, rows: bool) -> None:
    if rows:
        strings = [string for string in _STRING.findall(text) if ERROR.search(string)]
        lost = [string for string in strings if string not in out]
    else:
        stood = set(out.split("\n"))
        missing = [line for line in text.split("\n") if ERROR.search(line) and line not in stood and line not in out]
        lost = [line for line in missing if not marker.INSIDE.search(out) or not _said(line, out)]
    assert not lost, f"an error is gone: {lost[:3]}"


def _said(line: str, out: str) -> bool:
    """-> whether each error of a line stands with some of what is around it: the line may have gaps inside."""
    return all(line[max(0, found.start() - 20) : found.end() + 20] in out for found in ERROR.finditer(line))


def totality(compressor: Compressor, examples: int = 60) -> None:
    """Any text, call and goal: an answer or None, the same twice, and nothing left out without a way back."""

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(texts(), st.sampled_from(("", WAY_BACK)), st.sampled_from(CALLS))
    def run(text: str, way_back: str, call: str) -> None:
        segment = Segment(text, tool="Bash", call=call, way_back=way_back, ref=marker.ref_of(text))
        found = compressor(segment)
        assert found == compressor(segment), "two calls, two answers"
        assert found is None or way_back or not found.omitted, "left something out with no way back"

    for text in ODD:
        compressor(Segment(text, way_back=WAY_BACK, ref=marker.ref_of(text)))
    run()


_CHILD = """
import dataclasses, importlib, json, sys
from headroom_wrap.segment import Segment
module, name, rows = json.load(sys.stdin)
compressor = getattr(importlib.import_module(module), name)
found = [compressor(Segment(**row)) for row in rows]
json.dump([None if one is None else [one.text, one.omitted] for one in found], sys.stdout)
"""


def same_everywhere(compressor: Compressor, samples: Sequence[Segment]) -> None:
    """A fresh process with another hash seed gives the same answers. Raises AssertionError."""
    rows = [dataclasses.asdict(one) for one in samples]
    for row in rows:
        del row["span"], row["digest"]
    here = [found and [found.text, found.omitted] for found in map(compressor, samples)]
    for seed in ("1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=json.dumps([compressor.__module__, compressor.__name__, rows]),
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, [".", *sys.path]))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert json.loads(done.stdout) == here, f"another process (hash seed {seed}) answers otherwise"


def near_linear(compressor: Compressor, samples: Sequence[Segment], factor: float = 3.0) -> None:
    """Four times the input takes at most `factor`² the CPU time, plus 30 ms. Raises AssertionError."""
    for segment in samples:
        if not 200 <= len(segment.text) <= 20_000:
            continue
        times = 60_000 // len(segment.text) + 1
        small = dataclasses.replace(segment, text=_repeated(segment.text, times))
        large = dataclasses.replace(segment, text=_repeated(segment.text, 4 * times))
        spent, more = _seconds(compressor, small), _seconds(compressor, large)
        assert more <= factor**2 * spent + 0.03, (
            f"{spent:.3f} s, then {more:.3f} s for four times {segment.text[:100]!r}"
        )


def _repeated(text: str, times: int) -> str:
    """Longer text of the same kind; JSON stays JSON."""
    if text.lstrip()[:1] == "[" and text.rstrip()[-1:] == "]":
        return "[" + ",\n".join([text.strip()[1:-1]] * times) + "]"
    return "\n".join([text] * times)


def _seconds(compressor: Compressor, segment: Segment) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        compressor(segment)
        best = min(best, time.process_time() - start)
    return best


ODD = (
    "",
    "\n",
    " ",
    "\0",
    "\ud800",
    "\r\n" * 9,
    "[" * 5000,
    '{"a":' * 5000,
    "-" * 5000,
    ":1:" * 3000,
    "[]",
    "{}",
    "null",
    '"',
)
CALLS = ("", "command: grep -rn parse src", "find . -name '*.py'", "ls -la", "cat data.json", "pytest -q")


def segments() -> Iterator[Segment]:
    """-> texts of the kinds that agents read, small and large, each with and without a way back."""
    for kind in (_search, _listing, _records, _lines, _log, _prose, _terminal, _csv):
        for size in (4, 40, 900):
            text = kind(size)
            for way_back in ("", WAY_BACK):
                ref = marker.ref_of(text) if way_back else ""
                yield Segment(
                    text, "Bash", _CALL.get(kind, ""), goal="why does item 17 fail", way_back=way_back, ref=ref
                )


def _search(size: int) -> str:
    hits = [f"src/part{i // 7}/file{i // 3}.py:{3 * i + 1}:    value_{i} = parse(item, {i % 5})" for i in range(size)]
    return "\n".join([*hits, "grep: src/locked: Permission denied", "Binary file src/logo.png matches", ""])


def _listing(size: int) -> str:
    return "\n".join(f"./src/package{i // 9}/module_{i}{'.py' if i % 4 else ' copy.txt'}" for i in range(size)) + "\n"


def _record(i: int) -> dict[str, object]:
    row: dict[str, object] = {
        "id": i,
        "name": f"item {i}",
        "state": "failed" if i == 17 else "ready",
        "owner": {"login": "ada"},
    }
    row["error"] = "disk error on host7" if i == 17 else None
    row["labels"] = [{"name": "bug", "rank": i % 3}] * (i % 3)
    return row if i % 4 else {**row, "extra": 1.50 * i}


def _records(size: int) -> str:
    return json.dumps([_record(i) for i in range(size)], indent=2)


def _lines(size: int) -> str:
    return "\n".join(json.dumps(_record(i)) for i in range(size))


def _log(size: int) -> str:
    lines = [
        f"2026-01-02T03:{i // 60 % 60:02}:{i % 60:02} INFO worker: took job {i} of queue main" for i in range(size)
    ]
    return "\n".join(
        [*lines[:3], "src/a.c:12:5: error: expected ';'", "ERROR worker: disk full", *lines[3:], lines[-1], lines[-1]]
    )


def _prose(size: int) -> str:
    return "\n".join(
        f"Paragraph {i}: the reader who gets this far, {i} pages in, finds nothing new.\n" for i in range(size)
    )


def _terminal(size: int) -> str:
    bar = "\r".join(f"\x1b[32m{'#' * (i % 20)}\x1b[0m {i % 101}%" for i in range(size))
    return f"start\n{bar}\n\x1b[1mdone\x1b[0m\nERROR: \x1b[31mdisk full\x1b[0m\n"


def _csv(size: int) -> str:
    return "date,time,id,amount\n" + "\n".join(
        f"2026-10-{i % 28 + 1:02},12:30:{i % 60:02},{i},{i / 4}" for i in range(size)
    )


_CALL: dict[Callable[[int], str], str] = {
    _search: "grep -rn parse src",
    _listing: "find . -type f",
    _records: "cat items.json",
}


def texts() -> st.SearchStrategy[str]:
    """-> any text at all: garbage, and the kinds with their lines shuffled, cut, doubled and mixed."""
    pool = [line for segment in segments() for line in segment.text[:4000].split("\n")]
    mixed = st.lists(st.one_of(st.sampled_from(pool), st.text(max_size=40)), max_size=60).map("\n".join)
    letters = st.sampled_from('ab/.:-1 20\n\r\t"\\{}[],!&=*#~?\x1b[m\x00\x01é漢\ud800')
    noise = st.text(letters, max_size=400)
    cut = st.builds(
        lambda one, start, end: one.text[start:end],
        st.sampled_from(list(segments())),
        st.integers(0, 200),
        st.integers(0, 9000),
    )
    return st.one_of(st.text(max_size=300), mixed, noise, cut, _json_texts())


def _json_texts() -> st.SearchStrategy[str]:
    leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
    keys = st.sampled_from(("id", "a", "b", "*", "", "name", "!", "x y", "ü"))
    value = st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5), max_leaves=30
    )
    rows = st.lists(st.dictionaries(keys, value, max_size=6), min_size=3, max_size=12)
    return st.one_of(rows, rows.map(lambda found: {"items": found, "n": len(found)})).map(
        lambda found: json.dumps(found, indent=1)
    )
