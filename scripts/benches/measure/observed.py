"""A folder of real inputs in, or nothing; observations and sessions with what their agents used next out."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LONGEST = 100_000
"""Characters; a longer observation would outweigh all others of its source."""
FEWEST_TURNS = 12
NOT_OBSERVED = {"intercode"}  # puzzles whose few giant outputs would outweigh all the rest
NOT_SESSIONS = {"intercode", "taubench_airline_gpt4o", "autocoderover_gpt4", "adp_samples", "specstory_hpm27"}


@dataclass(frozen=True, slots=True)
class Observation:
    """A tool result, the call that it answers, what was said before it, and the strings that the agent used next."""

    source: str
    tool: str
    call: str
    text: str
    used: tuple[str, ...]
    asked: str = "Continue."
    said: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation: messages with `role`, `content`, `tool_calls`, `tool`; turn -> strings used of its result."""

    source: str
    messages: list[dict[str, Any]]
    used: dict[int, tuple[str, ...]] = field(default_factory=dict)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    opened = lzma.open if path.suffix == ".xz" else gzip.open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def named(path: Path) -> str:
    return path.name.split(".")[0]


def observations(data: Path, per: int, every: bool) -> Iterator[Observation]:
    """-> up to `per` observations a source; `every`: also those of which nothing was seen to be used."""
    for path in sorted((data / "used_evidence").glob("*.jsonl.xz")):
        if named(path) in NOT_OBSERVED:
            continue
        found = [row for row in rows(path) if (row["used"] or every) and _fits(row)]
        random.Random(7).shuffle(found)
        talks = _talks(data / "trajectories" / f"{named(path)}.jsonl.gz", {row["traj_id"] for row in found[:per]})
        for row in found[:per]:
            asked, said = goal(talks.get(row["traj_id"], []), row["turn"])
            call = (row["action"] or "").split(": ", 1)[-1][:2000]
            yield Observation(
                named(path), row["tool"] or "Bash", call, row["observation"], tuple(row["used"]), asked, said
            )


def _fits(row: dict[str, Any]) -> bool:
    return row["obs_chars"] < LONGEST and not row.get("dup_observation")


def _talks(path: Path, wanted: set[str]) -> dict[str, list[dict[str, Any]]]:
    return {row["id"]: row["messages"] for row in rows(path) if row["id"] in wanted}


def goal(messages: list[dict[str, Any]], turn: int) -> tuple[str, str]:
    """-> the last text the user wrote before a call, and what the assistant said when it made the call."""
    asked = said = ""
    for message in reversed(messages[:turn]):
        text = (message.get("content") or "").strip()
        if message["role"] == "assistant" and not said:
            said = text or " "
        if message["role"] == "user" and text:
            asked = message["content"]
            break
    return asked[:6000] or "Continue.", said.strip()[:6000]


def sessions(data: Path, per: int) -> Iterator[Session]:
    """-> up to `per` sessions of each source, with at least `FEWEST_TURNS` assistant turns."""
    for path in sorted((data / "trajectories").glob("*.jsonl.gz")):
        source = named(path)
        if source in NOT_SESSIONS:
            continue
        used = _used(data / "used_evidence" / f"{source}.jsonl.xz")
        found = [row for row in rows(path) if _turns(row["messages"]) >= FEWEST_TURNS]
        random.Random(11).shuffle(found)
        yield from (Session(source, row["messages"], used[row["id"]]) for row in found[:per])


def _turns(messages: list[dict[str, Any]]) -> int:
    return sum(message["role"] == "assistant" for message in messages)


def _used(path: Path) -> dict[str, dict[int, tuple[str, ...]]]:
    found: dict[str, dict[int, tuple[str, ...]]] = defaultdict(dict)
    for row in rows(path) if path.exists() else ():
        if row["used"]:
            found[row["traj_id"]][row["turn"]] = tuple(row["used"])
    return found
