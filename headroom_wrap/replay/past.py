"""What a log is read into: the conversations of a session, as their requests went out, with the provider's counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from headroom_wrap.segment import Usage


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: how many of the conversation's items it carried, when (epoch seconds), and what was counted.

    `answered`: the items with which the model answered, for an output that nobody counted. `name`: the same for the
    same request wherever logs repeat it (a session that was resumed or rewound); empty: it stands in one place only.
    """

    carried: int
    at: float
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    answered: int = 1
    name: str = ""

    @property
    def counted(self) -> bool:
        """-> whether the log has the provider's counts."""
        return self.usage != Usage()


@dataclass(frozen=True, slots=True)
class Conversation:
    """Items in a provider's format (`wire`: "anthropic", "openai_responses", "openai_chat", "gemini"), oldest first.

    A session that was compacted, rewound or that started agents of its own has several. `tools`: names of the tools
    that the agent is known to offer besides those it called.
    """

    session: str
    project: str
    wire: str
    items: tuple[dict[str, Any], ...]
    requests: tuple[Asked, ...]
    tools: tuple[str, ...] = ()


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """-> the objects of a file of JSON lines; what is no object (a line cut off by a crash) is passed over."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            with suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    yield found


def whole(path: Path) -> dict[str, Any]:
    """-> the object that a JSON file holds; empty where it can't be read."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8", errors="replace"))
        return found if isinstance(found, dict) else {}
    return {}


def table(value: Any, key: str) -> dict[str, Any]:
    """-> the object under a key; empty where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def listed(value: Any, key: str) -> list[dict[str, Any]]:
    """-> the objects of the list under a key."""
    found = value.get(key) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def when(stamp: Any) -> float:
    """-> epoch seconds of an ISO time or of milliseconds; 0 where there is neither."""
    if isinstance(stamp, (int, float)) and not isinstance(stamp, bool):
        return stamp / 1000
    with suppress(ValueError):
        return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).timestamp()
    return 0.0


def counted(value: Any) -> int | None:
    """-> a count as it stands in a log, None: there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def newest(found: Iterable[Path]) -> list[Path]:
    """-> files, the one changed last first; those that vanish meanwhile come last."""

    def changed(path: Path) -> float:
        with suppress(OSError):
            return path.stat().st_mtime
        return 0.0

    return sorted(found, key=changed, reverse=True)
