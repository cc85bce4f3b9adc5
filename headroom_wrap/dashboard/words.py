"""Numbers in, the few characters that stand for them out; what is unknown is a dash and never a zero."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

UNKNOWN = "–"
_PLAIN = str.maketrans({"–": "-", "·": "|", "…": "~", "─": "-", "━": "-", "×": "x"})


def tokens(count: float | None) -> str:
    """-> "950", "12.3k", "4.56M"."""
    if count is None:
        return UNKNOWN
    if abs(count) < 1000:
        return f"{count:.0f}"
    return f"{count / 1e3:.1f}k" if abs(count) < 999_950 else f"{count / 1e6:.2f}M"


def money(dollars: float | None) -> str:
    """-> "$12.30", "$0.041", "-$0.20"."""
    if dollars is None:
        return UNKNOWN
    digits = 2 if abs(dollars) >= 1 or dollars == 0 else 3 if abs(dollars) >= 0.01 else 4
    return f"{'-' if dollars < 0 else ''}${abs(dollars):,.{digits}f}"


def share(part: float | None, whole: float | None = 1.0) -> str:
    """-> "12.4 %" of a whole; unknown where there is no whole."""
    return UNKNOWN if part is None or not whole else f"{100 * part / whole:.1f} %"


def one_line(text: str) -> str:
    """-> a text without line breaks and control characters, fit for a title or a table's cell."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


class Readable:
    """What it holds, in characters that the terminal's encoding has."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        """-> the segments of what it holds, in plain ASCII where the encoding isn't UTF-8."""
        for segment in console.render(self._inner, options):
            if options.ascii_only and not segment.control:
                text = segment.text.translate(_PLAIN).encode("ascii", "replace").decode()
                segment = Segment(text, segment.style)
            yield segment
