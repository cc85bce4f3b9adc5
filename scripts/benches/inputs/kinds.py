"""Made-up texts of each kind of content: CI logs with the failure marked, JSON, search hits, listings, code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from scripts.benches.inputs import text

EACH = 6


@dataclass(frozen=True, slots=True)
class Sample:
    """A text of a kind, the call that printed it, and the lines of it that somebody marked as what matters."""

    kind: str
    text: str
    call: str = ""
    tool: str = "Bash"
    path: str = ""
    marked: tuple[str, ...] = ()


def samples() -> Iterator[Sample]:
    for seed in range(EACH):
        chance = Random(seed)
        paths = text.files(chance, 120)
        source, _ = text.source(chance, 40)
        yield _ci_log(chance)
        yield Sample("JSON", text.records(chance, 80)[0], "gh issue list --json number,title,state,labels")
        yield Sample("search", text.hits(chance, paths, text.name(chance)), "grep -rn parse src")
        yield Sample("listing", text.listing(chance, paths), "ls -l src/*/")
        yield Sample("code", source, paths[0], "Read", paths[0])
        yield Sample("diff", text.difference(chance, paths[:8]), "git diff")
        yield Sample("server log", text.server_log(chance, 900, [f"{text.name(chance)} is gone"]), "cat server.log")


def _ci_log(chance: Random) -> Sample:
    """-> a build: packages fetched, files compiled, tests run, one compile error that ends it."""
    lines = [
        f"Get:{place} https://packages.example/{text.name(chance)} [{chance.randrange(900)} kB]" for place in range(300)
    ]
    lines += [f"[{place:4}/900] Building CXX object src/{text.name(chance)}.cpp.o" for place in range(1, 700)]
    wrong = text.name(chance)
    marked = (
        f"src/{wrong}.cpp:{chance.randrange(10, 900)}:{chance.randrange(2, 60)}: error: '{wrong}' was not declared",
        "ninja: build stopped: subcommand failed.",
    )
    lines += marked
    lines += [f"Saving cache entry {chance.randrange(16**8):08x}" for _ in range(60)]
    lines.append('The command "ninja" exited with 1.')
    return Sample("CI log", "\n".join(lines), "gh run view --log", marked=marked)
