"""What a reader wrote in (`120-188`, `REF --jq .items --rows 3-9`); ranges, patterns and a `Wanted` out.

Raises ValueError with a message that says the mend.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from headroom_wrap.retrieve.chosen import Wanted

RANGES = ("lines", "rows", "chars")
COUNTS = ("head", "tail")
TEXTS = ("jq", "where")


def span(text: str) -> tuple[int, int]:
    """-> first and last of `A-B`, `A-` or `A`, counted from 1."""
    match = re.fullmatch(r"(\d+)(?:(-)(\d*))?", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a range such as 120-188")
    first = int(match[1])
    last = int(match[3]) if match[3] else sys.maxsize if match[2] else first
    if not 1 <= first <= last:
        raise ValueError(f"{text!r} is not a range: they count from 1, the smaller number first")
    return first, last


def pattern(text: str) -> re.Pattern[str]:
    """-> a regular expression."""
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression ({error}); escape its specials") from error


def asked(given: Mapping[str, Any]) -> tuple[str, Wanted, bool]:
    """-> the reference, what is wanted of it, and whether all of it, however long.

    `given` has `ref` and the options of `headroom get` without their dashes. Options may also stand behind the
    reference, as a marker writes them: `{"ref": "4f2a9c… --lines 120-188"}`.
    """
    ref, *words = _words(str(given.get("ref", "")))
    said = {**_options(words), **{name: value for name, value in given.items() if value not in (None, "", False)}}
    found: dict[str, Any] = {name: span(str(said[name])) for name in RANGES if name in said}
    found |= {name: _count(name, said[name], 1) for name in COUNTS if name in said}
    found |= {name: str(said[name]) for name in TEXTS if name in said}
    if "grep" in said:
        found |= {"grep": pattern(str(said["grep"])), "around": _count("context", said.get("context", 0), 0)}
    return ref, Wanted(stat=bool(said.get("stat")), **found), bool(said.get("all"))


def _words(text: str) -> list[str]:
    from shlex import split  # noqa: PLC0415 - not for `headroom get`, whose words the shell has split

    try:
        return split(text) or [""]
    except ValueError as error:
        raise ValueError(f"{text!r} is not a reference with options: {error}") from error


def _options(words: list[str]) -> dict[str, Any]:
    """-> the values of `--name value`, and True for those without one."""
    found: dict[str, Any] = {}
    name = ""
    for word in words:
        if word == "-C" or word.startswith("--"):
            name = "context" if word == "-C" else word[2:]
            found[name] = True
        elif name and found[name] is True and name not in ("stat", "all"):
            found[name] = word
        else:
            raise ValueError(f"{word!r} is no option; write a reference and options such as --lines 120-188")
    return found


def _count(name: str, value: Any, least: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < least:
        raise ValueError(f"{name} = {value!r} is not a whole number from {least}")
    return number
