"""Prose that was fetched to answer a question, the same prose without the sentences that have least to do with it.

Reads: articles, retrieved passages and pages of at least `FEWEST` sentences, where all that the user asks is one
question.

Keeps: the sentences that share most of their rarer words with the question, with what those name and with each other's
paragraphs, first sentences before others, up to `SHARE` of the text; the heading above each of them; whatever is no
prose. Kept sentences stand verbatim.

Leaves out: runs of other sentences, each as a count in its place, and runs of whole lines as one line that says which.

Not for: anything but a question (work on a text needs all of it); texts of which the question names nothing; files
that an agent may go on to edit.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from headroom_wrap.marker import footer, gap
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.languages import language_of

SHARE = 0.42
"""Of the characters: with markers paid, half of the tokens go."""

FEWEST = 12
MOST = 400_000
PROSE = 0.7
"""The share of the characters that have to stand in sentences."""

LONGEST_QUESTION = 300

NAMED, NEAR, LEAD, PARAGRAPH, BRIDGE = 0.3, 0.25, 0.2, 0.5, 0.3
"""What counts beside the question's own words: words that the best sentences name, the better neighbour, being first in
a paragraph (of the best score), the best of the paragraph, and a heading that the question or the best sentences name.
Answers of HotpotQA, whose facts stand in two articles, survive in 98 % with them and in 91 % without."""

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])")
_ABBREVIATED = re.compile(r"\b(?:[A-Z]|Mrs?|Ms|Dr|St|Jr|Sr|vs|etc|e\.g|i\.e|No|ca?)\.\Z")
_ASKS = re.compile(r"(?i)(?:in |at |on |for |to )?(?:who|whom|whose|what|which|when|where|why|how many|how much)\b")
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"[A-Z]\w+|\d{2,}")
_COMMON = frozenset(
    _WORD.findall(
        "the a an of in on at to and or is are was were be been do does did by for with from as that this it its "
        "what which who whom whose when where why how many much name named into than then there their his her has "
        "have had not can could would s"
    )
)
_ENDINGS = ("ing", "ied", "ies", "ed", "es", "ly", "s")
_STEM = 7


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with the blanks after it, the line that it stands in, its paragraph and the heading above it."""

    text: str
    line: int
    paragraph: int
    heading: int
    lead: bool


def sentences(segment: Segment) -> Compressed | None:
    """-> the text with gaps; None where no question is asked of prose."""
    question = _question(segment)
    if not segment.way_back or segment.error or not question or len(segment.text) > MOST:
        return None
    if language_of(segment.path):
        return None
    lines = segment.text.split("\n")
    found = list(_sentences(lines))
    if len(found) < FEWEST or sum(len(each.text) for each in found) < PROSE * len(segment.text):
        return None
    scores = _scores(found, question, lines)
    return _folded(segment, lines, found, _kept(found, scores)) if scores else None


def _question(segment: Segment) -> str:
    asked = segment.goal.removesuffix(segment.said).strip()
    asks = asked.endswith("?") or _ASKS.match(asked)
    return asked if asks and "\n" not in asked and len(asked) <= LONGEST_QUESTION else ""


def _sentences(lines: Sequence[str]) -> Iterator[Sentence]:
    """-> the sentences of all lines that hold one: of 60 characters or more, and with an end."""
    heading, paragraph = -1, 0
    for number, line in enumerate(lines):
        if len(line) < 60 or not re.search(r"[.!?][\"')\]]*\s*(?:\[\d+\]\s*)*(?:\Z|\s)", line):
            if line.strip():
                heading, paragraph = number, number
            continue
        paragraph = paragraph if heading == paragraph == number - 1 else number
        for place, text in enumerate(split(line)):
            yield Sentence(text, number, paragraph, heading if number - heading <= 2 else -1, place == 0)


def split(line: str) -> Iterator[str]:
    """-> the sentences of a line; joined they are the line."""
    start = 0
    for end in _END.finditer(line):
        if not _ABBREVIATED.search(line, start, end.start()):
            yield line[start : end.end()]
            start = end.end()
    if start < len(line):
        yield line[start:]


def _stem(word: str) -> str:
    word = word.lower()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)][:_STEM]
    return word[:_STEM]


def _terms(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text) if word.lower() not in _COMMON]


