"""A path of ours on the proxy's own port in; the health, the rows of the dashboard, or metrics for Prometheus out.

Nothing of it leaves the machine by itself: who wants the figures asks for them.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from headroom_wrap.ledger import Totals
from headroom_wrap.ledger.view import View, plain, read
from headroom_wrap.prices import BadPrices
from headroom_wrap.store import Unavailable

HEALTH, STATS, METRICS = "/headroom/health", "/headroom/stats", "/metrics"
PATHS = (HEALTH, STATS, METRICS)
TEXT = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"


class Said(NamedTuple):
    """An answer: status, content type, body."""

    status: int
    kind: str
    body: bytes


def asked(path: str) -> str:
    """-> which of ours a request's path (query string included) is, "" for none."""
    bare = path.partition("?")[0]
    return bare if bare in PATHS else ""


def answer(path: str, home: Path, now: dict[str, Any]) -> Said:
    """-> what a GET of one of ours is answered; `now`: what the proxy knows of itself. Reads the ledger."""
    if path == HEALTH:
        return _json(200, {"status": "ok", **now})
    try:
        view = read(home, time.time())
    except (Unavailable, BadPrices) as error:
        return _json(503, {"error": {"type": "unavailable", "message": str(error)}})
    if path == STATS:
        return _json(200, plain(view))
    return Said(200, TEXT, "".join(f"{line}\n" for line in exposition(view, now)).encode("utf-8", "replace"))


def _json(status: int, values: dict[str, Any]) -> Said:
    return Said(status, JSON, json.dumps(values).encode())


def exposition(view: View, now: dict[str, Any]) -> Iterator[str]:
    """-> the lines of Prometheus' text format. Counters fall only when the user removes rows from the ledger."""
    yield from _metric("headroom_up", "gauge", "The proxy answers.", [({}, 1)])
    busy: Rows = [({}, now["busy"])] if "busy" in now else []
    yield from _metric("headroom_workers_busy", "gauge", "Workers that have a body to rewrite.", busy)
    for name, says, values in _BY_MODEL:
        rows = [({"model": row.name, **labels}, value) for row in view.models for labels, value in values(row)]
        kind = "gauge" if name.endswith("dollars") else "counter"
        yield from _metric(name, kind, says, rows)
    removed = [({"compressor": part.name}, part.before - part.after) for part in view.compressors]
    yield from _metric("headroom_compressor_removed_tokens_total", "counter", "Tokens that each removed.", removed)
    passed = [({"why": one.why}, one.tokens) for one in view.passed]
    yield from _metric("headroom_passed_tokens_total", "counter", "Tokens of results sent as they came.", passed)
    missed = [({"compressor": row.compressor, "tool": row.tool}, row.missed) for row in view.misses]
    yield from _metric(
        "headroom_missed_results_total", "counter", "Shortened results that were asked for again.", missed
    )
    yield from _metric("headroom_alarms", "gauge", "What is wrong, of the last 7 days.", [({}, len(view.alarms))])


Rows = Sequence[tuple[dict[str, str], float]]


def _metric(name: str, kind: str, says: str, rows: Rows) -> Iterator[str]:
    if rows:
        yield f"# HELP {name} {says}"
        yield f"# TYPE {name} {kind}"
    for labels, value in rows:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inner}}} {value:g}" if isinstance(value, float) else f"{name}{{{inner}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _reported(row: Totals) -> Rows:
    kinds = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
    return [({"kind": kind}, getattr(row, kind)) for kind in kinds]


def _dollars(row: Totals) -> Rows:
    named = (("bill", row.bill), ("saved", row.net), ("saved_low", row.low), ("saved_high", row.high))
    return [({"kind": kind}, value) for kind, value in named if value is not None]


_BY_MODEL: tuple[tuple[str, str, Callable[[Totals], Rows]], ...] = (
    ("headroom_requests_total", "Requests.", lambda row: [
        ({"answered": "yes"}, row.exchanges), ({"answered": "no"}, row.failed),
    ]),
    ("headroom_reported_tokens_total", "Tokens that the provider reported.", _reported),
    ("headroom_result_tokens_total", "Tokens of tool results, each once, o200k.", lambda row: [
        ({"state": "came"}, row.before), ({"state": "sent"}, row.after),
    ]),
    ("headroom_removed_tokens_total", "Tokens missing from all bodies sent, o200k.", lambda row: [({}, row.removed)]),
    ("headroom_dollars", "At list prices, estimated.", _dollars),
)  # fmt: skip
