"""Sixteen processes that send, read, sweep and purge one home while they are killed; what was sent must resolve.

A writer prints what it sent after `rewrite` has returned, never before, and is then fair game. The conversations are
shared: several processes send the same ones, each with settings of its own, so that only kept decisions make them
agree. Some are 40 days old when the run begins and are resumed while retention runs. With `--corrupt` the database is
overwritten again and again; then all writers have the same settings, for what was decided before is lost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import selectors
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from headroom_wrap.ledger import Ledger, sweep
from headroom_wrap.marker import ref_of
from headroom_wrap.rewrite import rewrite
from headroom_wrap.route import Policy
from headroom_wrap.segment import Exchange, Usage
from headroom_wrap.settings import environment
from headroom_wrap.store import Unavailable, UnknownRef
from headroom_wrap.store.database import NAME
from headroom_wrap.store.local import LocalStore
from headroom_wrap.store.retention import DAY, refs_in
from headroom_wrap.wire import anthropic

WRITERS = 13
SHARED, OLD, TURNS = 40, 20, 5
AGED = 40 * DAY
ROOT = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=5000)
def result(talk: str, turn: int) -> str:
    """-> what a search found in this turn. The first turn of every talk of a group is the same."""
    chance = random.Random(talk[:6] if turn == 0 else f"{talk} {turn}")
    return "\n".join(
        f"src/part_{n // 20}/file.py:{n}:    value_{chance.randrange(10**6)} = parse(item, {n})" for n in range(220)
    )


def body(talk: str, turns: int) -> bytes:
    messages: list[dict[str, object]] = [{"role": "user", "content": f"Tidy up {talk}."}]
    for turn in range(turns):
        call = {"type": "tool_use", "id": f"t{turn}", "name": "Bash", "input": {"command": f"grep -rn v{turn} src"}}
        answer = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": result(talk, turn)}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [answer]}]
    return json.dumps({"model": "m", "tools": [{"name": "Bash"}], "messages": messages}).encode()


def talks(chance: random.Random, name: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        kind = chance.random()
        if kind < 0.4:
            yield f"shared {chance.randrange(SHARED)}"
        elif kind < 0.6:
            yield f"old {chance.randrange(OLD)}"
        else:
            yield f"own of {name} {number}"


def write(home: Path, name: str, floor: int) -> None:
    """Send conversations for ever; say what was sent once it could be sent."""
    chance, store, ledger = random.Random(name), LocalStore(home), Ledger(home)
    for talk in talks(chance, name):
        made = rewrite(body(talk, chance.randint(1, TURNS)), anthropic, store, Policy(floor=floor))
        said = [
            [turn, *_sent(outcome.text), outcome.ref, sorted(refs_in(outcome)) if outcome.text else [], outcome.why]
            for turn, outcome in enumerate(made.outcomes)
        ]
        sys.stdout.write(json.dumps([talk, made.problem, said]) + "\n")
        sys.stdout.flush()
        with suppress(Unavailable):  # as the proxy: tried again with the next row, and never in the way
            now = time.time()
            ledger.record(Exchange(name, "chaos", "anthropic", "m", now, now, 200, Usage(1, 1, 0, 0), made.outcomes))


def _sent(text: str | None) -> list[str]:
    return ["" if text is None else hashlib.sha256(text.encode()).hexdigest()]


def retain(home: Path, name: str) -> None:
    """Let retention run all the time."""
    while True:
        try:
            sys.stdout.write(json.dumps(["swept", sweep(home, 30, 1).originals]) + "\n")
        except Unavailable as error:
            sys.stdout.write(json.dumps(["unavailable", str(error)]) + "\n")
        sys.stdout.flush()


def purge(home: Path, name: str) -> None:
    """Send conversations of its own and purge them, tombstones, rows and all."""
    store, number = LocalStore(home), 0
    while True:
        number += 1
        made = rewrite(body(f"doomed {name} {number}", 2), anthropic, store)
        own = [outcome.ref for outcome in made.outcomes[1:] if outcome.ref]
        with suppress(Unavailable):
            sys.stdout.write(json.dumps(["purged", store.purge(refs=own).originals]) + "\n")
        sys.stdout.flush()
        time.sleep(0.05)


@dataclass(slots=True)
class Seen:
    """What was said to be sent, and what turned out wrong."""

    sent: dict[tuple[str, int], str] = field(default_factory=dict)
    refs: dict[str, tuple[str, int]] = field(default_factory=dict)
    payloads: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def line(self, text: str) -> None:
        said = json.loads(text)
        if len(said) == 2:
            self.counts[said[0]] += said[1] if isinstance(said[1], int) else 1
            return
        talk, problem, outcomes = said
        self.counts["requests"] += 1
        if problem:
            self.wrong.append(f"{talk}: {problem}")
        for turn, digest, ref, payloads, why in outcomes:
            if why.startswith("store unavailable"):
                self.counts["given up"] += 1
                continue
            self.counts["changed"] += bool(digest)
            if self.sent.setdefault((talk, turn), digest) != digest:
                self.wrong.append(f"{talk}, turn {turn}: sent in two ways")
            if digest:
                self.refs[ref] = (talk, turn)
                self.payloads.update(payloads)


class Child:
    """A forked process that runs one of the functions above, and the pipe with what it says."""

    def __init__(self, work: Callable[..., None], home: Path, name: str, *more: int) -> None:
        reading, writing = os.pipe()
        self.start = (work, home, name, *more)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            sys.stdout = os.fdopen(writing, "w")
            try:
                work(home, name, *more)
            finally:
                os._exit(1)
        os.close(writing)
        self.pipe = reading
        self.half = b""

    def lines(self) -> Iterator[str]:
        *whole, self.half = (self.half + os.read(self.pipe, 1 << 20)).split(b"\n")
        yield from (line.decode() for line in whole)

    def kill(self, seen: Seen) -> None:
        """Kill -9, and take what it had said until then; a last line that is not whole was never said."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        while (more := os.read(self.pipe, 1 << 20)) != b"":
            self.half += more
        os.close(self.pipe)
        for line in self.half.split(b"\n")[:-1]:
            seen.line(line.decode())


