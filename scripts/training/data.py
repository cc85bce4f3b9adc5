"""The sets of real tool results in, examples out: lines, call, goal, and the first line of each string used later."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headroom_wrap.wire.calls import call_of, goal_of

TRAIN = (
    "entire_cli",
    "specstory_getspecstory",
    "minisweagent_gemini3pro",
    "entire_agentv",
    "entire_contexteval",
    "pi_sessions",
    "sweagent_repo",
    "taubench_airline_gpt4o",
)
"""MIT and Apache-2.0."""

EVALUATE = ("entire_nimbus", "sweagent_java", "sweagent_lite_gpt4", "autocoderover_gpt4", "adp_samples")
"""No licence, or one that does not allow training: looked at after training, never trained on."""

FOLDS = {
    "entire_cli": "cli",
    "specstory_getspecstory": "specstory",
    "minisweagent_gemini3pro": "minisweagent",
    "entire_agentv": "agentv",
}
"""Each large source is held out alone, the small ones together."""

MOST_CHARS = 100_000
LEAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Example:
    """One tool result and what was used of it: for each string the first line that holds it (-1: it spans lines)."""

    source: str
    session: str
    lines: list[str]
    tool: str
    call: str
    path: str
    goal: str
    said: str
    used: list[str]
    later: list[str]
    repeated: list[str]

    def first_lines(self) -> list[int]:
        """-> for each used string the line in which it first begins."""
        text = "\n".join(self.lines)
        return [text.count("\n", 0, place) if (place := text.find(string)) >= 0 else -1 for string in self.used]


def fold_of(source: str) -> str:
    """-> the name of the fold that a source is held out with."""
    return FOLDS.get(source, "small")


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """-> the JSON lines of a compressed file."""
    opened = lzma.open if path.suffix == ".xz" else gzip.open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def examples(folder: Path, source: str, most: int = 0) -> list[Example]:
    """-> the examples of a source in a fixed order, without duplicates; at most `most` of them (0: all)."""
    records = [
        record
        for record in rows(folder / "used_evidence" / f"{source}.jsonl.xz")
        if record["obs_chars"] < MOST_CHARS
        and not record.get("dup_observation")
        and record["observation"].count("\n") + 1 >= LEAST_LINES
    ]
    random.Random(7).shuffle(records)
    records = records[:most] if most else records
    wanted = {record["traj_id"] for record in records}
    talks = {}
    for talk in rows(folder / "trajectories" / f"{source}.jsonl.gz"):
        if talk["id"] in wanted:
            talks[talk["id"]] = [(message["role"], message.get("content") or "") for message in talk["messages"]]
    return [_example(record, talks.get(record["traj_id"], [])) for record in records]


def _example(record: dict[str, Any], talk: list[tuple[str, str]]) -> Example:
    call = call_of(record["tool"] or "Bash", _arguments(record["action"] or ""))
    goal, said = _goal(talk[: record["turn"]])
    return Example(
        record["source"],
        record["traj_id"],
        record["observation"].split("\n"),
        record["tool"] or "Bash",
        call.call,
        call.path,
        goal,
        said,
        record["used"],
        [string for string, *_ in record["used_later"]],
        record["used_repeat"] + record["used_ambiguous"],
    )


def _arguments(action: str) -> dict[str, str]:
    """-> the call's arguments, which the sets keep as lines of `name: value`."""
    found: dict[str, str] = {}
    name = "command"
    for line in action.split("\n"):
        key, colon, value = line.partition(": ")
        if colon and key.isidentifier():
            name = key
            found[name] = value
        else:
            found[name] = f"{found[name]}\n{line}" if name in found else line
    return found


def _goal(before: list[tuple[str, str]]) -> tuple[str, str]:
    """-> the goal as a wire would find it: the last user text, and what the assistant said before the call; and that
    alone."""
    said = ""
    for role, content in reversed(before):
        if role == "assistant" and not said:
            said = content.strip() or " "
        if role == "user" and content.strip():
            return goal_of(content, said.strip()), goal_of("", said.strip())
    return goal_of("", said.strip()), goal_of("", said.strip())
