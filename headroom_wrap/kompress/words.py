"""UTF-8 bytes in, their words out: line, hash, length and kind of each, without a Python loop over them.

A word's hash is a polynomial over its bytes modulo 2^64, taken from one running sum over the whole text (Karp and
Rabin, 1987): the sum of `byte * BASE^place` up to its end, less that up to its start, shifted back by `BASE^-start`.
Only integers, so that every machine computes the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]

BASE = 0x9E3779B97F4A7C15
SLOTS = 18
"""Bits of a slot in the rarity table."""


def members(characters: bytes) -> npt.NDArray[np.bool_]:
    """-> for each byte value whether it is one of these."""
    table = np.zeros(256, dtype=np.bool_)
    table[np.frombuffer(characters, dtype=np.uint8)] = True
    return table


LOWER = members(bytes(range(97, 123)))
UPPER = members(bytes(range(65, 91)))
DIGIT = members(bytes(range(48, 58)))
HIGH = members(bytes(range(128, 256)))
WORD = LOWER | UPPER | DIGIT | HIGH | members(b"_$")


@lru_cache(maxsize=4)
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """-> BASE^0 … and BASE^-0 … modulo 2^64, for texts of up to 2^bits bytes."""
    steps = np.full((2, 1 << bits), 1, dtype=np.uint64)
    steps[0, 1:], steps[1, 1:] = np.uint64(BASE), np.uint64(pow(BASE, -1, 1 << 64))
    grown = np.multiply.accumulate(steps, axis=1)
    return grown[0], grown[1]


def hashes(raw: Bytes, starts: Ints, ends: Ints) -> Hashes:
    """-> one hash for each stretch [start, end) of the bytes."""
    powers, inverse = _powers(max(12, len(raw).bit_length()))
    sums = np.zeros(len(raw) + 1, dtype=np.uint64)
    np.cumsum((raw.astype(np.uint64) + np.uint64(1)) * powers[: len(raw)], out=sums[1:])
    found = (sums[ends] - sums[starts]) * inverse[starts]
    mixed: Hashes = (found ^ (found >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed


@dataclass(frozen=True, slots=True)
class Words:
    """Words of two bytes and more that don't begin with a digit: `identifier` where agents would quote them as code."""

    line: Ints
    hash: Hashes
    length: Ints
    identifier: npt.NDArray[np.bool_]

    def slots(self) -> Ints:
        """-> the place of each word in a table of 2^SLOTS."""
        found: Ints = (self.hash >> np.uint64(64 - SLOTS)).astype(np.int64)
        return found


_UPPER, _LOWER, _MARKED = np.uint8(1), np.uint8(2), np.uint8(4)
_SIGNS = np.zeros(256, dtype=np.uint8)
_SIGNS[UPPER], _SIGNS[LOWER] = _UPPER, _LOWER
_SIGNS[DIGIT | members(b"_$")] = _MARKED
"""What makes a word look like code: capitals (but the first) and small letters, a digit, an underscore."""


def words(raw: Bytes) -> Words:
    """-> the words of a text, in order."""
    held = np.zeros(len(raw) + 2, dtype=np.bool_)
    held[1:-1] = WORD[raw]
    edges = np.flatnonzero(held[1:] != held[:-1])
    starts, ends = edges[::2], edges[1::2]
    fits = (ends - starts >= 2) & ~DIGIT[raw[starts]]
    starts, ends = starts[fits], ends[fits]
    length = ends - starts
    lines = np.flatnonzero(raw == 10).searchsorted(starts)
    code = length >= 4
    if len(starts):
        every = np.append(_SIGNS[raw], np.uint8(0))
        bounds = np.column_stack((starts + 1, ends)).ravel()
        signs = np.bitwise_or.reduceat(every, bounds)[::2] | (every[starts] & ~_UPPER)
        code &= (signs >= _MARKED) | (signs == _UPPER | _LOWER)
    return Words(lines, hashes(raw, starts, ends), length, code)


def inside(flags: npt.NDArray[np.bool_], starts: Ints, ends: Ints) -> Ints:
    """-> how many flags are set in each stretch; few are."""
    places = np.flatnonzero(flags)
    return places.searchsorted(ends) - places.searchsorted(starts)


def bytes_of(text: str) -> Bytes:
    """-> the UTF-8 bytes of a text, a lone surrogate as `?`."""
    return np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8)


def hash_of(word: str) -> int:
    """-> the hash of one word."""
    raw = bytes_of(word)
    return int(hashes(raw, np.array([0]), np.array([len(raw)]))[0])