def _scores(found: Sequence[Sentence], question: str, lines: Sequence[str]) -> list[float]:
    """-> how much each sentence has to do with the question; empty: the text says nothing of it."""
    terms = [Counter(_terms(each.text)) for each in found]
    weigh = _Bm25(terms)
    headings = _headings(found, lines)
    for counts, each in zip(terms, found, strict=True):
        counts.update(headings.get(each.heading, set()) - counts.keys())
    asked = dict.fromkeys(_terms(question), 1.0)
    if 3 * sum(term in weigh.held for term in asked) < len(asked) or not asked:
        return []
    scores = [weigh(counts, asked) for counts in terms]
    best = sorted(range(len(found)), key=lambda place: (-scores[place], place))[:4]
    names = {_stem(name) for place in best if scores[place] for name in _NAME.findall(found[place].text)}
    named = dict.fromkeys(sorted(names - asked.keys()), NAMED)
    scores = [score + weigh(counts, named) for score, counts in zip(scores, terms, strict=True)]
    said = asked.keys() | {term for place in best for term in terms[place]}
    bridges = {heading for heading, held in headings.items() if held and held <= said}
    most = max(scores)
    extra = [most * (LEAD * each.lead + BRIDGE * (each.heading in bridges)) for each in found]
    return _spread(found, [score + more for score, more in zip(scores, extra, strict=True)])


def _headings(found: Sequence[Sentence], lines: Sequence[str]) -> dict[int, set[str]]:
    """-> the terms of each heading, by its line."""
    return {number: set(_terms(lines[number])) for number in {each.heading for each in found} - {-1}}


class _Bm25:
    """Okapi BM25 over the sentences of one text (Robertson and Zaragoza, 2009): k1 = 1.2, b = 0.75."""

    def __init__(self, terms: Sequence[Mapping[str, int]]) -> None:
        self.held = Counter(term for counts in terms for term in counts)
        self.texts = len(terms)
        self.mean = max(1.0, sum(sum(counts.values()) for counts in terms) / len(terms))

    def __call__(self, counts: Mapping[str, int], asked: Mapping[str, float]) -> float:
        norm = 1.2 * (0.25 + 0.75 * sum(counts.values()) / self.mean)
        return sum(
            weight * self._rarity(term) * counts[term] * 2.2 / (counts[term] + norm)
            for term, weight in asked.items()
            if term in counts
        )

    def _rarity(self, term: str) -> float:
        return math.log(1 + (self.texts - self.held[term] + 0.5) / (self.held[term] + 0.5))


def _spread(found: Sequence[Sentence], scores: Sequence[float]) -> list[float]:
    """-> the scores with a part of the better neighbour's and of the paragraph's best."""
    best: dict[int, float] = {}
    for each, score in zip(found, scores, strict=True):
        best[each.paragraph] = max(best.get(each.paragraph, 0.0), score)
    out = []
    for place, (each, score) in enumerate(zip(found, scores, strict=True)):
        near = (at for at in (place - 1, place + 1) if 0 <= at < len(found) and found[at].paragraph == each.paragraph)
        out.append(score + NEAR * max((scores[at] for at in near), default=0.0) + PARAGRAPH * best[each.paragraph])
    return out


def _kept(found: Sequence[Sentence], scores: Sequence[float]) -> list[bool]:
    """-> the best sentences that fit."""
    left = SHARE * sum(len(each.text) for each in found)
    kept = [False] * len(found)
    for place in sorted(range(len(found)), key=lambda place: (-scores[place], place)):
        if len(found[place].text) <= left:
            left -= len(found[place].text)
            kept[place] = True
    return kept


def _folded(segment: Segment, lines: list[str], found: Sequence[Sentence], kept: Sequence[bool]) -> Compressed:
    goes = _lines_that_go(lines, found, kept)
    parts: dict[int, list[str]] = {}
    for (line, keeps), run in groupby(zip(found, kept, strict=True), lambda pair: (pair[0].line, pair[1])):
        texts = [each.text for each, _ in run]
        parts.setdefault(line, []).append("".join(texts) if keeps else _count(len(texts)))
    out: list[str] = []
    for gone, numbers in groupby(range(len(lines)), goes.__contains__):
        these = list(numbers)
        if gone:
            out.append(gap(these[0] + 1, these[-1] + 1, "not about the question"))
        else:
            out += ["".join(parts[number]) if number in parts else lines[number] for number in these]
    omitted = f"{len(kept) - sum(kept)} of {len(kept)} sentences, by the question"
    return Compressed("\n".join([*out, footer(segment, omitted)]), omitted)


def _count(number: int) -> str:
    return f"[{number} sentence{'s' * (number > 1)}] "


def _lines_that_go(lines: Sequence[str], found: Sequence[Sentence], kept: Sequence[bool]) -> set[int]:
    """-> lines of which no sentence stays, headings with nothing left under them, and blank lines between those."""
    stays = {line for each, keeps in zip(found, kept, strict=True) if keeps for line in (each.line, each.heading)}
    goes = {line for each in found for line in (each.line, each.heading)} - stays - {-1}
    blank = {number for number in range(1, len(lines) - 1) if not lines[number].strip()}
    return goes | {number for number in blank if {number - 1, number + 1} <= goes}
