"""What headroom can't or won't do, for the user: what, why and the mend in, one line out. The command exits with 2."""

from __future__ import annotations


def reason(problem: Exception) -> str:
    """-> why something failed, in words: of the system's errors without their number and the path."""
    return problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)


class Refused(Exception):
    """Something is wrong before anything was started. `str()` is one line: what; why; the mend."""

    def __init__(self, what: str, why: str, mend: str) -> None:
        super().__init__(what, why, mend)
        self.what, self.why, self.mend = what, why, mend

    def __str__(self) -> str:
        said = f"{self.what}: {self.why}" if self.why else self.what
        return " ".join((f"{said}; {self.mend}" if self.mend else said).split())
