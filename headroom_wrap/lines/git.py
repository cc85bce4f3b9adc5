"""The call of a tool in; whether it asks git who wrote the lines of a file out."""

from __future__ import annotations

import re

_BLAME = re.compile(
    r"\bgit(?:\s+-\S+(?:\s+(?!(?:blame|annotate)\b)(?:\"[^\"]*\"|'[^']*'|[^-\s\"']\S*))?)*\s+(?:blame|annotate)\b"
)
"""Between the two stand options of git itself: `git -C shop --no-pager blame`."""


def asks_for_blame(call: str) -> bool:
    """-> whether the call is, or holds, a `git blame` or `git annotate`."""
    return bool(_BLAME.search(call[:2000]))
