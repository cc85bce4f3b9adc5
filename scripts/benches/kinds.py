"""Each kind of content through the whole stack: what is saved with and without a way back, what survives, how fast.

Speed is CPU time of one core over bytes of text, for ours everything from the first count to the last. Doubling: the
time for a text twice as long, with other digits the second time, over the time for the text.
"""

from __future__ import annotations

import itertools
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from headroom_wrap import kompress, reread
from headroom_wrap.compressors.records import expand
from headroom_wrap.compressors.records_json import dumps, loads
from headroom_wrap.lines.notable import is_error
from headroom_wrap.marker import WAY_BACK, is_marker, ref_of
from headroom_wrap.route import DEFAULT, route
from headroom_wrap.segment import Outcome, Segment
from headroom_wrap.tokens import count
from scripts.benches.inputs import kinds as made_up
from scripts.benches.inputs.kinds import Sample
from scripts.benches.measure import candidates, kinds_real, report
from scripts.benches.measure.candidates import Candidate
from scripts.benches.measure.kinds_real import plain

DOUBLED = 5
"""Texts of a kind that are doubled."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A sample, what became of it with and without a way back, and the CPU seconds of the first."""

    sample: Sample
    sent: Outcome
    lossless: Outcome
    seconds: float

    @property
    def text(self) -> str:
        return self.sample.text if self.sent.text is None else self.sent.text


def segment(sample: Sample, text: str, back: str) -> Segment:
    goal = f"Look at {sample.path or sample.call}."
    return Segment(text, sample.tool, sample.call, sample.path, goal, way_back=back, ref=ref_of(text))


def timed(sample: Sample, text: str, back: str) -> tuple[Outcome, float]:
    start = time.process_time()
    outcome, _ = route(segment(sample, text, back), reread.Seen(), DEFAULT)
    return outcome, time.process_time() - start


def measured(sample: Sample) -> Measured:
    sent, seconds = timed(sample, sample.text, WAY_BACK)
    lossless = timed(sample, sample.text, "")[0] if sent.omitted else sent
    return Measured(sample, sent, lossless, seconds)


def doubled(text: str) -> str:
    """-> a text twice, with other digits the second time; two JSON values become one."""
    again = re.sub(r"\d", lambda digit: str(int(digit[0]) % 9 + 1), text)
    return f"[{text},{again}]" if text[:1] in ("[", "{") else f"{text}\n{again}"


def doubling(sample: Sample) -> float:
    """-> how much longer twice as much takes."""
    once = min(timed(sample, sample.text, WAY_BACK)[1] for _ in range(2))
    twice = min(timed(sample, doubled(sample.text), WAY_BACK)[1] for _ in range(2))
    return twice / max(once, 1e-4)


def speed(found: Sequence[Measured]) -> float:
    """-> MB/s over some texts."""
    size = sum(len(one.sample.text.encode("utf-8", "replace")) for one in found)
    return size / 1e6 / max(1e-6, sum(one.seconds for one in found))


@dataclass(frozen=True, slots=True)
class Sent:
    """What a peer would send of some texts of a kind, and the CPU seconds it took."""

    samples: Sequence[Sample]
    texts: Sequence[str]
    seconds: float

    def cells(self) -> tuple[str, str]:
        """-> what is saved, and how fast."""
        before, after = (sum(map(count, texts)) for texts in ([each.text for each in self.samples], self.texts))
        size = sum(len(each.text.encode("utf-8", "replace")) for each in self.samples)
        return report.saved(before, after), f"{size / 1e6 / max(1e-6, self.seconds):.1f}"


