"""Hostile texts through every compressor and the whole route: nothing may raise, nothing may crawl.

A text is a few fragments that formats are made of, repeated until it has the size; hypothesis looks for those that take
longest. Each is tried at growing sizes. Printed are the worst; exit status 1 says that one raised or crawled.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings, target
from hypothesis import strategies as st

from headroom_wrap import reread
from headroom_wrap.compressors import STACK
from headroom_wrap.marker import WAY_BACK, ref_of
from headroom_wrap.route import Policy, route
from headroom_wrap.segment import Segment
from scripts.benches.measure import report

SIZES = (4_000, 32_000, 256_000)
FLOOR = 0.5
"""MB/s that no text may be under, from `SIZES[1]` on: below that fixed costs weigh more than the text."""

GROWTH = 1.6
"""The power of the size that time may grow with: 1 is linear, 2 quadratic; doubling at most triples the time (1.58)."""

STOP = 8.0

TRIES = 3
"""Times that a bad finding is measured before it is believed."""

FRAGMENTS = (
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        '"',
        "'",
        "\\",
        "`",
        ",",
        ":",
        ";",
        "=",
        "<",
        ">",
        "|",
        "#",
        "*",
        "%",
        "&",
        "$",
        "~",
    ),
    *(
        "\n",
        "\r\n",
        "\r",
        "\t",
        " ",
        "        ",
        "\n\n",
        "\x00",
        "\x1b[31m",
        "\x1b[0m",
        "\ufeff",
        "é",
        "文",
        "😀",
        "\u2028",
    ),
    *(
        "a",
        "B",
        "0",
        "7",
        "12345678901234567890",
        "0x1f",
        "deadbeef",
        "id",
        "x_y",
        "camelCase",
        "a.b.c",
        "/usr/lib/a.py",
    ),
    *(
        '{"a":1}',
        '{"a":[',
        '"k":',
        '[{"id":1,"b":null}]',
        "null",
        "-1.5e300",
        '"\\u00e9"',
        "```\n",
        "<div>",
        "</div>",
        "<!--",
    ),
    *(
        "def f():\n    return 1\n",
        "class A {\n",
        "function f(a) {\n",
        "}\n",
        "if (x) ",
        '"""',
        "/*",
        "//",
        "=> ",
        "f(",
        "\n    ",
    ),
    *("diff --git a/x b/x\n", "--- a/x\n+++ b/x\n", "@@ -1,3 +1,3 @@\n", "@@ -1 +1 @@ f\n", "+a\n", "-a\n", " a\n"),
    *(
        "src/a.py:12:",
        "src/a.py-12-",
        "a.c:1:2: error: no\n",
        "--\n",
        "-rw-r--r-- 1 a a 12 Jan  1 00:00 x\n",
        "├── ",
        "total 4\n",
    ),
    *(
        "2026-01-02T03:04:05Z ",
        "INFO ",
        "ERROR ",
        "##[group]\n",
        "travis_fold:start\n",
        "exited with 1\n",
        "Traceback\n",
    ),
    *(
        '  File "a.py", line 3, in f\n',
        "\tat a.B.c(D.java:1)\n",
        "test_a PASSED\n",
        "... ok\n",
        " 45%|███ |\n",
        "Collecting a\n",
    ),
    *(
        "commit 0123456789abcdef\n",
        "012345678 (A 2026-01-02 03:04:05 +0100 ",
        "12) x\n",
        "1\t",
        "1→",
        "    12\tx\n",
        "L1: ",
        "| a | b |\n",
        "a,b,c\n",
        "http://a.b/c?d=e ",
        "$ ",
        "No such ",
    ),
    *("\nError: a", "Exit Code: 1\n", "</output>", "<system-reminder>", "\n[more lines]", "\n(offset 3 to continue)"),
    *("[a · b", " · ", " 0123456789a", "[lines 1-9 folded: a]\n", "…[characters 1-9 of line 1 folded]…"),
)

CALLS = (
    *(
        ("Read", "file_path=/a/x.py"),
        ("Read", "file_path=/a/x.ts"),
        ("Read", "file_path=/a/x.c"),
        ("Read", "file_path=a.md"),
    ),
    *(
        ("Bash", "cat x.go"),
        ("Bash", "cat x.json"),
        ("Bash", "git diff"),
        ("Bash", "git log"),
        ("Bash", "git blame a.py"),
        ("Bash", "grep -rn a src"),
    ),
    *(
        ("Bash", "ls -laR"),
        ("Bash", "make test"),
        ("Bash", "gh run view --log"),
        ("Bash", "kubectl get po"),
        ("Fetch", "url"),
    ),
)


STACKS = {"the whole route": STACK, **{compressor.__name__: (compressor,) for compressor in STACK}}