def aged(home: Path) -> None:
    """Conversations that nobody has touched for 40 days."""
    store = LocalStore(home)
    for number in range(OLD):
        rewrite(body(f"old {number}", TURNS), anthropic, store)
    for kept in store.objects.files():
        os.utime(kept.path, (kept.used - AGED, kept.used - AGED))
    store.close()
    with closing(sqlite3.connect(home / NAME)) as raw, raw:
        raw.execute("UPDATE decisions SET used = used - ?", (AGED,))


def chaos(home: Path, seconds: float, seed: int, corrupt: bool) -> Seen:
    """Run all for so long -> what was seen, checked once everybody is dead."""
    chance, seen = random.Random(seed), Seen()
    due = dict.fromkeys(("kill", "overwrite"), 1.0)
    aged(home)
    reader = Reader(home, "")
    children = [Child(write, home, f"w{n}.0", 200 if corrupt else (200, 10**6)[n % 5 == 0]) for n in range(WRITERS)]
    children += [Child(retain, home, "retention"), Child(purge, home, "purge")]
    started = time.monotonic()
    with selectors.DefaultSelector() as ready:
        for child in children:
            ready.register(child.pipe, selectors.EVENT_READ, child)
        while time.monotonic() - started < seconds:
            for key, _ in ready.select(chance.uniform(0.0, 0.1)):
                for line in key.data.lines():
                    seen.line(line)
            gone = time.monotonic() - started
            if gone > due["kill"]:
                due["kill"] = gone + chance.uniform(0.0, 0.4)
                _restart(chance.randrange(len(children)), children, ready, seen)
            if seen.refs and reader.ended(seen):
                reader = Reader(home, chance.choice(sorted(seen.refs)))
            if corrupt and due["overwrite"] < gone < seconds * 0.8:
                due["overwrite"] = gone + chance.uniform(0.0, seconds / 5)
                _overwrite(home, seen)
    for child in children:
        child.kill(seen)
    while not reader.ended(seen):
        time.sleep(0.01)
    _check(home, seen)
    return seen


