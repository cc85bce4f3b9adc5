"""The whole bill of agent sessions under the provider's prompt cache, and the used evidence that is kept.

Every request of a session is rebuilt as the agent would have sent it and given to the candidate. What it would forward
is priced: the part that is byte for byte the start of the request forwarded before is a cache read (0.1), the rest a
cache write (1.25); output costs 5 (Anthropic's 5-minute prices). A fixed 18,000 tokens stand for system prompt and
tools. Evidence: what the agent used in its next five actions must stand somewhere in the first forwarded request that
holds the observation.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from headroom_wrap.segment import Outcome
from headroom_wrap.tokens import count
from scripts.benches.inputs import sessions as made_up
from scripts.benches.measure import candidates, report
from scripts.benches.measure.candidates import Candidate, Messages
from scripts.benches.measure.observed import Session, sessions
from scripts.benches.measure.proxied import Proxied
from scripts.benches.measure.replay import conversation
from scripts.benches.measure.unseen import Unseen, judge

FIXED = 18_000
READ, WRITE, OUTPUT = 0.1, 1.25, 5
DELETED = (0.1, 0.4)

_COUNTED: dict[bytes, int] = {}


@dataclass(slots=True)
class Total:
    """Sums over requests, for what came and for what was forwarded."""

    sums: Counter[str] = field(default_factory=Counter)
    ms: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    outcomes: list[Outcome] = field(default_factory=list)


def tokens_of(value: object) -> int:
    text = json.dumps(value, ensure_ascii=False)
    key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
    if key not in _COUNTED:
        _COUNTED[key] = count(text)
    return _COUNTED[key]


def blocks(messages: Messages) -> Iterator[tuple[str, dict[str, Any]]]:
    """-> role and block, without its cache marker: moving the marker does not change what the provider caches."""
    for message in messages:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            yield message["role"], {key: value for key, value in block.items() if key != "cache_control"}


def texts(messages: Messages) -> str:
    """-> all that the model can read in the messages."""
    return "\n".join(_read(block) for _, block in blocks(messages))


def _read(block: dict[str, Any]) -> str:
    if block.get("type") == "tool_result":
        return candidates.flat(block.get("content") or "")
    return block.get("text") or json.dumps(block.get("input") or "", ensure_ascii=False)


def marked(messages: Messages) -> Messages:
    """-> as Claude Code sends it: a cache marker on the last block of the last message."""
    *rest, last = messages
    *before, block = last["content"]
    return [*rest, {**last, "content": [*before, {**block, "cache_control": {"type": "ephemeral"}}]}]


def priced(requests: Sequence[Messages], output: int, prefix: str) -> dict[str, float]:
    """-> what a session's forwarded requests read from and write to the cache, cost, and how often they break it."""
    before: list[tuple[int, str]] = []
    read = written = breaks = 0
    for place, messages in enumerate(requests):
        now = [(tokens_of(each), json.dumps(each, ensure_ascii=False, sort_keys=True)) for each in blocks(messages)]
        same = 0
        while same < min(len(before), len(now)) and before[same][1] == now[same][1]:
            same += 1
        breaks += same < len(before)
        read += sum(size for size, _ in now[:same]) + (FIXED if place else 0)
        written += sum(size for size, _ in now[same:]) + (0 if place else FIXED)
        before = now
    bill = READ * read + WRITE * written + OUTPUT * output
    figures = {"written": written, "input": READ * read + WRITE * written, "bill": bill, "breaks": breaks}
    return {prefix + name: value for name, value in figures.items()}


def replay(candidate: Candidate, session: Session, cap: int, total: Total) -> None:
    """Send a session's requests through a candidate, and add up what that costs and keeps."""
    messages, place = conversation(session.messages)
    cuts = [at for at, message in enumerate(messages) if message["role"] == "assistant" and at][:cap]
    came = [messages[:at] for at in cuts]
    output = sum(tokens_of((messages[at]["role"], block)) for at in cuts for block in messages[at]["content"])
    forwarded = []
    for request, at, before in zip(came, cuts, [[], *came], strict=False):
        if isinstance(candidate, Proxied):
            read = _size(before) + FIXED if before else 0
            written = _size(request) - _size(before) + (0 if before else FIXED)
            candidate.answers(messages[at]["content"], read, written)
        made = candidate(candidates.body_of(marked(request)))
        forwarded.append(made.messages)
        total.ms.append(made.ms)
        total.errors.update([made.error] if made.error else [])
        total.outcomes += [outcome for outcome in made.outcomes if not outcome.replayed]
    for turn, used in session.used.items():
        first = next((at for at, cut in enumerate(cuts) if cut > place.get(turn, len(messages))), None)
        if first is not None:
            was, now = texts(came[first]), texts(forwarded[first])
            there = [text for text in used if text in was]
            total.sums.update(used=len(there), kept=sum(text in now for text in there))
    total.sums.update(priced(came, output, "came "))
    total.sums.update(priced(forwarded, output, ""))
    total.sums.update(requests=len(cuts), sessions=1)


