"""Agents' logs in; a ledger of their sessions out, as it would stand had they gone through us."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from headroom_wrap.ledger import Ledger
from headroom_wrap.replay import claude, codex, copilot, gemini, opencode
from headroom_wrap.replay.account import Decisions, exchanges, went_through_us
from headroom_wrap.replay.past import Conversation
from headroom_wrap.route import Policy
from headroom_wrap.segment import Exchange


class Logs(Protocol):
    """What a module of an agent offers."""

    AGENT: str

    def files(self, home: Path, environment: Mapping[str, str]) -> list[Path]:
        """-> the files that may hold sessions, the latest first."""

    def conversations(self, path: Path) -> Iterator[Conversation]:
        """-> the conversations of a file, one at a time."""


LOGS: tuple[Logs, ...] = (claude, codex, gemini, opencode, copilot)


@dataclass(frozen=True, slots=True)
class Log:
    """A file with past sessions, the agent that wrote it, and when it last did (epoch seconds)."""

    agent: str
    path: Path
    changed: float

    @property
    def size(self) -> int:
        """-> its bytes, for a progress bar."""
        return self.path.stat().st_size if self.path.exists() else 0


@dataclass(slots=True)
class Count:
    """What was found: sessions with requests in them, requests, those of them that a log had no counts for, and
    conversations that were left out because they went through us already."""

    sessions: int = 0
    requests: int = 0
    assumed: int = 0
    ours: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the logs is looked at: conversations of a project (empty: all), begun at or after an epoch time."""

    project: str = ""
    since: float = 0.0

    def holds(self, conversation: Conversation) -> bool:
        """-> whether a conversation is wanted."""
        late = conversation.requests[-1].at >= self.since
        return late and self.project in ("", conversation.project)


def found(home: Path, environment: Mapping[str, str], agents: Sequence[str] = (), since: float = 0.0) -> list[Log]:
    """-> the logs of these agents (none given: of all), the latest first, changed at or after an epoch time."""
    logs = [
        Log(each.AGENT, path, path.stat().st_mtime)
        for each in LOGS
        if not agents or each.AGENT in agents
        for path in each.files(home, environment)
        if path.is_file()
    ]
    return sorted((log for log in logs if log.changed >= since), key=lambda log: -log.changed)


def replayed(
    logs: Sequence[Log],
    ledger: Ledger,
    policy: Policy,
    wanted: Wanted,
    kept: Callable[[str], bool],
    done: Callable[[Log], None],
) -> Count:
    """-> what was found; the sessions stand in the ledger as "project/session". One conversation is held at a time.

    `kept`: whether the original of a reference is in the user's own store, as it is of what went through us.
    """
    count, sessions, known = Count(), set[tuple[str, str]](), set[str]()
    modules = {each.AGENT: each for each in LOGS}
    for log in logs:
        for conversation in filter(wanted.holds, modules[log.agent].conversations(log.path)):
            made = list(exchanges(conversation, log.agent, Decisions(), policy))
            if went_through_us(made, kept):
                count.ours += 1
            elif _account(conversation, made, ledger, known, count):
                sessions.add((log.agent, conversation.session))
        done(log)
    count.sessions = len(sessions)
    return count


def _account(
    conversation: Conversation, made: Sequence[Exchange], ledger: Ledger, known: set[str], count: Count
) -> bool:
    """-> whether anything of it was new."""
    before = count.requests
    for request, exchange in zip(conversation.requests, made, strict=True):
        if request.name and request.name in known:
            continue
        known.add(request.name)
        ledger.record(exchange)
        count.requests += exchange.status == 200
        count.assumed += exchange.status == 200 and not request.counted
    return count.requests > before
