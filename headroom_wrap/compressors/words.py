"""What a call and a goal ask for, and how large a text is: shared by the forms that must choose what to show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import inf

from headroom_wrap.segment import Segment

BUDGET = 4000
"""Tokens, by `size`, above which a form may leave something out if there is a way back."""

_PIECE = re.compile(r"[A-Za-z]{1,7}|\d{1,3}|[^\sA-Za-z\d]{1,3}|\n")
_WORD = re.compile(r"[A-Za-z_$][\w$]{2,}|\d{3,}")
_COMMON = """
the and for with that this from have not are you was can but all will use into then when what which there here
please should would could file files code line lines test tests run make look find check let need want now see
grep rg find git cat head tail sed null dev src include exclude type name path pattern command description
true false none self return import output_mode content
"""
_IGNORED = frozenset(_COMMON.split())


def size(text: str) -> int:
    """-> about how many tokens a text has: words, groups of three digits, punctuation, line ends."""
    return len(_PIECE.findall(text))


def large(text: str, budget: int = BUDGET) -> bool:
    """-> whether a text has more tokens than `budget`."""
    return len(text) > 2 * budget and (len(text) > 8 * budget or size(text) > budget)


def wanted(segment: Segment, limit: int = 200) -> dict[str, float]:
    """-> lower-case words with weights: 2 for the call's, 1 for the goal's; at most `limit`, the call's first."""
    found: dict[str, float] = {}
    for text, weight in ((segment.call, 2.0), (segment.goal[-2000:], 1.0), (segment.goal[:2000], 1.0)):
        for word in _WORD.findall(text):
            low = word.lower()
            if low not in _IGNORED and low not in found and len(found) < limit:
                found[low] = weight
    return found


_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def parts(text: str) -> frozenset[str]:
    """-> the words that identifiers and file names in a text are made of, lower case, those of three letters and more;
    names of several words also as a whole."""
    found: set[str] = set()
    for name in _WORD.findall(text):
        found.add(name.lower())
        found.update(part.lower() for part in _PART.findall(name) if len(part) > 2)
    return frozenset(found - _IGNORED)


def likely(segment: Segment, names: Sequence[str], most: int) -> set[int]:
    """-> the places of at most so many names that share words with the goal or the call, words that few names have
    counting most."""
    asked = parts(segment.goal[:6000]) | parts(segment.goal[-6000:]) | parts(segment.call[:2000])
    held = [parts(name) & asked for name in names]
    counts = Counter(word for words in held for word in words)
    scores = [sum(1 / counts[word] for word in sorted(words)) for words in held]
    order = sorted((place for place in range(len(names)) if scores[place]), key=lambda place: (-scores[place], place))
    return set(order[:most])


def shares(lines: Iterable[str], words: Mapping[str, float], most: float = inf) -> list[float]:
    """-> for each line the weights of the wanted words in it, each divided by how often it occurs at all.

    Words that more than `most` lines hold count nothing.
    """
    held = [{low for word in _WORD.findall(line) if (low := word.lower()) in words} for line in lines]
    counts: dict[str, int] = {}
    for inside in held:
        for word in inside:
            counts[word] = counts.get(word, 0) + 1
    # Summed in sorted order: a set's order changes with the hash seed, and so would the last digit of the sum.
    return [
        sum(words[word] * min(1.0, 4 / counts[word]) for word in sorted(inside) if counts[word] <= most)
        for inside in held
    ]
