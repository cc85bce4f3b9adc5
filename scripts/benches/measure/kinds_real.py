"""A folder of real inputs in; texts of each kind of content out, with the lines that people marked in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from scripts.benches.inputs.kinds import Sample
from scripts.benches.measure.observed import named, rows

LONGEST = 1_200_000
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def samples(data: Path, every: int, per: int) -> Iterator[Sample]:
    """-> CI logs (LogChunks: each `every`-th), and of the other sets up to `per` texts each."""
    for row in rows(data / "logs" / "cidiff_ci_fail.jsonl.gz"):
        yield _sample("CI log (CiDiff)", row, "gh run view --log", marked=_ranges(row))
    for place, row in enumerate(rows(data / "logs" / "logchunks_travis.jsonl.gz")):
        if place % every == 0:
            yield _sample("CI log (LogChunks)", row, "travis logs", marked=_chunk(row))
    for row in rows(data / "logs" / "loghub_2k.jsonl.gz"):
        yield _sample("server log (LogHub)", row, "cat server.log")
    for path in sorted((data / "json").glob("*.jsonl.gz")):
        for row in _some(path, per):
            yield _sample("JSON", row, str(row.get("request") or ""), marked=(named(path),))
    for kind in ("grep_output", "listings", "git_output"):
        shown = {"grep_output": "search", "listings": "listing", "git_output": "git"}[kind]
        for row in _some(data / "diffs" / f"{kind}.jsonl.gz", 3 * per):
            yield _sample(shown, row, row["cmd"])
    for row in _some(data / "code" / "files.jsonl.gz", 6 * per):
        yield Sample("code", row["text"], row["path"], "Read", row["path"])


def loghub(data: Path) -> Iterator[dict[str, Any]]:
    """-> the LogHub sets with the event of each line."""
    return rows(data / "logs" / "loghub_2k.jsonl.gz")


def _sample(kind: str, row: dict[str, Any], call: str, marked: tuple[str, ...] = ()) -> Sample:
    return Sample(kind, row["text"], call, marked=marked)


def _some(path: Path, count: int) -> list[dict[str, Any]]:
    found = [row for row in rows(path) if len(row["text"]) <= LONGEST]
    Random(3).shuffle(found)
    return found[:count]


def plain(line: str) -> str:
    """-> a line as a terminal would have left it: without colours, the last of what was written over itself."""
    return _COLOUR.sub("", line).rstrip("\r").rsplit("\r", 1)[-1].strip()


def _chunk(row: dict[str, Any]) -> tuple[str, ...]:
    standing = {plain(line) for line in row["text"].split("\n")}
    marked = (plain(line) for line in row["chunk"].split("\n"))
    return tuple(line for line in marked if line and line in standing)


def _ranges(row: dict[str, Any]) -> tuple[str, ...]:
    """-> the lines marked E; CiDiff counts every CR, LF and CRLF as a line's end."""
    lines = re.split(r"\r\n|\n|\r", row["text"])
    standing = {plain(line) for line in row["text"].split("\n")}
    marked = []
    for found in re.finditer(r"^E (\d+)(?:-(\d+))?", row["groundtruth"], re.M):
        marked += [plain(line) for line in lines[int(found[1]) - 1 : int(found[2] or found[1])]]
    return tuple(line for line in marked if line and line in standing)
