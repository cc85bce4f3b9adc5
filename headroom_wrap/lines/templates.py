"""Lines in, their templates out: which lines are alike but for numbers, and but for words.

Two grains. `masks` replaces what varies in itself (numbers, times, addresses, hashes): lines with one mask say the same
thing. `groups` joins masks of the same length and beginning that share half of their words: Drain's similarity (He et
al., ICWS 2017) over a fixed-depth bucket, first come first served, so that it is deterministic and in one pass.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from operator import eq

VARYING = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]*\d[0-9a-fA-F]*(?:[-.:,/][0-9a-fA-F]*\d[0-9a-fA-F]*)*")

MASKED = "7"
"""Not 0: "7 errors" and "exit code 7" read as what they may stand for, "0 errors" as all is well."""

_WORDS = 40
_WIDTH = 600
_TRIED = 24
_FILLED, _SENTENCE = 2, 4
SIMILAR = 0.5


def masks(text: str) -> list[str]:
    """-> one mask per line of `text`: the line with what varies in itself replaced by `MASKED`."""
    return VARYING.sub(MASKED, text).split("\n")


def groups(found: list[str]) -> dict[str, int]:
    """-> for each distinct mask the number of its group, in order of first appearance.

    Words that stand in most lines (host, level, a masked time) tell nothing and do not count as likeness: with them
    half of the rare events of syslogs were joined to frequent ones. Only where nearly the whole line is such words are
    they one sentence with a word or two filled in.
    """
    buckets: dict[tuple[int, str, str], list[tuple[list[str], int]]] = defaultdict(list)
    group: dict[str, int] = {}
    number = 0
    common = _common(found)
    for mask in dict.fromkeys(found):
        every = mask[:_WIDTH].split(None, _WORDS)
        words = [word for word in every if word not in common]
        sentence = len(words) <= _FILLED and len(every) - every.count(MASKED) - len(words) >= _SENTENCE
        bucket = buckets[(len(every), "", "") if sentence else _key(words)]
        for other, known in bucket[-_TRIED:]:
            if sentence or sum(map(eq, words, other)) >= SIMILAR * len(words):
                group[mask] = known
                break
        else:
            group[mask] = number
            bucket.append((words, number))
            number += 1
    return group


def _common(found: list[str]) -> set[str]:
    """-> the words that stand in more than half of a sample of the lines."""
    sample = found[:: max(1, len(found) // 1000)]
    counts = Counter(word for mask in sample for word in set(mask[:_WIDTH].split(None, _WORDS)))
    return {word for word, times in counts.items() if 2 * times > len(sample)} | {MASKED}


def _key(words: list[str]) -> tuple[int, str, str]:
    """-> the bucket of a mask: how many words, its first, and the second where there are enough to vary after it."""
    return len(words), words[0] if words else "", words[1] if len(words) > 3 else ""
