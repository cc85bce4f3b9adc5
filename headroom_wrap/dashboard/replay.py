"""What a replay found and its ledger's sums in; the screen out, and the same as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from headroom_wrap.counted import counted
from headroom_wrap.dashboard.tables import Figures, limited
from headroom_wrap.dashboard.words import UNKNOWN, Readable, money, one_line, share, tokens
from headroom_wrap.ledger import Part, Totals
from headroom_wrap.replay.run import Count

ROWS = 10


@dataclass(frozen=True, slots=True)
class Replayed:
    """The sums of a replay. Bills are without us, since that is how the sessions ran."""

    count: Count
    all: Totals
    agents: tuple[Totals, ...]
    sessions: tuple[Totals, ...]
    compressors: tuple[Part, ...]
    priced: str


def effect(sums: Totals) -> float | None:
    """-> what would have been saved as a share of the whole bill."""
    return sums.saved / sums.bill if sums.bill and sums.saved is not None else None


def screen(found: Replayed) -> Readable:
    """-> the result of a replay, for any width from 60 columns on."""
    parts: list[RenderableType] = [_headline(found), Text(), _groups("agent", found.agents)]
    parts += [Text(), _groups("session", found.sessions), Text(), _parts(found.compressors), Text(), _notes(found)]
    return Readable(Group(*parts))


def plain(found: Replayed) -> dict[str, Any]:
    """-> the same as JSON knows it; `effect`: a share of the whole bill, or null."""
    values = asdict(found)
    for name in ("agents", "sessions"):
        values[name] = [{**asdict(row), "effect": effect(row)} for row in getattr(found, name)]
    values["all"]["effect"] = effect(found.all)
    return values


def _headline(found: Replayed) -> Text:
    sums = found.all
    known = effect(sums)
    what = f"{counted(found.count.sessions, 'past session')}, {counted(found.count.requests, 'request')}"
    removed = f"{tokens(sums.before - sums.after)} of {tokens(sums.before)} tokens of tool results left out"
    if known is None:
        return Text.assemble((removed, "bold"), f" · effect on the bill {UNKNOWN}\n{what}")
    word = "would have been saved" if known >= 0 else "would have been added"
    style = "bold green" if known > 0 else "bold red" if known < 0 else "bold"
    of = f"{money(abs(sums.saved or 0))} of {money(sums.bill)} at list prices"
    return Text.assemble((f"{share(abs(known))} of the whole bill {word}", style), f" · {of}\n{what} · {removed}")


def _groups(title: str, rows: Sequence[Totals]) -> RenderableType:
    shown = Figures(title, ("requests", "results", "removed", "bill", "saved"), shed=("requests", "results"))
    for sums in rows[:ROWS]:
        cells = (tokens(sums.before), share(sums.before - sums.after, sums.before), money(sums.bill))
        shown.add(_short(one_line(sums.name)) or UNKNOWN, f"{sums.exchanges:,}", *cells, share(effect(sums)))
    return limited(shown, len(rows))


def _short(name: str) -> str:
    """-> "shop/2e874ee4" of a session's whole name."""
    project, slash, session = name.rpartition("/")
    return f"{project}{slash}{session[:12]}"


def _parts(rows: Sequence[Part]) -> RenderableType:
    shown = Figures("compressor", ("results", "tokens", "removed"))
    for part in rows[:ROWS]:
        shown.add(
            one_line(part.name), f"{part.segments:,}", tokens(part.before), share(part.before - part.after, part.before)
        )
    return limited(shown, len(rows))


def _notes(found: Replayed) -> Text:
    count, sums = found.count, found.all
    notes = [
        "Nothing was sent anywhere. bill: what the sessions cost at list prices with the provider's cache "
        f"(prices of {found.priced}); on a subscription read it as limits. saved: the share of it, each token left out "
        "once at the price of new prompt and then at the cache-read price. What the agent would have fetched back is "
        "not in it: see `headroom stats --misses` once you have used it.",
    ]
    if count.assumed:
        notes.append(
            f"{count.assumed:,} of {counted(count.requests, 'request')} stand in logs without the provider's counts: "
            "for them a 5-minute cache and 18,000 tokens of system prompt and tools are assumed."
        )
    if count.ours:
        notes.append(f"{counted(count.ours, 'conversation')} went through headroom or the like already: left out.")
    if sums.unpriced:
        notes.append(
            f"{counted(sums.unpriced, 'request')} went to models without a known price: in no bill, in no saving."
        )
    return Text("\n".join(notes), style="dim")
