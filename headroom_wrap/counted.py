"""A number and a word in; both as one says them out: "1 line", "2 lines", "1,200 entries"."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """-> the number with the word for one, or with `many` (an s more, where it is not given)."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
