"""What is left of the saving when every used string that was left out is asked for again.

A session is replayed request by request. Where the agent went on to use a string that the forwarded request no longer
shows, it asks for it there and then: one more request with `headroom get REF --grep STRING`, answered with the lines
around it, all of which stay in the conversation. Bills as in the bench `sessions`; beside the true difference of the
bills stands what the ledger makes of the same requests, misses counted. Agents of today have not been seen to ask for
more than they use; how many times as many misses would use up the saving is in the last column.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headroom_wrap.ledger import Ledger
from headroom_wrap.marker import PRINTED
from headroom_wrap.segment import Exchange, Outcome, Usage
from headroom_wrap.store.local import LocalStore
from scripts.benches.inputs import sessions as made_up
from scripts.benches.measure import candidates, report
from scripts.benches.measure.candidates import MODEL, Messages, Ours
from scripts.benches.measure.observed import Session, sessions
from scripts.benches.measure.replay import conversation
from scripts.benches.sessions import FIXED, blocks, marked, priced, texts, tokens_of

AROUND = 20
"""Lines printed on both sides of what was asked for."""


@dataclass(slots=True)
class Asking:
    """A session while it is replayed by an agent that asks for what it misses."""

    ours: Ours
    ledger: Ledger
    name: str
    talk: Messages = field(default_factory=list)
    forwarded: list[Messages] = field(default_factory=list)
    output: int = 0
    gets: int = 0

    def request(self, said: int) -> tuple[Outcome, ...]:
        """Forward the conversation as it stands, and record it with the counts a provider's cache would make."""
        made = self.ours(candidates.body_of(marked(self.talk)))
        self.forwarded.append(made.messages)
        usage, self.output = _usage(self.forwarded, said), self.output + said
        exchange = Exchange(
            self.name, "bench", "anthropic", MODEL, 1.0, 2.0, 200, usage, made.outcomes, len(made.messages)
        )
        self.ledger.record(exchange)
        return made.outcomes

    def asks(self, wanted: str, ref: str, original: str) -> None:
        """Add the call and what it prints; the next request carries them."""
        self.gets += 1
        use = {"command": f"headroom get {ref} --grep '{wanted}' -C {AROUND}"}
        name = f"get_{self.gets:04d}"
        call = {"type": "tool_use", "id": name, "name": "Bash", "input": use}
        printed = f"{PRINTED}{ref}]\n{around(original, wanted)}"
        result = {"type": "tool_result", "tool_use_id": name, "content": printed}
        self.talk += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]


def around(original: str, wanted: str) -> str:
    """-> the lines in which a string begins first, with some on both sides."""
    lines = original.split("\n")
    at = original[: max(original.find(wanted), 0)].count("\n")
    return "\n".join(lines[max(0, at - AROUND) : at + AROUND + 1])


def _usage(forwarded: Sequence[Messages], said: int) -> Usage:
    before, now = ([], *forwarded)[-2:]
    old, new = ([json.dumps(each, sort_keys=True) for each in blocks(messages)] for messages in (before, now))
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    sizes = [tokens_of(each) for each in blocks(now)]
    first = len(forwarded) == 1
    return Usage(0, said, sum(sizes[:same]) + (0 if first else FIXED), sum(sizes[same:]) + (FIXED if first else 0))


