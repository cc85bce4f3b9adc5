"""The four workloads that this field advertises with: tokens saved, and where the planted needles are afterwards.

A needle stands if its string is in what is sent. It is one get away if one `headroom get` prints it: a `--grep` with
context for what the question asks, or a range that a marker offers. The command is really run, over the store on disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from headroom_wrap.cli.get import command as get
from headroom_wrap.tokens import count
from scripts.benches.inputs.workloads import Needle, Workload, workloads
from scripts.benches.measure import candidates, report
from scripts.benches.measure.candidates import Candidate, Messages, Ours

_WAY_BACK = re.compile(r"headroom get ([0-9a-hjkmnp-tv-z]{11,})(?: (--\w+))?")
AROUND = "8"
"""Lines of context that a model asks for: in pretty-printed JSON the answer stands a few lines from what is sought."""
_GAP = re.compile(r"\[(?:row|line)s? (\d+(?:-\d+)?)\b")


def conversation(load: Workload) -> Messages:
    """-> the user's question, and call and result in turn."""
    messages: Messages = [{"role": "user", "content": [{"type": "text", "text": load.asked}]}]
    for number, (tool, arguments, text) in enumerate(load.results):
        use = {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": arguments}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": text}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return messages


def results(messages: Messages) -> list[str]:
    """-> the texts of the tool results."""
    blocks = [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
    return [candidates.flat(block["content"]) for block in blocks if block.get("type") == "tool_result"]


def standing(needle: Needle, text: str) -> bool:
    """Whether a needle's answer stands in a text, and not as a part of another word or number."""
    return re.search(rf"(?:(?<![\w.])|\\[nt]){re.escape(needle.answer)}(?!\w)", text) is not None


def tries(needle: Needle, text: str) -> Iterator[list[str]]:
    """-> the commands that the sent text lets a model run for a question."""
    for ref in dict.fromkeys(found[1] for found in _WAY_BACK.finditer(text)):
        yield [ref, "--grep", needle.find, "-C", AROUND]
    for found in _WAY_BACK.finditer(text):
        for gap in _GAP.finditer(text):
            yield [found[1], found[2] or "--lines", gap[1]]


def fetched(needle: Needle, text: str, home: Path) -> bool:
    """Whether one command prints the answer."""
    runner = CliRunner(env={"HEADROOM_HOME": str(home)})
    return any(standing(needle, runner.invoke(get, arguments).output) for arguments in tries(needle, text))


def places(load: Workload, sent: Sequence[str], home: Path | None) -> dict[str, list[Needle]]:
    """-> needles by where they are: standing, one get away, lost."""
    found: dict[str, list[Needle]] = {"standing": [], "away": [], "lost": []}
    for needle in load.needles:
        own = [text for (_, _, came), text in zip(load.results, sent, strict=True) if standing(needle, came)]
        if any(standing(needle, text) for text in own):
            found["standing"].append(needle)
        elif home is not None and any(fetched(needle, text, home) for text in own):
            found["away"].append(needle)
        else:
            found["lost"].append(needle)
    return found


def measured(candidate: Candidate, load: Workload) -> tuple[list[str], dict[str, list[Needle]]]:
    messages = conversation(load)
    made = candidate(candidates.body_of(messages))
    before = sum(count(text) for text in results(messages))
    sent = results(made.messages)
    after = sum(count(text) for text in sent)
    found = places(load, sent, candidate.home if isinstance(candidate, Ours) else None)
    figures = [f"{before:,}", f"{after:,}", report.saved(before, after)]
    return [*figures, *(str(len(needles)) for needles in found.values())], found


def given_workloads(data: Path) -> Iterator[tuple[str, Messages]]:
    """-> the message lists of a data folder, tool results as Anthropic's blocks."""
    for path in sorted((data / "workloads").glob("*.json")):
        messages: Messages = []
        for each in json.loads(path.read_text(encoding="utf-8")):
            if each["role"] != "system":
                messages.append(_translated(each))
        yield path.stem, messages


def _translated(message: dict[str, Any]) -> dict[str, Any]:
    if message["role"] == "tool":
        block = {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}
        return {"role": "user", "content": [block]}
    calls = [
        {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": {}}
        for call in message.get("tool_calls") or []
    ]
    return {"role": message["role"], "content": calls or message["content"]}


def of_the_field(found: Sequence[Candidate], data: Path) -> str:
    """-> what each candidate saves on the field's own inputs; those have no needles."""
    lines = []
    for name, messages in given_workloads(data):
        before = sum(count(text) for text in results(messages))
        row: list[object] = [name, f"{before:,}"]
        for candidate in found:
            made = candidate(candidates.body_of(messages))
            row.append(report.saved(before, sum(count(text) for text in results(made.messages))))
        lines.append(row)
    return report.table(("the field's own inputs", "tokens", *(each.name for each in found)), lines)


def main() -> None:
    parser = report.options(__doc__.split("\n")[0])
    given = parser.parse_args()
    data = report.data_of(given)
    found = list(candidates.all_of(given.headroom_py, given.llmtrim_py, ()))
    lines, missing = [], []
    for load in workloads():
        for candidate in found:
            figures, where = measured(candidate, load)
            lines.append((load.name, candidate.name, f"{load.advertised} %", *figures))
            if isinstance(candidate, Ours):
                missing += [f"- {load.name}, one get away: {needle.question}" for needle in where["away"]]
                missing += [f"- {load.name}, LOST: {needle.question}" for needle in where["lost"]]
    head = ("workload", "", "advertised", "tokens", "sent", "saved", "needles standing", "one get away", "lost")
    says = (
        "Made up by `scripts/benches/inputs/workloads.py` in the shapes and sizes of the inputs that the field's "
        "figures were made with; tokens of the tool results. A needle is one get away if one `headroom get`, really "
        "run, prints it. A needle that a peer does not send counts as lost here: its own ways back were not tried."
    )
    parts = [says, report.table(head, lines), "\n".join(["Not standing with Headroom:", "", *missing])]
    if data is not None:
        parts.append(of_the_field(found, data))
    for candidate in found:
        candidate.close()
    report.publish(
        "workloads", "The workloads that this field advertises", parts, "scripts/bench workloads", record=given.record
    )


if __name__ == "__main__":
    main()
