"""Sums by day and a conversation's growth in; inline SVG out, whose colours the page's own style decides."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from headroom_wrap.dashboard.words import share, tokens
from headroom_wrap.ledger import Totals
from headroom_wrap.ledger.view import Context

WIDTH, HEIGHT = 640, 220
LEFT, BOTTOM, TOP = 48, 24, 10
DAYS = 60
"""Days that are drawn at most, the latest."""


def days(rows: Sequence[Totals]) -> str:
    """-> a bar for each day: what was sent of the tool results, and on top what was removed of them."""
    rows = rows[-DAYS:]
    most = max((row.before for row in rows), default=0)
    step = (WIDTH - LEFT) / max(len(rows), 1)
    bars = []
    for at, row in enumerate(rows):
        whole, sent = (_height(value, most) for value in (row.before, min(row.before, row.after)))
        x, width = LEFT + at * step + step * 0.12, step * 0.76
        removed = row.before - row.after
        says = f"{row.name}: {tokens(removed)} of {tokens(row.before)} tokens removed ({share(removed, row.before)})"
        bars.append(
            f"<g><title>{escape(says)}</title>{_bar(x, _floor() - sent, width, sent, 'sent')}"
            f"{_bar(x, _floor() - whole, width, whole - sent, 'saved')}</g>"
        )
    every = max(1, -(-len(rows) // 8))
    named = [
        f'<text x="{LEFT + (at + 0.5) * step:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(row.name[5:])}</text>'
        for at, row in enumerate(rows)
        if at % every == 0
    ]
    return _chart("Tokens of tool results by day, removed and sent", [*_grid(most), *bars, *named])


def growth(context: Context) -> str:
    """-> two lines: the prompt of each request as it was, and as it would have been."""
    most = max(context.without)
    lines = [_line(context.without, most, "sent"), _line(context.tokens, most, "saved")]
    last = f"{tokens(context.without[-1])} without, {tokens(context.tokens[-1])} sent"
    numbered = (
        f'<text x="{LEFT}" y="{HEIGHT - 6}">request 1</text>'
        f'<text x="{WIDTH - 4}" y="{HEIGHT - 6}" text-anchor="end">request {len(context.tokens)}</text>'
    )
    return _chart(f"Prompt tokens by request; at the end {last}", [*_grid(most), *lines, numbered])


def _line(values: Sequence[int], most: int, kind: str) -> str:
    step = (WIDTH - LEFT - 4) / max(len(values) - 1, 1)
    points = " ".join(
        f"{LEFT + at * step:.1f},{_floor() - _height(value, most):.1f}" for at, value in enumerate(values)
    )
    return f'<polyline class="stroke-{kind}" points="{points}"/>'


def _grid(most: int) -> list[str]:
    """-> three lines across with what they stand for."""
    lines = []
    for part in (0.0, 0.5, 1.0):
        y = _floor() - _height(part * most, most)
        lines.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tokens(part * most)}</text>'
        )
    return lines


def _bar(x: float, y: float, width: float, height: float, kind: str) -> str:
    if height <= 0:
        return ""
    return f'<rect class="fill-{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _floor() -> float:
    return HEIGHT - BOTTOM


def _height(value: float, most: float) -> float:
    return (HEIGHT - BOTTOM - TOP) * value / most if most else 0.0


def _chart(says: str, parts: Sequence[str]) -> str:
    label = escape(says, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
