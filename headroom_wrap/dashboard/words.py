"""Numbers in, the few characters that stand for them out; what is unknown is a dash and never a zero."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from headroom_wrap.counted import counted

UNKNOWN = "–"
PIPED = 10_000
"""Columns of what is no terminal: no line is wrapped or cut, and nothing stands side by side."""
_PLAIN = str.maketrans(
    {"–": "-", "·": "|", "…": "~", "─": "-", "━": "-", "×": "x", "→": ">", "█": "#", "░": ".", "│": "|"}
    | dict(zip("▁▂▃▄▅▆▇", "_.:-=+*", strict=True))
)


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


def between(ends: tuple[float, float] | None) -> str:
    """-> "11.1 to 13.9 %", the least and the most of a share; one figure where both are shown alike."""
    if ends is None:
        return UNKNOWN
    low, high = (f"{100 * end:.1f}" for end in ends)
    return f"{high} %" if low == high else f"{low} to {high} %"


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


class Cropped:
    """What fits on a screen of so many lines, the last one saying how many are missing."""

    def __init__(self, inner: RenderableType, lines: int) -> None:
        self._inner, self._lines = inner, max(2, lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        """-> the segments of the first lines."""
        lines = console.render_lines(self._inner, options.update(height=None), pad=False)
        shown = lines if len(lines) <= self._lines else lines[: self._lines - 1]
        for line in shown:
            yield from line
            yield Segment.line()
        if len(shown) < len(lines):
            said = (
                f"… {counted(len(lines) - len(shown), 'more line')}: make the window taller, or run it without --watch"
            )
            yield from console.render(Readable(Text(said, style="reverse", no_wrap=True, overflow="ellipsis")), options)
