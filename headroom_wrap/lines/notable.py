"""One line in; whether it reports an error, a warning, a place in a file or an exit status out.

Words are judged generously: a line kept for nothing costs some tokens, an error left out costs a turn. What only names
errors ("0 errors", "-Werror", "errors.go", "ErrorHandlingTest passed") is taken out first.
"""

from __future__ import annotations

import re


def _any_of(*texts: str) -> re.Pattern[str]:
    """-> what finds any of some texts: those with one first letter stand together, which halves the time."""
    firsts = sorted({text[0] for text in texts})
    rests = ("|".join(re.escape(text[1:]) for text in texts if text[0] == first) for first in firsts)
    return re.compile("|".join(f"{re.escape(first)}(?:{rest})" for first, rest in zip(firsts, rests, strict=True)))


_HARMLESS = re.compile(
    r"\b(?:no|0|without|zero) (?:\w{1,20} )?(?:error|failure|warning|failed|problem|issue|exception)"
    r"|\b(?:errors?|failures?|failed|skipped|warnings?|exceptions?)\s{0,3}[:=]\s{0,3}0\b"
    r"|-W(?:no-)?error|\bon[-_ ]error\b|\bif[-_ ](?:error|fail)|(?<!-)--(?=\w)[\w-]{0,30}?(?:error|fail)"
    r"|\bfail-?(?:fast|over)\b|\berror[-_ ]?(?:prone|handl|page|code)|\bset [-+]e"
    r"|(?:error|fail|exception)[\w-]{0,40}[-.](?:go|py|rs|c|h|o|cc|cpp|java|class|js|ts|tsx|rb|php|md|html|jar|hs|v?\d)\b(?!:\d)",
    re.IGNORECASE,
)

_ERROR = re.compile(
    r"(?:\b|_)(?:errors?|errored|fail(?:ed|ure|ures|s)?|fatal|panic(?:ked)?|exceptions?|traceback"
    r"|severe|segfault|segmentation fault|core dumped|aborted|crashed|killed"
    r"|out of memory|unhandled|uncaught|timed out|assert(?:ion|ionerror)?|conflicts?|violat(?:es|ed|ion)"
    r"|caused by|cannot|can(?:no|')t|could ?n[o']t|could not|unable to"
    r"|undefined (?:reference|symbol|variable|method|name)"
    r"|no such|not found|must not|not allowed|not permitted|no space left|expected|unexpected|mismatch(?:ed)?"
    r"|(?:permission|access) denied|connection (?:refused|reset|timed out)|broken pipe|oomkilled|invalid argument"
    r"|already in use|too many open files|read-only file system|network is unreachable)\b"
    r"|(?-i:[a-z](?:Error|Exception|Fault|Failure|Failed|Fail)\b|\bERR!|\bFAIL)|\b(?-i:[A-Z]{1,4}\d{3,5})\b:?\s"
    r"|\b(?:exit(?:ed)?|exit status|exit code|returned|signal)\b[^\n]{0,20}?[ =:(]-?[1-9]\d{0,2}\b"
    r"|[\u2717\u2718\u2716\u274c\u2715]|^\s*\u00d7 |^E  |^E:",
    re.IGNORECASE,
)

# What stands, in any case, in every line that `_ERROR` finds: a look for these costs a tenth of the pattern.
_ERROR_HINTS = _any_of(
    *("error", "fail", "fatal", "fault", "panic", "exception", "traceback", "severe", "segfault", "core dumped"),
    *("abort", "crash", "killed", "out of memory", "unhandled", "uncaught", "timed out", "assert", "conflict"),
    *("violat", "caused by", "cannot", "can't", "could", "unable to", "undefined", "no such", "not found"),
    *("must not", "not allowed", "not permitted", "no space", "expected", "mismatch", "exit", "returned", "signal"),
    *("denied", "connection re", "broken pipe", "invalid arg", "already in use", "too many open", "read-only file"),
    *("network is",),
)
# A capital or a cross first, for the look to pass over all else.
_ERROR_SIGN = re.compile(r"[A-Z\u00d7\u2717\u2718\u2716\u274c\u2715](?:(?<![A-Z])|\d{3}|(?<=E)RR!|(?<=^E)[ :])")

