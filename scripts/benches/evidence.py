"""Tokens saved against used evidence kept, on single observations: by candidate, by tool, by our compressors.

An observation's evidence is what the agent used of it in its next five actions; it is kept when the string still
stands in what is sent. With real inputs (`--data`) the observations are those of real agents; without, made up.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from headroom_wrap.tokens import count
from scripts.benches.inputs import sessions as made_up
from scripts.benches.measure import candidates, report
from scripts.benches.measure.candidates import Body, Candidate
from scripts.benches.measure.observed import Observation, observations
from scripts.benches.measure.unseen import Unseen, judge

DELETED = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
SHELLS = {"Bash", "bash_execute", "execute_bash", "bash"}
TOOLS = {"Read": "Read", "read_text_file": "Read", "Grep": "Grep", "grep_search": "Grep"}
SHOWN = ("Read", "Grep", "Bash", "other")


@dataclass(frozen=True, slots=True)
class Row:
    """One observation through one candidate; tokens are o200k."""

    tool: str
    by: str
    before: int
    after: int
    kept: int
    used: int
    lost: tuple[str, ...] = ()
    error: str = ""


def body(seen: Observation) -> Body:
    said = [{"type": "text", "text": seen.said}] if seen.said else []
    argument = {tool_of(seen) == "Read": "file_path"}.get(True, "command")
    call = {"type": "tool_use", "id": "toolu_01", "name": tool_of(seen), "input": {argument: seen.call}}
    result = {"type": "tool_result", "tool_use_id": "toolu_01", "content": seen.text}
    return candidates.body_of(
        [
            {"role": "user", "content": seen.asked},
            {"role": "assistant", "content": [*said, call]},
            {"role": "user", "content": [result]},
        ]
    )


def tool_of(seen: Observation) -> str:
    return "Bash" if seen.tool in SHELLS else TOOLS.get(seen.tool, seen.tool)


def measured(candidate: Candidate, seen: Observation, before: int) -> Row:
    judge(candidate, seen.source)
    made = candidate(body(seen))
    text = candidates.flat(made.messages[-1]["content"]) if len(made.messages) >= 3 else ""
    lost = tuple(used for used in seen.used if used not in text)
    kind = tool_of(seen) if tool_of(seen) in SHOWN else "other"
    by = next((outcome.compressor or f"sent as it came: {outcome.why}" for outcome in made.outcomes), "")
    return Row(kind, by, before, count(text), len(seen.used) - len(lost), len(seen.used), lost, made.error)


def grouped(rows: Sequence[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def figures(rows: Sequence[Row]) -> str:
    """-> `saved at kept` of some rows."""
    if not rows:
        return "-"
    before, after = sum(row.before for row in rows), sum(row.after for row in rows)
    return f"{report.saved(before, after)} at {report.share(sum(r.kept for r in rows), sum(r.used for r in rows))}"


def by_candidate(found: dict[str, list[Row]]) -> str:
    """-> the headline: saved and kept over all, and saved at kept for each tool."""
    lines = []
    for name, rows in found.items():
        groups = grouped(rows, lambda row: row.tool)
        before, after = sum(row.before for row in rows), sum(row.after for row in rows)
        kept = report.share(sum(row.kept for row in rows), sum(row.used for row in rows))
        whole = report.share(sum(row.kept == row.used for row in rows), len(rows))
        failed = sum(bool(row.error) for row in rows)
        tools = [figures(groups.get(tool, [])) for tool in SHOWN]
        lines.append((name, report.saved(before, after), kept, whole, *tools, failed))
    head = ("", "saved", "evidence kept", "whole", "file reads", "Grep", "Bash", "other tools", "failed")
    return report.table(head, lines)


def by_compressor(rows: Sequence[Row]) -> str:
    """-> each compressor's part of ours: what it was given, what it saved, and what evidence it lost."""
    total = sum(row.before for row in rows)
    gained = total - sum(row.after for row in rows)
    groups = sorted(grouped(rows, lambda row: row.by).items(), key=lambda pair: _gain(pair[1]), reverse=True)
    lines = []
    for name, group in groups:
        before, gain = sum(row.before for row in group), _gain(group)
        lost = sum(row.used - row.kept for row in group)
        lines.append(
            (
                name,
                len(group),
                report.share(before, total),
                report.share(gain, before),
                report.share(gain, gained),
                f"{lost} of {sum(row.used for row in group)}",
            )
        )
    head = ("compressor", "results", "of all tokens", "saved of its own", "part of the saving", "used strings lost")
    return report.table(head, lines)


def _gain(rows: Sequence[Row]) -> int:
    return sum(row.before - row.after for row in rows)


def write_lost(path: Path, seen: Sequence[Observation], rows: Sequence[Row]) -> None:
    """Write, a JSON line each, the observations whose evidence ours lost: for tuning."""
    with path.open("w", encoding="utf-8") as out:
        for each, row in zip(seen, rows, strict=True):
            if row.lost:
                said = {"source": each.source, "tool": each.tool, "call": each.call, "by": row.by, "lost": row.lost}
                out.write(json.dumps({**said, "saved": row.before - row.after, "text": each.text}) + "\n")


def run(given: argparse.Namespace, seen: Sequence[Observation]) -> Iterator[tuple[str, list[Row]]]:
    sizes = [count(each.text) for each in seen]
    named = candidates.all_of(given.headroom_py, given.llmtrim_py, () if given.ours else DELETED)
    for candidate in itertools.chain(named, [Unseen(given.folds)] if given.folds else []):
        rows = [measured(candidate, each, size) for each, size in zip(seen, sizes, strict=True)]
        candidate.close()
        print(f"{candidate.name}: {figures(rows)}", flush=True)
        yield candidate.name, rows


def main() -> None:
    parser = report.options(__doc__.split("\n")[0])
    parser.add_argument("per", type=int, nargs="?", default=60, help="observations of each source")
    parser.add_argument("--all", action="store_true", help="also those of which nothing was seen to be used")
    parser.add_argument("--ours", action="store_true", help="leave the control out")
    parser.add_argument("--lost", type=Path, help="write the observations whose evidence ours lost, as JSON lines")
    given = parser.parse_args()
    data = report.data_of(given)
    seen = list(made_up.observations() if data is None else observations(data, given.per, given.all))
    found = dict(run(given, seen))
    ours = next(iter(found.values()))
    if given.lost:
        write_lost(given.lost, seen, ours)
    sources = len({each.source for each in seen})
    says = (
        f"{len(seen)} tool results of {sources} sources, {sum(row.before for row in ours):,} tokens, "
        f"{sum(row.used for row in ours):,} strings that the agents used in their next five actions. "
        "“Saved” counts the markers; “whole”: results all of whose used strings still stand; a cell of a tool is "
        "saved at evidence kept. Peers run as libraries on the same requests."
    )
    command = f"scripts/bench evidence {given.per}{' --all' if given.all else ''}{report.told(given, data)}"
    parts = [says, by_candidate(found), "What each compressor does to the results it answers for:", by_compressor(ours)]
    report.publish("evidence", "Evidence kept at a saving", parts, command, record=report.keeps(given, data))


if __name__ == "__main__":
    main()