def replay(session: Session, cap: int, ours: Ours, ledger: Ledger, name: str) -> dict[str, float]:
    """-> the bills of a session as it came and as it is forwarded with every miss asked for, and the ledger's view."""
    messages, place = conversation(session.messages)
    cuts = [at for at, message in enumerate(messages) if message["role"] == "assistant" and at][:cap]
    wanted: dict[int, list[str]] = defaultdict(list)
    for turn, used in session.used.items():
        if (first := next((cut for cut in cuts if cut > place.get(turn, len(messages))), None)) is not None:
            wanted[first] += [text for text in used if text in texts(messages[:first])]
    asking, at, lost, said = Asking(ours, ledger, name), 0, 0, 0
    for cut in cuts:
        asking.talk += messages[at:cut]
        at = cut
        words = sum(tokens_of((messages[cut]["role"], block)) for block in messages[cut]["content"])
        outcomes = asking.request(words)
        said += words
        for text in dict.fromkeys(wanted[cut]):
            if text not in texts(asking.forwarded[-1]) and (found := _holding(text, outcomes, ours.store)):
                lost += 1
                asking.asks(text, *found)
                outcomes = asking.request(tokens_of(asking.talk[-2]["content"][0]))
    came = priced([messages[:cut] for cut in cuts], said, "came ")
    totals = ledger.totals(session=name)[0]
    costs = [row.cost or 0.0 for row in ledger.misses(session=name)]
    return {
        **came,
        **priced(asking.forwarded, asking.output, ""),
        "used": sum(map(len, wanted.values())),
        "lost": lost,
        "recorded": sum(row.gets for row in ledger.misses(session=name)),
        "requests": len(cuts),
        "sessions": 1,
        "paid": totals.bill or 0.0,
        "saved": totals.saved or 0.0,
        "cost": sum(costs),
    }


def _holding(text: str, outcomes: Sequence[Outcome], store: LocalStore) -> tuple[str, str] | None:
    """-> the latest original that a shortened result names and that has the text."""
    for outcome in reversed(outcomes):
        if outcome.text is not None and text in (original := store.restore(outcome.ref)):
            return outcome.ref, original
    return None


def run(found: Sequence[Session], cap: int) -> Iterator[tuple[str, dict[str, float]]]:
    ours = Ours()
    ledger = Ledger(Path(ours.home))
    for number, session in enumerate(found):
        yield session.source, replay(session, cap, ours, ledger, f"s{number}")
    ledger.close()
    ours.close()


HEAD = ("", "used strings", "asked for again", "saved", "misses", "net", "net, by the bills", "misses that use it up")


def line(name: str, sums: Counter[str]) -> tuple[object, ...]:
    whole = sums["paid"] + sums["saved"]
    return (
        name,
        f"{sums['used']:,.0f}",
        f"{sums['lost']:,.0f}",
        report.share(sums["saved"], whole),
        report.share(sums["cost"], whole),
        report.share(sums["saved"] - sums["cost"], whole - sums["cost"]),
        report.saved(sums["came bill"], sums["bill"]),
        f"{sums['saved'] / sums['cost']:.0f} ×" if sums["cost"] else "-",
    )


def main() -> None:
    parser: argparse.ArgumentParser = report.options(__doc__.split("\n")[0])
    parser.add_argument("per", type=int, nargs="?", default=3, help="sessions of each source")
    parser.add_argument("cap", type=int, nargs="?", default=50, help="requests of a session at most")
    given = parser.parse_args()
    data = report.data_of(given)
    found = list(made_up.sessions() if data is None else sessions(data, given.per))
    total, sources = Counter[str](), defaultdict[str, Counter[str]](Counter)
    for source, sums in run(found, given.cap):
        for each in (total, sources[source]):
            each.update(sums)  # type: ignore[arg-type]
    says = (
        f"{total['sessions']:.0f} sessions, {total['requests']:,.0f} requests. Each used string that a request "
        "no longer shows is asked for by one more request: its call, answer and prompt are paid. Of the whole bill "
        "without us, as the ledger counts it: saved, paid for misses, and net. “By the bills”: the same from the two "
        "bills, the agent's without us and ours with all misses in it. The ledger also counts what these agents read "
        "again of their own accord, so it sees more misses than were asked for."
    )
    command = f"scripts/bench misses {given.per} {given.cap}{'' if data is None else ' --data DIR'}"
    rows = [line("all", total), *(line(name, sums) for name, sums in sorted(sources.items()))]
    report.publish(
        "misses",
        "The saving with misses paid",
        [says, report.table(HEAD, rows)],
        command,
        record=report.keeps(given, data),
    )


if __name__ == "__main__":
    main()
