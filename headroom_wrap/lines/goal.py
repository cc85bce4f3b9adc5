"""What the agent is after: a segment in, the words of its call and goal that are worth looking for out."""

from __future__ import annotations

import re

from headroom_wrap.segment import Segment

_SPECIAL = re.compile(r"[A-Za-z_][\w.-]*(?:[_./-]\w|[a-z][A-Z]|\d)[\w./-]*")
_MOST = 60


def goal_words(segment: Segment) -> tuple[str, ...]:
    """-> identifiers, paths and file names named in the goal (at most 60, at least 5 characters each).

    Plain words are left out: in running text they match nearly everything. A path also counts by its last part.
    """
    found: dict[str, None] = {}
    for match in _SPECIAL.finditer(segment.goal):
        word = match[0].strip("./-")
        for part in (word, word.rsplit("/", 1)[-1]):
            if len(part) >= 5:
                found[part] = None
    return tuple(found)[-_MOST:]


def naming(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """-> a pattern that finds any of the words, None where there are none."""
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))) if words else None