def by_peer(peer: Candidate, found: Sequence[Sample]) -> Sent:
    texts, spent = [], 0.0
    for sample in found:
        use = {"type": "tool_use", "id": "toolu_01", "name": sample.tool, "input": {"command": sample.call}}
        result = {"type": "tool_result", "tool_use_id": "toolu_01", "content": sample.text}
        asked = {"role": "user", "content": f"Look at {sample.path or sample.call}."}
        talk: candidates.Messages = [
            asked,
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
        made = peer(candidates.body_of(talk))
        texts.append(candidates.flat(made.messages[-1]["content"]))
        spent += made.ms / 1e3
    return Sent(found, texts, spent)


Peers = dict[str, dict[str, Sent]]
"""Peer -> kind -> what it would send."""


def by_kind(groups: dict[str, list[Measured]], peers: Peers) -> str:
    lines = []
    for kind, found in groups.items():
        before = sum(one.sent.before for one in found)
        large = [one.sample for one in found if 10_000 < len(one.sample.text) < 300_000][:DOUBLED]
        growth = f"{statistics.median(map(doubling, large)):.1f}" if large else "-"
        ours = [
            report.saved(before, sum(one.lossless.after for one in found)),
            report.saved(before, sum(one.sent.after for one in found)),
            f"{speed(found):.1f}",
            f"{min(map(speed, ([one] for one in found))):.1f}",
            growth,
        ]
        theirs = (cell for sent in peers.values() for cell in sent[kind].cells())
        lines.append((kind, len(found), f"{before:,}", *ours, *theirs))
    head = ["kind", "texts", "tokens", "lossless", "with a way back", "MB/s", "slowest text", "doubling"]
    return report.table([*head, *(cell for name in peers for cell in (name, "MB/s"))], lines)


def marked_lines(groups: dict[str, list[Measured]], peers: Peers) -> str:
    """-> in how many logs the lines that people marked as the failure still stand, letter for letter."""
    lines = []
    for kind, found in groups.items():
        if kind == "JSON" or not any(one.sample.marked for one in found):
            continue
        saved = report.saved(sum(one.sent.before for one in found), sum(one.sent.after for one in found))
        lines.append((kind, "Headroom", saved, *standing([(one.sample, one.text) for one in found])))
        for name, sent in peers.items():
            pairs = list(zip(sent[kind].samples, sent[kind].texts, strict=True))
            lines.append((kind, name, sent[kind].cells()[0], *standing(pairs)))
    head = ("logs", "", "saved", "with marks", "every marked line", "every marked error line", "half of them", "any")
    return report.table(head, lines)


def standing(pairs: Sequence[tuple[Sample, str]]) -> list[str]:
    """-> the number of texts with marks, and the shares of them by how much of what is marked stands."""
    kept = [_kept(sample, text) for sample, text in pairs if sample.marked]
    errors = [whole for _, whole in kept if whole is not None]
    shares = [
        sum(each == 1 for each, _ in kept),
        sum(each >= 0.5 for each, _ in kept),
        sum(each > 0 for each, _ in kept),
    ]
    every, half, some = (report.share(number, len(kept)) for number in shares)
    return [str(len(kept)), every, report.share(sum(errors), len(errors)), half, some]


def _kept(sample: Sample, text: str) -> tuple[float, bool | None]:
    """-> the share of the marked lines that stand, and whether all do that say an error; None: none does."""
    there = {plain(line) for line in text.split("\n")}
    kept = [line in there for line in sample.marked]
    errors = [stands for line, stands in zip(sample.marked, kept, strict=True) if is_error(line)]
    return sum(kept) / len(kept), all(errors) if errors else None


def json_forms(found: Sequence[Measured]) -> str:
    """-> per set of JSON: lossless tokens over minified ones, and forms that don't decode to the same value."""
    sets: dict[str, list[Measured]] = defaultdict(list)
    for one in found:
        sets[one.sample.marked[0] if one.sample.marked else "made up"].append(one)
        sets["all"].append(one)
    lines = []
    for name, group in sorted(sets.items(), key=lambda pair: pair[0] == "all"):
        plains = [_minified(one.sample.text) for one in group]
        least = sum(map(count, plains))
        form = sum(one.lossless.after for one in group)
        wrong = sum(_decodes(one, text) is False for one, text in zip(group, plains, strict=True))
        lines.append((name, len(group), f"{least:,}", report.share(form, least), wrong))
    return report.table(("JSON", "texts", "minified tokens", "lossless of that", "forms not decoded"), lines)


def _minified(text: str) -> str:
    """-> JSON or JSON lines without whitespace, numbers as they are written; any other text as it is."""
    try:
        return dumps(loads(text.strip()))
    except ValueError:
        pass
    try:
        return "\n".join(dumps(loads(line.strip())) for line in text.splitlines() if line.strip())
    except ValueError:
        return text


def _decodes(one: Measured, plain_text: str) -> bool | None:
    """Whether the lossless form of records says the same JSON; None: another form, or sent as it came."""
    if one.lossless.text is None or one.lossless.compressor != "records":
        return None
    return _minified(expand(one.lossless.text)) == plain_text


def outlines(found: Sequence[Measured]) -> str:
    """-> of folded code: files changed, lines shown that are not the file's, shown lines out of order."""
    changed = [one for one in found if one.sent.text is not None]
    altered = disordered = 0
    for one in changed:
        given = one.sample.text.split("\n")
        shown = [line for line in one.text.split("\n") if not is_marker(line)]
        altered += sum(line not in set(given) for line in shown)
        rest = iter(given)
        disordered += not all(line in rest for line in shown if line in set(given))
    return (
        f"Code: {len(changed)} of {len(found)} files folded; {altered} shown lines are not the file's, in {disordered} "
        "files they stand in another order."
    )


def templates(data: Path) -> str:
    """-> LogHub: how many kinds of events, and kinds that say an error, still have a line."""
    lines = []
    for row in kinds_real.loghub(data):
        one = measured(Sample("", row["text"], "cat server.log"))
        standing = {line.rstrip("\r") for line in one.text.split("\n")}
        events: dict[str, bool] = defaultdict(bool)
        kept = set()
        for told, line in zip(row["structured"], row["text"].split("\n"), strict=False):
            level = told.get("Level") or told.get("Label") or ""
            events[told["EventId"]] |= is_error(f"{level} {told['Content']}")
            if line.rstrip("\r") in standing:
                kept.add(told["EventId"])
        errors = {event for event, error in events.items() if error}
        save = report.saved(one.sent.before, one.sent.after)
        lines.append((row["system"], save, f"{len(kept)} of {len(events)}", f"{len(kept & errors)} of {len(errors)}"))
    return report.table(("LogHub", "saved", "kinds of events with a line", "kinds of errors"), lines)


def parts(groups: dict[str, list[Measured]], data: Path | None, peers: Peers, per: int) -> Iterator[str]:
    yield (
        "Every text on its own, through envelope, cleaning, stack and gate. “Lossless”: the request offers no way "
        "back. MB/s in CPU time of one core, counting included; “doubling”: how much longer twice as much text takes. "
        f"Peers get the first {per} texts of each kind. A line that people marked survives if it stands letter for "
        "letter."
    )
    yield by_kind(groups, peers)
    yield marked_lines(groups, peers)
    if data is not None:
        yield templates(data)
    yield json_forms(groups["JSON"])
    yield outlines(groups["code"])


def main() -> None:
    parser = report.options(__doc__.split("\n")[0])
    parser.add_argument("--every", type=int, default=10, help="take each n-th log of LogChunks")
    parser.add_argument("--per", type=int, default=20, help="texts of each set; peers get as many of each kind")
    given = parser.parse_args()
    data = report.data_of(given)
    found = made_up.samples() if data is None else kinds_real.samples(data, given.every, given.per)
    timed(Sample("", "warm\n" * 999), "warm\n" * 999, WAY_BACK)
    kompress.scores(["warm"], tool="", call="", goal="")  # numpy and the weights are read once
    groups: dict[str, list[Measured]] = defaultdict(list)
    for sample in found:
        groups[sample.kind].append(measured(sample))
    peers: Peers = {}
    for peer in itertools.islice(candidates.all_of(given.headroom_py, given.llmtrim_py, ()), 1, None):
        peers[peer.name] = {
            kind: by_peer(peer, [one.sample for one in measures[: given.per]]) for kind, measures in groups.items()
        }
        peer.close()
    told = list(parts(groups, data, peers, given.per))
    command = f"scripts/bench kinds --every {given.every} --per {given.per}{'' if data is None else ' --data DIR'}"
    report.publish("kinds", "By kind of content", told, command, record=report.keeps(given, data))


if __name__ == "__main__":
    main()
