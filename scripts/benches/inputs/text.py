"""A seeded source of chance in; what tools print out: source files, test runs, search hits, logs, records, listings."""

from __future__ import annotations

import json
from random import Random

VERBS = ("load", "parse", "merge", "split", "check", "store", "fetch", "render", "count", "close", "trim", "rank")
NOUNS = ("order", "ledger", "parcel", "invoice", "basket", "route", "tariff", "depot", "courier", "label", "batch")
FOLDERS = ("billing", "delivery", "catalog", "accounts", "reports")
HOSTS = ("edge", "queue", "store", "mail", "search")


def name(chance: Random) -> str:
    return f"{chance.choice(VERBS)}_{chance.choice(NOUNS)}_{chance.randrange(10, 99)}"


def function(chance: Random, called: str) -> list[str]:
    """-> the lines of one Python function, with a body long enough to be worth folding."""
    given, total, limit = chance.choice(NOUNS), name(chance), chance.randrange(3, 900)
    lines = [
        f"def {called}({given}, limit={limit}):",
        f'    """Return what {given} comes to, {chance.choice(VERBS)}ed by {chance.choice(NOUNS)}."""',
        f"    {total} = []",
        f"    for position, each in enumerate({given}.lines):",
        f"        if each.weight > limit and position % {chance.randrange(2, 9)}:",
        f"            {total}.append({name(chance)}(each, position))",
    ]
    for _ in range(chance.randrange(2, 14)):
        lines.append(f"    {name(chance)} = {name(chance)}({total}, {chance.randrange(1000)})")
    return [*lines, f"    return {total}", "", ""]


def source(chance: Random, functions: int) -> tuple[str, list[str]]:
    """-> a Python module, and the names it defines."""
    names = [name(chance) for _ in range(functions)]
    lines = ["from __future__ import annotations", "", f"import {chance.choice(FOLDERS)}", "", ""]
    for each in names:
        lines += function(chance, each)
    return "\n".join(lines).rstrip() + "\n", names


def numbered(text: str) -> str:
    """-> a file as Claude Code's Read shows it."""
    return "\n".join(f"{number:6}\t{line}" for number, line in enumerate(text.splitlines(), 1))


def files(chance: Random, count: int) -> list[str]:
    return sorted({f"src/{chance.choice(FOLDERS)}/{name(chance)}.py" for _ in range(count)})


def hits(chance: Random, paths: list[str], word: str) -> str:
    """-> what `grep -rn WORD src` prints."""
    found = []
    for path in paths:
        numbers = sorted(chance.sample(range(1, 400), chance.randrange(1, 9)))
        found += [f"{path}:{number}:    {name(chance)} = {word}({name(chance)})" for number in numbers]
    return "\n".join(found)


def listing(chance: Random, paths: list[str]) -> str:
    """-> what `ls -lR`-like tools print for some paths."""
    rows = []
    for path in paths:
        when = f"Nov {chance.randrange(1, 29):2} {chance.randrange(24):02}:{chance.randrange(60):02}"
        rows.append(f"-rw-r--r-- 1 dev dev {chance.randrange(200, 90_000):6} {when} {path}")
    return f"total {len(rows) * 4}\n" + "\n".join(rows)


def test_run(chance: Random, cases: int, failing: str) -> str:
    """-> what pytest -v prints when one test fails."""
    names = [f"tests/test_{chance.choice(FOLDERS)}.py::test_{name(chance)}" for _ in range(cases)]
    lines = [f"collected {cases + 1} items", ""]
    for place, each in enumerate(names):
        lines.append(f"{each} PASSED{'':20}[{100 * place // cases:3}%]")
        if place == cases // 2:
            lines.append(f"tests/test_orders.py::test_{failing} FAILED")
    left, right = chance.randrange(100, 999), chance.randrange(100, 999)
    return "\n".join(
        [
            *lines,
            "",
            "=================================== FAILURES ===================================",
            f"________________________________ test_{failing} ________________________________",
            "",
            f"    def test_{failing}():",
            f">       assert {failing}(sample()) == {left}",
            f"E       assert {right} == {left}",
            "",
            f"tests/test_orders.py:{chance.randrange(10, 300)}: AssertionError",
            "=========================== short test summary info ============================",
            f"FAILED tests/test_orders.py::test_{failing} - assert {right} == {left}",
            f"========================= 1 failed, {cases} passed in 3.41s =========================",
        ]
    )


def server_log(chance: Random, lines: int, trouble: list[str]) -> str:
    """-> a service's log; each line of `trouble` stands in it once, at a random place."""
    out = []
    for second in range(lines):
        at = f"2026-03-04T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{chance.randrange(1000):03}Z"
        who = f"{chance.choice(HOSTS)}-{chance.randrange(4)}"
        out.append(
            chance.choice(
                (
                    f"{at} INFO {who} served GET /v1/{chance.choice(NOUNS)}/{chance.randrange(10**6)} in "
                    f"{chance.randrange(2, 90)} ms",
                    f"{at} DEBUG {who} cache hit {chance.randrange(16**8):08x}",
                    f"{at} INFO {who} worker took job {chance.randrange(10**7)} from {chance.choice(NOUNS)}s",
                )
            )
        )
    for each in trouble:
        at = chance.randrange(lines)
        out.insert(at, f"{out[at][:24]} ERROR {chance.choice(HOSTS)}-1 {each}")
    return "\n".join(out)


def records(chance: Random, rows: int) -> tuple[str, list[str]]:
    """-> issues as an API lists them, pretty-printed, and their titles."""
    titles = [f"{name(chance)} fails for {name(chance)}" for _ in range(rows)]
    issues = [
        {
            "number": 4000 + place,
            "title": title,
            "state": chance.choice(("open", "open", "closed")),
            "author": {"login": f"dev{chance.randrange(40)}", "site_admin": False},
            "labels": [chance.choice(("bug", "docs", "speed"))],
            "comments": chance.randrange(30),
            "created_at": f"2026-02-{chance.randrange(1, 28):02}T08:00:00Z",
        }
        for place, title in enumerate(titles)
    ]
    return json.dumps(issues, indent=2), titles


def difference(chance: Random, paths: list[str]) -> str:
    """-> what `git diff` prints for some changed files."""
    lines = []
    for path in paths:
        lines += [f"diff --git a/{path} b/{path}", "index 3f2a1c0..9b1d5e7 100644", f"--- a/{path}", f"+++ b/{path}"]
        for start in sorted(chance.sample(range(10, 500), 3)):
            lines.append(f"@@ -{start},7 +{start},7 @@ def {name(chance)}(batch):")
            lines += [f"     {name(chance)} = {name(chance)}()" for _ in range(3)]
            lines += [f"-    return {name(chance)}", f"+    return {name(chance)}"]
            lines += [f"     {name(chance)} = {name(chance)}()" for _ in range(3)]
    return "\n".join(lines)
