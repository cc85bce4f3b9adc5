"""Lines of a source file in, numbered or not; which of them declare functions and types out."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SIGNATURE = re.compile(
    r"""(?:[ ]*L?\d{1,9}(?:→|\t|:|[ ]?\|))?\s*
    (?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\(\w+\))?|unsafe|override
    |virtual|inline)\s+)*
    (?:def|class|func|fn|function|interface|struct|impl|enum|trait)\b""",
    re.VERBOSE,
)


MOST = 24
"""Lines that a signature goes on for at most: parentheses in a string may never close."""


def signatures(lines: Sequence[str]) -> list[bool]:
    """-> for each line whether it begins a function, a class, an interface or the like, or goes on with parameters."""
    found = [_SIGNATURE.match(line) is not None for line in lines]
    for place in [place for place, begins in enumerate(found) if begins]:
        end = place
        opened = _opened(lines[place])
        while opened > 0 and end + 1 < min(len(lines), place + MOST):
            end += 1
            opened += _opened(lines[end])
        if opened <= 0:
            found[place : end + 1] = [True] * (end + 1 - place)
    return found


def _opened(line: str) -> int:
    return line.count("(") - line.count(")")
