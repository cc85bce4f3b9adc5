"""The rows of a `View` in; one HTML file out that needs no network, no script and no other file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from headroom_wrap.dashboard import svg
from headroom_wrap.dashboard.fixed import in_short
from headroom_wrap.dashboard.stats import measured, stretch
from headroom_wrap.dashboard.words import UNKNOWN, between, money, one_line, share, tokens
from headroom_wrap.ledger import Part, Totals
from headroom_wrap.ledger.view import View

ROWS = 30
"""Rows that a table of the page shows at most."""


def page(view: View, now: float) -> str:
    """-> the page, as made at an epoch time."""
    style = files("headroom_wrap.dashboard").joinpath("page.css").read_text(encoding="utf-8")
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
    parts = [*_head(view, made), *(_body(view) if not view.empty else ["<p>Nothing was recorded.</p>"])]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>headroom · {escape(made)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(view: View, made: str) -> list[str]:
    ever, window = view.ever, view.window
    since = time.strftime("since %Y-%m-%d", time.localtime(window.since)) if window.since else "all that is recorded"
    chosen = [since, *(f"{name} {getattr(window, name)}" for name in ("project", "session") if getattr(window, name))]
    head = [
        f'<header>\n<h1>headroom</h1>\n<p class="soft">{_text(", ".join(chosen))} · made {_text(made)}</p>\n</header>'
    ]
    return [*head, "<main>", *_alarms(view.alarms), *(_headline(ever) if not view.empty else [])]


def _alarms(lines: Sequence[str]) -> list[str]:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return [f'<div class="alarms bad" role="alert"><ul>{items}</ul></div>'] if lines else []


def _headline(sums: Totals) -> list[str]:
    if sums.effect is None:
        return [f'<p class="headline">Effect on the bill {UNKNOWN}</p>']
    word, kind = ("saved", "saved") if sums.effect >= 0 else ("added", "bad")
    said = [between(sums.effect_range), "estimated"]
    if sums.kept is not None and sums.owed is not None:
        said.insert(1, f"{money(sums.kept)} of {money(sums.owed + sums.kept)}")
    if sums.logins:
        said.insert(-1, f"limits last {stretch(sums)} as long")
    return [
        f'<p class="headline {kind}">{_text(share(abs(sums.effect)))} of the whole bill {word}</p>',
        f'<p class="soft">{_text(" · ".join(said))}</p>',
    ]


def _body(view: View) -> list[str]:
    parts = ['<div class="cards">', *_three(view.ever), "</div>", '<div class="tables">', *_charts(view)]
    for title, rows in (("Agents", view.agents), ("Models", view.models), ("Projects", view.projects)):
        parts.append(_section(title, _groups(rows)))
    for title, contributions in (("Compressors", view.compressors), ("Tools", view.tools)):
        parts.append(_section(title, _contributions(contributions)))
    passed = [
        (one.why, f"{one.segments:,}", tokens(one.tokens), share(one.tokens, view.ever.before)) for one in view.passed
    ]
    parts.append(_section("Not saved, and why", _table(("reason", "results", "tokens", "share"), passed)))
    parts += [_misses(view), _fixed(view), "</div>", _notes(view)]
    return [part for part in parts if part]


def _three(sums: Totals) -> list[str]:
    """-> the three figures, each in a card of its own: they are never added."""
    removed = sums.before - sums.after
    written = sums.cache_write + sums.cache_write_1h
    prompt = sums.input + sums.cache_read + written
    return [
        _section("Counted: removed from bodies really sent", _list((
            ("tokens of tool results", tokens(sums.before)), ("removed", tokens(removed)),
            ("share", share(removed, sums.before)), ("removed, with every resend", tokens(sums.removed)),
            ("markers in what was sent", tokens(sums.marks)),
        ))),
        _section("Reported by the provider", _list((
            ("prompt tokens", tokens(prompt)), ("read from cache", tokens(sums.cache_read)),
            ("written to cache", tokens(written)), ("output tokens", tokens(sums.output)),
            ("requests answered", f"{sums.exchanges:,}"),
        ))),
        _section("Estimated: effect on the whole bill", _list((
            ("saved", share(sums.effect)), ("range", between(sums.effect_range)), ("in money", money(sums.kept)),
            ("bill as it is", money(sums.owed)), ("spent on misses", money(sums.missed)),
        ))),
    ]  # fmt: skip


def _charts(view: View) -> list[str]:
    key = '<p class="soft"><span class="key key-{}"></span>{} &nbsp; <span class="key key-{}"></span>{}</p>'
    parts = [
        _section("Tool results by day", svg.days(view.days) + key.format("saved", "removed", "sent", "sent")),
    ]
    if len(view.context.tokens) > 1:
        title = f"Context of {view.context.session}"
        parts.append(
            _section(title, svg.growth(view.context) + key.format("saved", "sent", "sent", "without headroom"))
        )
    return parts


def _groups(rows: Sequence[Totals]) -> str:
    cells = [
        (
            row.name or UNKNOWN, f"{row.exchanges:,}", tokens(row.before - row.after),
            share(row.before - row.after, row.before), share(row.effect),
        )
        for row in rows
    ]  # fmt: skip
    return _table(("name", "requests", "removed", "share", "bill"), cells)


def _contributions(rows: Sequence[Part]) -> str:
    cells = [
        (
            row.name, f"{row.segments:,}", f"{row.changed:,}", tokens(row.before - row.after),
            share(row.before - row.after, row.before),
        )
        for row in rows
    ]  # fmt: skip
    return _table(("name", "results", "changed", "removed", "share"), cells)


def _misses(view: View) -> str:
    cells = [
        (f"{row.compressor}, {row.tool}", f"{row.results:,}", f"{row.missed:,}", share(row.rate), money(row.cost))
        for row in view.misses
    ]
    held = f'<p class="soft">Holdout, measured: {_text(measured(view.holdout))}</p>' if view.holdout.held else ""
    return _section("Asked for again", _table(("left out by, of", "results", "missed", "rate", "cost"), cells) + held)


def _fixed(view: View) -> str:
    if not view.fixed:
        return ""
    cells = [
        (
            f"{row.agent}: {row.name or 'system prompt'}", tokens(row.tokens), f"{row.calls:,}" if row.name else "",
            money(row.cost), share(row.share),
        )
        for row in view.fixed
    ]  # fmt: skip
    said = f'<p class="soft">{_text(in_short(view.fixed))}</p>'
    return _section("The fixed part", said + _table(("in every request", "tokens", "calls", "cost", "bill"), cells))


def _notes(view: View) -> str:
    counted = "; ".join(calibration.says for calibration in view.calibrations) or "o200k"
    return (
        f"<footer><p>Estimated: the same requests at list prices of {_text(view.priced)} with the provider's cache, a "
        "removed token once at the price of new prompt and then at the cache-read price, less misses. Counted: tool "
        "results, each once, as o200k. Reported: the provider's own counts. The three are never added. The range is "
        f"that of how the model counts ({_text(counted)}) and of cache lifetimes that were not reported. "
        f"{UNKNOWN}: unknown.</p></footer>"
    )


def _section(title: str, inner: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{inner}\n</section>" if inner else ""


def _list(rows: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rows) + "</dl>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    lines = []
    for name, *cells in rows[:ROWS]:
        lines.append(
            f'<tr><th scope="row">{_text(name)}</th>{"".join(f"<td>{_text(cell)}</td>" for cell in cells)}</tr>'
        )
    rest = f'<p class="soft">and {len(rows) - ROWS} more</p>' if len(rows) > ROWS else ""
    body = "".join(lines)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{rest}'


def _text(text: str) -> str:
    return escape(one_line(text), quote=True)
