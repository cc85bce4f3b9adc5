"""A column of records by its name and its values in, the rows that it says are about an error out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_STATUS = re.compile(r"(?i)^(?:http_?)?(?:status|code|status_?code|response_?code)$")
_EXIT = re.compile(r"(?i)^(?:exit|return)_?(?:code|status)$|^rc$")
_LEVEL = re.compile(r"(?i)^(?:log_?)?(?:level|severity|priority|loglevel|lvl)$")
_GOOD = re.compile(r"(?i)^(?:success|succeeded|ok|passed|healthy|ready|valid)$")
_ERROR = re.compile(
    r"(?i)^(?:errors?|exception|fault|failure|stack_?trace|traceback)(?:_?(?:message|msg|code|type|detail|reason))?$"
)
_BAD = re.compile(
    r"(?i)\b(?:error|err|fatal|critical|crit|alert|emergency|emerg|panic|severe|failed|failure|failing|crashed|aborted|timeout|timed_out|denied|rejected|unhealthy|crashloopbackoff|oomkilled)\b"
)
_LOUD = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|PANIC|FAILED|EMERG)\b|\b\w+(?:Error|Exception)\b|^(?:[Ee]rror|[Ff]atal|[Pp]anic)\b"
)
"""Free text speaks of errors without being one ("improve error handling"): only what shouts, or names an exception."""


def errors(path: str, values: Mapping[int, Any]) -> set[int]:
    """-> the places of the values that say an error. Of texts each different one is looked at once."""
    found = set()
    texts: dict[str, bool] = {}
    for place, value in values.items():
        if type(value) is str:
            if value not in texts:
                texts[value] = is_error(path, value)
            bad = texts[value]
        else:
            bad = value is not None and is_error(path, value)
        if bad:
            found.add(place)
    return found


@lru_cache(maxsize=4096)
def _named(path: str) -> tuple[bool, bool, bool, bool, bool]:
    """-> whether a column is by its name a status, an exit code, a level, a success, an error."""
    name = path.rpartition(".")[2]
    status, code, level, good, error = (
        pattern.match(name) is not None for pattern in (_STATUS, _EXIT, _LEVEL, _GOOD, _ERROR)
    )
    return status, code, level, good, error


def is_error(path: str, value: Any) -> bool:
    """-> whether a value says, by the name and type of its column, that its row is about an error."""
    status, code, level, good, error = _named(path)
    if type(value) is bool:
        return error if value else good
    if type(value) is int:
        return (status and 400 <= value < 600) or (code and value != 0) or (level and 50 <= value <= 60)
    if type(value) is str:
        if error:
            return value.strip().lower() not in ("", "none", "null", "false", "0", "ok")
        if status and re.fullmatch(r"[45]\d\d", value):
            return True
        return (len(value) <= 40 and _BAD.search(value) is not None) or _LOUD.search(value, 0, 2000) is not None
    return error and bool(value) and value is not None
