"""A request body in; the messages that a candidate would forward out: ours, the peers, and deleting lines at random.

Ours runs in this process over a store of its own in a temporary folder. A peer runs as a child in its own environment
(`pip install headroom-ai`, `pip install llmtrim`), given by its interpreter; it reads a body a line and writes a line.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from headroom_wrap.rewrite import rewrite
from headroom_wrap.route import DEFAULT, Policy
from headroom_wrap.segment import Outcome
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import anthropic

Body = dict[str, Any]
Messages = list[dict[str, Any]]

MODEL = "claude-sonnet-4-5"


def _tool(name: str, says: str, *fields: str) -> dict[str, Any]:
    properties = {field: {"type": "string"} for field in fields}
    return {"name": name, "description": says, "input_schema": {"type": "object", "properties": properties}}


TOOLS = [
    _tool("Bash", "Run a shell command", "command"),
    _tool("Read", "Read a file", "file_path", "offset", "limit"),
    _tool("Edit", "Edit a file", "file_path", "old_string", "new_string"),
    _tool("Grep", "Search file contents", "pattern"),
]
"""What the request offers. With a shell among them an original can be fetched back with `headroom get`."""


def body_of(messages: Messages) -> Body:
    system = {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}}
    return {"model": MODEL, "max_tokens": 1000, "tools": TOOLS, "system": [system], "messages": messages}


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a candidate would send instead, how long it took, what went wrong; `outcomes` only of ours."""

    messages: Messages
    ms: float = 0.0
    error: str = ""
    outcomes: tuple[Outcome, ...] = ()


class Candidate(Protocol):
    """One that is measured."""

    name: str

    def __call__(self, body: Body) -> Forwarded:
        """-> what it would forward for an Anthropic Messages body."""

    def close(self) -> None:
        """Give back what it holds."""


class Ours:
    """The product's one function, with a store that is removed afterwards."""

    def __init__(self, policy: Policy = DEFAULT, name: str = "Headroom") -> None:
        self.name = name
        self._policy = policy
        self._folder = tempfile.TemporaryDirectory(prefix="headroom-bench-")
        self.home = Path(self._folder.name)
        self.store = LocalStore.open(self.home)

    def __call__(self, body: Body) -> Forwarded:
        raw = json.dumps(body).encode()
        start = time.process_time()
        made = rewrite(raw, anthropic, self.store, self._policy)
        spent = (time.process_time() - start) * 1e3
        messages = body["messages"] if made.body is raw else json.loads(made.body)["messages"]
        return Forwarded(messages, spent, made.problem, made.outcomes)

    def close(self) -> None:
        self.store.close()
        self._folder.cleanup()


class Peer:
    """A child process in a peer's environment, by its worker beside this file."""

    def __init__(self, name: str, python: str, worker: str, *arguments: str) -> None:
        self.name = name
        script = str(Path(__file__).with_name(worker))
        command = [python, script, *arguments]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)

    def __call__(self, body: Body) -> Forwarded:
        assert self._child.stdin and self._child.stdout
        self._child.stdin.write(json.dumps(body) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: its process ended; is the package installed in that environment?")
        said = json.loads(line)
        return Forwarded(said["messages"], said["ms"], said["error"])

    def close(self) -> None:
        assert self._child.stdin
        self._child.stdin.close()
        self._child.wait(20)


class RandomLines:
    """The control: keeps each line of a tool result with the same chance, whatever it says."""

    def __init__(self, keep: float) -> None:
        self.name = f"random lines, {100 * (1 - keep):.0f} % deleted"
        self._keep = keep

    def __call__(self, body: Body) -> Forwarded:
        return Forwarded([self._cut(message) for message in body["messages"]])

    def _cut(self, message: dict[str, Any]) -> dict[str, Any]:
        content = message["content"]
        if isinstance(content, str):
            return message
        return {**message, "content": [self._thinned(block) for block in content]}

    def _thinned(self, block: dict[str, Any]) -> dict[str, Any]:
        if block.get("type") != "tool_result":
            return block
        chance = random.Random(block["content"])
        lines = [line for line in block["content"].split("\n") if chance.random() < self._keep]
        return {**block, "content": "\n".join(lines)}

    def close(self) -> None:
        pass


def all_of(headroom: str, llmtrim: str, deleted: tuple[float, ...]) -> Iterator[Candidate]:
    """-> every candidate in turn: ours, each peer whose interpreter is given, the control at each share deleted."""
    yield Ours()
    if headroom:
        yield Peer("headroom-ai, default", headroom, "peer_headroom.py")
    if llmtrim:
        yield Peer("llmtrim, auto", llmtrim, "peer_llmtrim.py", "auto")
        yield Peer("llmtrim, aggressive", llmtrim, "peer_llmtrim.py", "aggressive")
    yield from (RandomLines(1 - share) for share in deleted)


def flat(content: Any) -> str:
    """-> the text of a message's or a tool result's content."""
    if isinstance(content, str):
        return content
    return "\n".join(_text(block) for block in content or [])


def _text(block: Any) -> str:
    if not isinstance(block, dict):
        return str(block)
    return block.get("text") or flat(block.get("content") or "")
