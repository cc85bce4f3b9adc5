"""Made-up sessions of coding agents, and what each agent used of what it read: for a look at all parts, not for claims.

What is used is drawn by chance from the identifiers of a result, not by any rule of a compressor: half of them from
what the agent was looking for, half from anywhere. How real agents choose only real sessions can say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from scripts.benches.inputs import text
from scripts.benches.measure.observed import Observation, Session, goal

SESSIONS = 6
SMALLEST = 1500
"""Characters from which a result counts as an observation, as in the real ones."""


class _Talk:
    """A session as it grows: each step is a call, its result, and what the next step uses of it."""

    def __init__(self, seed: int, asked: str) -> None:
        self.chance = Random(seed)
        self.messages: list[dict[str, Any]] = [{"role": "user", "content": asked}]
        self.used: dict[int, tuple[str, ...]] = {}
        self._next = "Let me look."

    def step(self, tool: str, arguments: dict[str, str], result: str, wanted: str = "") -> None:
        """Add a call and its result; some identifiers of it, `wanted` among them, are what the next turn names."""
        call = {"name": tool, "arguments": arguments}
        self.messages += [
            {"role": "assistant", "content": self._next, "tool_calls": [call]},
            {"role": "tool", "tool": tool, "content": result},
        ]
        seen = "\n".join(str(message) for message in self.messages[:-1])
        found = [each for each in dict.fromkeys(re.findall(r"\w+_\w+_\d+|\d{6,}", result)) if each not in seen]
        drawn = self.chance.sample(found, min(len(found), self.chance.randrange(3)))
        used = tuple(dict.fromkeys([*([wanted] if wanted in found else []), *drawn]))
        if len(result) >= SMALLEST and used:
            self.used[len(self.messages) - 1] = used
        self._next = f"Next: {', '.join(used)}." if used else "Let me look further."

    def said(self) -> list[dict[str, Any]]:
        return [*self.messages, {"role": "assistant", "content": self._next}]


def _session(seed: int) -> Session:
    chance = Random(seed)
    word = text.name(chance)
    talk = _Talk(seed, f"The test of {word} fails since the last change. Find out why and mend it.")
    paths = text.files(chance, 40)
    first, names = text.source(chance, 24)
    second, more = text.source(chance, 12)
    run = "python -m pytest -v"
    talk.step("Bash", {"command": "ls -l src/*/"}, text.listing(chance, paths), paths[3])
    talk.step("Bash", {"command": run}, text.test_run(chance, 120, word), f"test_{word}")
    talk.step("Grep", {"pattern": word}, text.hits(chance, paths, word), word)
    talk.step("Read", {"file_path": paths[0]}, text.numbered(first), names[5])
    talk.step("Read", {"file_path": paths[1]}, text.numbered(second), more[3])
    issues, titles = text.records(chance, 60)
    talk.step("Bash", {"command": "gh issue list --json number,title,state"}, issues, titles[7].split()[0])
    trouble = [f"job {chance.randrange(10**8, 10**9)} gave up: {text.name(chance)} is gone" for _ in range(2)]
    log = text.server_log(chance, 300, trouble)
    talk.step("Bash", {"command": "cat logs/server.log"}, log, trouble[0].split()[1])
    changed = first.replace(f"def {names[5]}", f"def {names[5]}_checked")
    edit = {"file_path": paths[0], "old_string": f"def {names[5]}", "new_string": f"def {names[5]}_checked"}
    talk.step("Edit", edit, "The file has been updated.")
    talk.step("Read", {"file_path": paths[0]}, text.numbered(changed), names[8])
    talk.step("Bash", {"command": "git diff"}, text.difference(chance, paths[:6]))
    talk.step("Bash", {"command": "cat src/__init__.py"}, "__version__ = '1.4.0'")
    talk.step("Bash", {"command": run}, text.test_run(chance, 120, text.name(chance)))
    return Session("made up", talk.said(), talk.used)


def sessions() -> Iterator[Session]:
    return (_session(seed) for seed in range(SESSIONS))


def observations() -> Iterator[Observation]:
    """-> the big results of the sessions, each on its own."""
    for session in sessions():
        for turn, message in enumerate(session.messages):
            if message["role"] == "tool" and len(message["content"]) >= SMALLEST:
                asked, said = goal(session.messages, turn)
                call = session.messages[turn - 1]["tool_calls"][0]["arguments"]
                used = session.used.get(turn, ())
                shown = next(iter(call.values()))
                yield Observation(session.source, message["tool"], shown, message["content"], used, asked, said)
