"""Rows of the ledger in; what the user should know is wrong out, one line each."""

from __future__ import annotations

from headroom_wrap.counted import counted
from headroom_wrap.ledger.tables import IN_WINDOW, SENT, Window
from headroom_wrap.store.database import Database

ALARM_TOKENS = 20_000
"""So many eligible tokens, and not one removed: then something is wrong (an encoding, a new wire shape)."""
ELIGIBLE = 200
"""Tokens from which on a segment counts as eligible."""
BLIND_BYTES = 200_000
"""A request of this size without a single tool result, three times, hints at a wire shape that we can't read."""


def alarms(database: Database, window: Window) -> tuple[str, ...]:
    """-> errors, prefix breaks of ours, and traffic of which nothing was saved."""
    values = {**window._asdict(), "blind": BLIND_BYTES, "much": ALARM_TOKENS, "little": ELIGIBLE}
    lines = [f"{text} (requests: {count})" for text, count in database.read(_PROBLEMS, values)]
    lines += [f"{why} (segments: {count})" for why, count in database.read(_FAULTS, values)]
    for agent, tokens in database.read(_IDLE, values):
        lines.append(f"{agent}: nothing saved on {tokens:,} eligible tokens")
    for agent, count in database.read(_BLIND, values):
        lines.append(
            f"{agent}: no tool result found in any of {counted(count, 'large request')}; its format may be new"
        )
    for agent, count, tokens in database.read(_BROKEN, values):
        lines.append(
            f"{agent}: {counted(count, 'request')} broke the provider's cache, {tokens:,} tokens were written again"
        )
    return tuple(lines)


_PROBLEMS = f"SELECT problem, count(*) FROM exchanges WHERE problem != '' AND {IN_WINDOW} GROUP BY 1 ORDER BY 2 DESC, 1"
_FAULTS = f"""
    SELECT why, count(*) {SENT} AND NOT changed AND (why GLOB '[A-Z]* in *' OR why GLOB 'raised *'
        OR why GLOB 'stopped*' OR why GLOB 'store unavailable*') GROUP BY 1 ORDER BY 2 DESC, 1
"""
_IDLE = f"""
    SELECT agent, sum(before) AS tokens {SENT}
        AND (changed OR before >= :little AND why NOT IN ('small', 'error result', 'holdout'))
    GROUP BY 1 HAVING tokens >= :much AND sum(changed) = 0 ORDER BY 1
"""
_BLIND = f"""
    SELECT agent, count(*) FROM exchanges WHERE ok AND body_before >= :blind AND {IN_WINDOW}
    GROUP BY 1 HAVING count(*) >= 3 AND sum(segments) = 0 ORDER BY 1
"""
_BROKEN = f"""
    SELECT agent, count(*), sum(broke) FROM exchanges WHERE ok AND broke > 0 AND {IN_WINDOW} GROUP BY 1 ORDER BY 1
"""