def _restart(index: int, children: list[Child], ready: selectors.BaseSelector, seen: Seen) -> None:
    old = children[index]
    ready.unregister(old.pipe)
    old.kill(seen)
    work, home, name, *more = old.start
    name, _, number = name.partition(".")
    children[index] = Child(work, home, f"{name}.{int(number or 0) + 1}", *more)
    ready.register(children[index].pipe, selectors.EVENT_READ, children[index])
    seen.counts["killed"] += 1


class Reader:
    """The sixteenth: what a model does while all this goes on. Without a reference: nothing yet."""

    def __init__(self, home: Path, ref: str) -> None:
        command = [sys.executable, "-m", "headroom_wrap", *(("get", ref, "--lines", "1-9") if ref else ("--help",))]
        variables = {**environment(), "HEADROOM_HOME": str(home)}
        pipe = subprocess.PIPE
        self.ref, self.child = (
            ref,
            subprocess.Popen(command, cwd=ROOT, env=variables, stdout=pipe, stderr=subprocess.STDOUT, text=True),
        )

    def ended(self, seen: Seen) -> bool:
        """-> whether it has printed its lines, which are compared once."""
        if self.child.poll() is None or self.child.stdout is None:
            return self.child.stdout is None
        said = self.child.communicate()[0]
        self.child.stdout = None
        if self.ref:
            seen.counts["got"] += 1
            if "\n".join(result(*seen.refs[self.ref]).split("\n")[:9]) not in said:
                seen.wrong.append(f"headroom get {self.ref}: {said[:200]}")
        return True


def _overwrite(home: Path, seen: Seen) -> None:
    with suppress(FileNotFoundError), (home / NAME).open("r+b") as file:
        file.write(b"this is no database" * 400)
        seen.counts["corrupted"] += 1


def _check(home: Path, seen: Seen) -> None:
    store = LocalStore(home)
    for ref, (talk, turn) in seen.refs.items():
        seen.payloads.discard(ref)
        try:
            if store.restore(ref) != result(talk, turn):
                seen.wrong.append(f"{ref} of {talk}, turn {turn}: another text")
        except UnknownRef as error:
            seen.wrong.append(f"{talk}, turn {turn}: {error}")
    for ref in seen.payloads:
        try:
            if not ref_of(store.restore(ref)).startswith(ref[:-1]):
                seen.wrong.append(f"{ref}: another text")
        except UnknownRef as error:
            seen.wrong.append(f"payload {error}")
    store.decided([b"opens it"])
    for (talk, turn), digest in seen.sent.items() if seen.counts["corrupted"] == 0 else ():
        made = rewrite(body(talk, turn + 1), anthropic, store)
        if _sent(made.outcomes[turn].text) != [digest]:
            seen.wrong.append(f"{talk}, turn {turn}: another form after a restart")
    store.close()
    with closing(sqlite3.connect(home / NAME)) as raw:
        if raw.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            seen.wrong.append("PRAGMA integrity_check is not ok")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("seconds", type=float, nargs="?", default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corrupt", action="store_true", help="overwrite the database while they run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="headroom-chaos-") as folder:
        seen = chaos(Path(folder), given.seconds, given.seed, given.corrupt)
        kept = sorted(path.name for path in Path(folder).glob(f"{NAME}.corrupt-*"))
    counts = {**seen.counts, "references": len(seen.refs), "set aside": sum("-" not in n[20:] for n in kept)}
    print(json.dumps({"counts": counts, "wrong": seen.wrong[:20], "wrong in all": len(seen.wrong)}, indent=1))
    sys.exit(1 if seen.wrong else 0)


if __name__ == "__main__":
    main()
