"""What an agent says before a call in, whether it speaks of a change or of a look out. No numpy.

Features of the trained model: with other words the shipped weights don't say what they said in training.
"""

from __future__ import annotations

import re

_CHANGES = re.compile(
    r"(?i)\b(?:add|chang|edit|fix|implement|insert|modif|refactor|remov|renam|replac|rewrit|updat|writ)\w*"
)
_LOOKS = re.compile(r"(?i)\b(?:look|check|see|read|find|understand|review|examin|explor|search|verif|run|test)\w*")


def changes(said: str) -> bool:
    """-> whether it speaks of a change."""
    return _CHANGES.search(said) is not None


def looks(said: str) -> bool:
    """-> whether it speaks of a look."""
    return _LOOKS.search(said) is not None