_DOUBT = re.compile(
    r"\b(?:critical|deny|emerg(?:ency)?|alert|abort|denied|refused|rejected|crash|oom|unresolved|undefined|unreachable"
    r"|unsatisfied|corrupt(?:ed)?|deadlock|time[d]?-?out|broken|lost|did not|does ?n[o']t|not supported|missing|invalid"
    r"|illegal|unknown|failing|stopped|terminated|dropped|exceed(?:s|ed)?|unavailable|disconnect(?:ed)?|reset)\b",
    re.IGNORECASE,
)

_DOUBT_HINTS = _any_of(
    *("critical", "deny", "emerg", "alert", "abort", "denied", "refused", "rejected", "crash", "oom", "unresolved"),
    *("undefined", "unreachable", "unsatisf", "corrupt", "deadlock", "time", "broken", "lost", "did not", "does"),
    *("not supported", "missing", "invalid", "illegal", "unknown", "failing", "stopped", "terminated"),
    *("dropped", "exceed", "unavailable", "disconnect", "reset"),
)

_WARNING = re.compile(
    r"\b(?:warn(?:ing|ings)?|deprecat\w+|vulnerabilit\w+|skipp?ed|retry\w*|caution)\b|^W:|\u26a0", re.IGNORECASE
)

_DIAGNOSTIC = re.compile(r"(?<![\w./\\+@-])[\w./\\+@-]+\.\w{1,8}(?::\d+|\(\d+|:\[\d+|\", line \d+)")

_FAILED = re.compile(
    r"exited with (?:code |status )?-?[1-9]|exit(?: code| status)?:? -?[1-9]\d*\b|\bBUILD FAIL"
    r"|\*\*\* \[|npm ERR! code|^FAIL(?:ED)?\b"
    r"|\bjob failed\b|Build step .* failed|\bfailed with exit",
    re.IGNORECASE,
)

_FAILED_HINTS = _any_of("exit", "fail", "*** [", "err!")
_WARNING_HINTS = _any_of("warn", "deprecat", "vulnerabilit", "skip", "retry", "caution", "w:", "\u26a0")

_EXIT = re.compile(
    r"\b(?:exit(?:ed)?(?: with)?(?: code| status)?|returncode|return code|exit_code|status code)\b\W{0,3}-?\d+"
    r"|^(?:BUILD|Build|Tests?|Test Suites|Ran|Finished|Result|Total|Summary|real|user|sys)\b",
    re.IGNORECASE,
)


def is_error(line: str) -> bool:
    """-> whether the line says that something went wrong. Paths do not count: `src/errors/missing.go` is a name."""
    if not (_holds(line, _ERROR_HINTS) or _ERROR_SIGN.search(line)) or _ERROR.search(line) is None:
        return False
    if "/" in line:
        line = " ".join(word for word in line.split() if "/" not in word or word.endswith(":"))
    return _ERROR.search(_HARMLESS.sub("", line)) is not None


def _holds(line: str, hints: re.Pattern[str]) -> bool:
    return hints.search(line.lower()) is not None


def is_doubtful(line: str) -> bool:
    """-> whether the line has a word that may speak of trouble ("refused", "missing", "dropped")."""
    return _holds(line, _DOUBT_HINTS) and _DOUBT.search(line) is not None


def is_failed_status(line: str) -> bool:
    """-> whether the line says that a command, a build or a job ended badly."""
    return _holds(line, _FAILED_HINTS) and _FAILED.search(line) is not None


def is_warning(line: str) -> bool:
    """-> whether the line warns."""
    return _holds(line, _WARNING_HINTS) and _WARNING.search(line) is not None


def is_diagnostic(line: str) -> bool:
    """-> whether the line points to a line of a file (`src/a.c:12`, `a.ts(3,4)`, `File "a.py", line 7`)."""
    return _DIAGNOSTIC.search(line) is not None


def is_exit(line: str) -> bool:
    """-> whether the line says how something ended."""
    return _EXIT.search(line) is not None
