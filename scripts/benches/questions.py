"""Question sets of the field: tokens saved against answers that still stand.

SQuAD v2 and HotpotQA: the passages are a search tool's result, the question is all that the user says. GSM8K and
TruthfulQA: the prompt is the user's, which nothing may touch. BFCL: a tool's result lists functions, and those that the
answer calls must stand with all of its parameters. With `--data` the sets, without it a few made-up ones.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headroom_wrap.compressors.sentences import split
from headroom_wrap.tokens import count
from scripts.benches.inputs import questions as made_up
from scripts.benches.inputs.questions import Question
from scripts.benches.measure import candidates, report

PARAGRAPHS = 10
SEED = 7
FUNCTIONS = ("bfcl_live_multiple", "bfcl_multiple", "bfcl_parallel_multiple", "bfcl_simple_java")


@dataclass(frozen=True, slots=True)
class Row:
    """One question: tokens of the passage before and after, and whether ours and random sentences hold the answer."""

    name: str
    before: int
    after: int
    kept: bool
    random: bool


def asked(question: Question) -> candidates.Body:
    """-> the request: the question from the user, and the passage, where there is one, from a tool."""
    messages: candidates.Messages = [{"role": "user", "content": question.asks}]
    if question.passage:
        call = {"type": "tool_use", "id": "toolu_01", "name": "search_docs", "input": {"query": question.asks}}
        result = {"type": "tool_result", "tool_use_id": "toolu_01", "content": question.passage}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return candidates.body_of(messages)


def measured(ours: candidates.Candidate, question: Question) -> Row:
    body = asked(question)
    made = ours(body)
    before = count(question.passage or question.asks)
    if not question.passage:
        whole = made.messages == body["messages"]
        return Row(question.name, before, before, whole, whole)
    text = candidates.flat(made.messages[-1]["content"])
    after = count(text)
    left = _at_random(question.passage, after / before)
    return Row(question.name, before, after, question.held(text), question.held(left))


def _at_random(text: str, share: float) -> str:
    """-> the control: sentences at random, in order, up to a share of the characters."""
    parts = [part for line in text.split("\n") for part in split(f"{line}\n")]
    rng, left, kept = random.Random(len(text)), share * len(text), set()
    for place in rng.sample(range(len(parts)), len(parts)):
        if len(parts[place]) <= left:
            left -= len(parts[place])
            kept.add(place)
    return "".join(parts[place] for place in sorted(kept))


def rows_of(path: Path) -> list[dict[str, Any]]:
    """-> the rows of a set; none, and a line that says so, where it is not given."""
    if not path.exists():
        print(f"Skipped: {path} is not there.")
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def real(folder: Path, per: int) -> Iterator[Question]:
    """-> at most `per` questions of each set."""
    rng = random.Random(SEED)
    for found in (list(squad(folder)), list(hotpot(folder)), *_prompts(folder), list(functions(folder))):
        yield from rng.sample(found, min(per, len(found)))


def squad(folder: Path) -> Iterator[Question]:
    """-> each answerable question over `PARAGRAPHS` paragraphs of its article."""
    articles: dict[str, dict[str, list[Any]]] = {}
    for row in rows_of(folder / "squad_v2_dev_half.jsonl.gz"):
        if not row["is_impossible"]:
            articles.setdefault(row["title"], {}).setdefault(row["context"], []).append(row)
    for article in articles.values():
        contexts = list(article)
        for first in range(0, len(contexts), PARAGRAPHS):
            passage = "\n\n".join(contexts[first : first + PARAGRAPHS])
            for row in (row for context in contexts[first : first + PARAGRAPHS] for row in article[context]):
                yield Question("SQuAD v2", row["question"], passage, (tuple(row["answers"]),))


def hotpot(folder: Path) -> Iterator[Question]:
    """-> each question whose answer is a span of its ten articles."""
    for row in rows_of(folder / "hotpotqa_distractor_subset.jsonl.gz"):
        pairs = zip(row["context"]["title"], row["context"]["sentences"], strict=True)
        passage = "\n\n".join(f"{title}\n{''.join(sentences)}" for title, sentences in pairs)
        if row["answer"] not in ("yes", "no"):
            yield Question("HotpotQA", row["question"], passage, ((row["answer"],),))


def _prompts(folder: Path) -> Iterator[list[Question]]:
    for name, file, key in (("GSM8K", "gsm8k_test", "question"), ("TruthfulQA", "truthfulqa", "Question")):
        yield [Question(name, row[key], "", ()) for row in rows_of(folder / f"{file}.jsonl.gz")]


def functions(folder: Path) -> Iterator[Question]:
    """-> each question with a listing of the functions offered; its answer's functions and parameters must stand."""
    for file in FUNCTIONS:
        for row in rows_of(folder / f"{file}.jsonl.gz"):
            said = row["question"][0][-1]["content"]
            called = [(name, given) for call in row["possible_answer"] for name, given in call.items()]
            needed = {name for function, given in called for name in (function, *given)}
            passage = json.dumps(row["function"], ensure_ascii=False)
            yield Question("BFCL", said, passage, tuple((name,) for name in sorted(needed)))


def table(rows: Sequence[Row]) -> str:
    lines = []
    for name in dict.fromkeys(row.name for row in rows):
        mine = [row for row in rows if row.name == name]
        saved = report.saved(sum(row.before for row in mine), sum(row.after for row in mine))
        kept, left = (report.share(sum(getattr(row, by) for row in mine), len(mine)) for by in ("kept", "random"))
        lines.append((name, len(mine), f"{sum(row.before for row in mine):,}", saved, kept, left))
    head = ("set", "questions", "tokens", "saved", "answers that stand", "random sentences, same saving")
    return report.table(head, lines)


def options() -> argparse.Namespace:
    parser = report.options((__doc__ or "").split("\n")[0])
    parser.add_argument("per", type=int, nargs="?", default=300, help="questions of each set")
    return parser.parse_args()


def main() -> None:
    given = options()
    data = report.data_of(given)
    ours = candidates.Ours()
    found = made_up.questions() if data is None else real(data / "bench", given.per)
    rows = [measured(ours, question) for question in found]
    ours.close()
    says = (
        f"SQuAD v2: {PARAGRAPHS} paragraphs of an article in one tool result; HotpotQA: its ten articles, questions "
        "whose answer is a span. BFCL: a listing of functions as JSON; the answer stands if every function and "
        "parameter that it needs does. GSM8K and TruthfulQA are prompts: they stand if not a character moves. A single "
        "SQuAD paragraph (some 150 tokens) is under the floor and passes whole."
    )
    command = f"scripts/bench questions {given.per}{'' if data is None else ' --data DIR'}"
    report.publish("questions", "Question sets", [says, table(rows)], command, record=report.keeps(given, data))


if __name__ == "__main__":
    main()