@dataclass(slots=True)
class Tried:
    """A text of fragments, the call that it answers, who is asked, and the CPU seconds of each size tried."""

    start: str
    unit: str
    call: tuple[str, str]
    stack: str
    back: str
    seconds: dict[int, float] = field(default_factory=dict)
    problem: str = ""

    def text(self, size: int) -> str:
        return self.start + self.unit * max(1, (size - len(self.start)) // len(self.unit))

    def run(self) -> None:
        """Try growing sizes until one takes too long or goes wrong; what looks bad is tried again, for the best of
        `TRIES`: another program on the machine can make a text slow, but none fast."""
        for size in SIZES:
            self._try(size)
            if self.problem or self.seconds[size] > STOP / 4:
                break
        for _ in range(TRIES - 1):
            if self.problem or not self.bad:
                return
            for size in tuple(self.seconds):
                self._try(size)

    def _try(self, size: int) -> None:
        text, (tool, call) = self.text(size), self.call
        path = call.removeprefix("file_path=") if tool == "Read" else ""
        segment = Segment(text, tool, call, path, "Say what is wrong.", way_back=self.back, ref=ref_of(text))
        start = time.process_time()
        outcome, _ = route(segment, reread.Seen(), Policy(stop_after=STOP, stack=STACKS[self.stack]))
        self.seconds[size] = min(time.process_time() - start, self.seconds.get(size, math.inf))
        self.problem = outcome.why if " in " in outcome.why else ""

    @property
    def speed(self) -> float:
        """-> MB/s of UTF-8 at the slowest size from `SIZES[1]` on."""
        sizes = [size for size in self.seconds if size >= SIZES[1]]
        return min((_megabytes(self.text(size)) / max(1e-6, self.seconds[size]) for size in sizes), default=99.0)

    @property
    def growth(self) -> float:
        """-> the power of the size that time grows with between the two largest sizes; 1: too short to say."""
        if len(self.seconds) < len(SIZES) or self.seconds[SIZES[-1]] < 0.1:
            return 1.0
        before, last = (max(1e-3, self.seconds[size]) for size in SIZES[-2:])
        return math.log(last / before) / math.log(SIZES[-1] / SIZES[-2])

    @property
    def bad(self) -> bool:
        return bool(self.problem) or self.speed < FLOOR or self.growth > GROWTH

    def row(self) -> tuple[str, ...]:
        said = f"{self.start[:40]!r} + {self.unit[:60]!r} * n".replace("|", "\\|").replace("`", "'")
        told = (f"{self.speed:.2f}", f"{self.growth:.2f}", self.problem or "-")
        return (self.stack, self.call[1], said, *told)


def _megabytes(text: str) -> float:
    return len(text.encode("utf-8", "replace")) / 1e6


def texts() -> st.SearchStrategy[tuple[str, str]]:
    """-> what a text begins with, and what it repeats: fragments, and characters of any kind."""
    known = st.sampled_from(FRAGMENTS)
    pieces = st.lists(st.one_of(known, known, known, st.text(max_size=3)), max_size=5).map("".join)
    return st.tuples(pieces, pieces.filter(bool))


def search(seconds: float, number: int) -> list[Tried]:
    """-> what was tried within so many seconds of the clock."""
    tried: list[Tried] = []
    until = time.monotonic() + seconds

    @seed(number)
    @settings(
        max_examples=1_000_000,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(texts(), st.sampled_from(CALLS), st.sampled_from(sorted(STACKS)), st.sampled_from((WAY_BACK, "")))
    def one(text: tuple[str, str], call: tuple[str, str], stack: str, back: str) -> None:
        if time.monotonic() > until:
            raise TimeoutError
        found = Tried(*text, call, stack, back)
        found.run()
        tried.append(found)
        target(-found.speed, label=f"slow in {stack}")

    with contextlib.suppress(TimeoutError):
        one()
    return tried


def parts(tried: Sequence[Tried]) -> Iterator[str]:
    """-> how many were tried, the slowest of each, and all that went wrong."""
    wrong = [each for each in tried if each.bad]
    yield (
        f"{len(tried)} texts, each at {', '.join(f'{size:,}' for size in SIZES)} characters: {len(wrong)} raised, were "
        f"under {FLOOR} MB/s or grew faster than size^{GROWTH}."
    )
    head = ("asked", "call", "text", "MB/s", "growth", "problem")
    slowest = [
        min((each for each in tried if each.stack == name), key=lambda each: each.speed, default=None)
        for name in STACKS
    ]
    yield report.table(head, [each.row() for each in slowest if each is not None])
    if wrong:
        yield "Wrong:\n\n" + report.table(
            head, [each.row() for each in sorted(wrong, key=lambda each: each.speed)[:20]]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    given_ = parser.parse_args()
    for call in CALLS:  # weights, ranks and grammars are read once
        Tried("", "def warm():\n    return 1\n", call, "the whole route", WAY_BACK).run()
    tried = search(given_.seconds, given_.seed)
    print("\n\n".join(parts(tried)))
    sys.exit(any(each.bad for each in tried))


if __name__ == "__main__":
    main()
