"""A line of a source file in, numbered or not; whether it declares a function or a type out."""

from __future__ import annotations

import re

_SIGNATURE = re.compile(
    r"""(?:[ ]*L?\d{1,9}(?:→|\t|:|[ ]?\|))?\s*
    (?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\(\w+\))?|unsafe|override
    |virtual|inline)\s+)*
    (?:def|class|func|fn|function|interface|struct|impl|enum|trait)\b""",
    re.VERBOSE,
)


def is_signature(line: str) -> bool:
    """-> whether the line begins a function, a class, an interface or the like."""
    return _SIGNATURE.match(line) is not None