def _size(messages: Messages) -> int:
    return sum(map(tokens_of, blocks(messages)))


def line(name: str, total: Total) -> tuple[object, ...]:
    sums, ms = total.sums, sorted(total.ms)
    return (
        name,
        report.saved(sums["came written"], sums["written"]),
        report.saved(sums["came input"], sums["input"]),
        report.saved(sums["came bill"], sums["bill"]),
        report.share(sums["kept"], sums["used"]),
        sums["breaks"] - sums["came breaks"],
        f"{ms[len(ms) // 2]:.0f} / {ms[int(0.95 * len(ms))]:.0f}",
        sum(total.errors.values()),
    )


def by_compressor(outcomes: Sequence[Outcome]) -> str:
    """-> each compressor's part, over tool results as they were first seen."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.compressor or f"sent as it came: {outcome.why}"].append(outcome)
    total = sum(outcome.before for outcome in outcomes)
    gained = total - sum(outcome.after for outcome in outcomes)
    lines = []
    for name, group in sorted(groups.items(), key=lambda pair: sum(o.after - o.before for o in pair[1])):
        before, after = sum(o.before for o in group), sum(o.after for o in group)
        parts = report.share(before, total), report.saved(before, after), report.share(before - after, gained)
        lines.append((name, len(group), *parts))
    return report.table(("compressor", "results", "of all tokens", "saved of its own", "part of the saving"), lines)


def run(given: argparse.Namespace, found: Sequence[Session]) -> Iterator[tuple[str, Total, dict[str, Total]]]:
    named = candidates.all_of(given.headroom_py, given.llmtrim_py, () if given.ours else DELETED)
    proxy = [Proxied(given.headroom_py)] if given.headroom_py and Proxied.installed(given.headroom_py) else []
    for candidate in itertools.chain(named, proxy, [Unseen(given.folds)] if given.folds else []):
        total, sources = Total(), defaultdict[str, Total](Total)
        for session in found:
            part = Total()
            judge(candidate, session.source)
            replay(candidate, session, given.cap, part)
            for whole in (total, sources[session.source]):
                whole.sums.update(part.sums)
                whole.ms += part.ms
                whole.errors.update(part.errors)
                whole.outcomes += part.outcomes
        candidate.close()
        print(*line(candidate.name, total), *total.errors.most_common(2), sep=" | ", flush=True)
        yield candidate.name, total, sources


HEAD = ("", "written", "input cost", "whole bill", "evidence kept", "prefix breaks", "CPU ms p50 / p95", "failed")


def main() -> None:
    parser = report.options(__doc__.split("\n")[0])
    parser.add_argument("per", type=int, nargs="?", default=3, help="sessions of each source")
    parser.add_argument("cap", type=int, nargs="?", default=50, help="requests of a session at most")
    parser.add_argument("--ours", action="store_true", help="leave the control out")
    given = parser.parse_args()
    data = report.data_of(given)
    found = list(made_up.sessions() if data is None else sessions(data, given.per))
    results = list(run(given, found))
    _, ours, sources = results[0]
    says = (
        f"{ours.sums['sessions']} sessions, {ours.sums['requests']:,} requests, {ours.sums['used']:,} used strings. "
        "Saved of the tokens written to the cache, of the cost of all input, and of the whole bill with the output; "
        "“prefix breaks”: requests that do not begin with the one before (the client's own not counted). Peers run as "
        "libraries on every request, as programs that call them each turn do; headroom-ai also as its own proxy, with "
        "the time of both hops and without the model that it would download."
    )
    command = f"scripts/bench sessions {given.per} {given.cap}{report.told(given, data)}"
    every = report.table(HEAD, [line(name, total) for name, total, _ in results])
    each = report.table(("Headroom, by source", *HEAD[1:]), [line(name, total) for name, total in sources.items()])
    parts = [says, every, each, "What each compressor does to tool results when they first arrive:"]
    report.publish(
        "sessions",
        "The whole bill of a session",
        [*parts, by_compressor(ours.outcomes)],
        command,
        record=report.keeps(given, data),
    )


if __name__ == "__main__":
    main()
