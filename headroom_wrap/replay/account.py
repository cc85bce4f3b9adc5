"""A past conversation in; out, its requests as the ledger keeps them, had they gone through us."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from headroom_wrap.marker import ref_of
from headroom_wrap.replay.past import Asked, Conversation
from headroom_wrap.rewrite import rewrite
from headroom_wrap.route import Policy
from headroom_wrap.segment import Exchange, Outcome, Segment, Usage
from headroom_wrap.store import UnknownRef
from headroom_wrap.tokens import count
from headroom_wrap.wire import Wire, anthropic, gemini, openai_chat, openai_responses

FIXED = 18_000
"""Tokens of system prompt and tool definitions where no log says how many there were: about Claude Code's own."""
LIFETIME = 300.0
"""Seconds after which a cache that was not read lapses, where no log says what was read from it."""

_WIRES: dict[str, tuple[Wire, str]] = {
    "anthropic": (anthropic, "messages"),
    "openai_chat": (openai_chat, "messages"),
    "openai_responses": (openai_responses, "input"),
    "gemini": (gemini, "contents"),
}


class Decisions:
    """A `Store` for one session that is looked at and forgotten: decisions in memory, originals not kept at all."""

    def __init__(self) -> None:
        self._decided: dict[bytes, Outcome] = {}

    def keep(self, text: str, *, tool: str = "", call: str = "") -> str:
        """-> the reference that a text would have."""
        return ref_of(text)

    def restore(self, ref: str) -> str:
        """Raises UnknownRef: nothing is kept."""
        raise UnknownRef(ref)

    def decided(self, keys: Sequence[bytes]) -> dict[bytes, Outcome]:
        """-> what was decided of these."""
        return {key: self._decided[key] for key in keys if key in self._decided}

    def decide(self, new: Mapping[bytes, Outcome]) -> dict[bytes, Outcome]:
        """-> the outcomes that hold: the first of each."""
        return {key: self._decided.setdefault(key, outcome) for key, outcome in new.items()}


def exchanges(conversation: Conversation, agent: str, store: Decisions, policy: Policy) -> Iterator[Exchange]:
    """-> one exchange for each request, oldest first. `usage` is as it was without us: as the log has it, or assumed
    where the log has none at all. A request that alone has none was broken off, and has no status.

    What is sent for a request is the beginning of what is sent for the last one ("history stays put"), so the
    conversation is rewritten once, whole.
    """
    if not conversation.requests:
        return
    assumed = not any(request.counted for request in conversation.requests)
    outcomes, first_of = _outcomes(conversation, store, policy, assumed)
    usages = _assumed(conversation) if assumed else [request.usage for request in conversation.requests]
    again = [replace(outcome, replayed=True) for outcome in outcomes]
    shown = 0
    for request, usage in zip(conversation.requests, usages, strict=True):
        carried = bisect_right(first_of, request.carried - 1)
        yield Exchange(
            session=f"{conversation.project}/{conversation.session}",
            agent=agent,
            wire=conversation.wire,
            model=request.model,
            started=request.at,
            ended=request.at,
            status=200 if assumed or request.counted else 0,
            usage=usage,
            outcomes=(*again[:shown], *outcomes[shown:carried]),
            project=conversation.project,
        )
        shown = max(shown, carried)


def went_through_us(made: Sequence[Exchange], kept: Callable[[str], bool]) -> bool:
    """-> whether a conversation was sent through us already: of every result that we would shorten the original is
    `kept` under its reference; or the provider counted fewer tokens than the results alone have as the log shows them.

    Providers count more than o200k does, and the system prompt on top: somebody shortened what was sent.
    """
    refs = {outcome.ref for exchange in made for outcome in exchange.outcomes if outcome.text is not None}
    if refs and all(map(kept, refs)):
        return True
    counted = [exchange for exchange in made if exchange.outcomes and _prompt(exchange.usage)]
    return any(_prompt(each.usage) < 0.9 * sum(outcome.before for outcome in each.outcomes) for each in counted)


def _prompt(usage: Usage) -> int:
    return sum(part or 0 for part in (usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h))


def _outcomes(
    conversation: Conversation, store: Decisions, policy: Policy, as_json: bool
) -> tuple[tuple[Outcome, ...], tuple[int, ...]]:
    """-> the outcome of every result in the conversation, and the item that each stands in.

    `as_json`: counted as they stand in the body, like the whole conversation where no log has the provider's counts.
    """
    wire, key = _WIRES[conversation.wire]
    head = f'{{"tools": {json.dumps(_tools(conversation))}, "{key}": ['
    items = [json.dumps(item, ensure_ascii=False) for item in conversation.items]
    starts = list(accumulate((len(item) + 1 for item in items), initial=len(head)))
    body = f"{head}{','.join(items)}]}}".encode("utf-8", "replace")
    made = rewrite(body, wire, store, policy)
    segments = made.request.segments if made.request else ()
    places = tuple(bisect_right(starts, segment.span.start) - 1 for segment in segments)
    pairs = zip(segments, made.outcomes, strict=True)
    return tuple(_in_body(*pair) for pair in pairs) if as_json else made.outcomes, places


def _in_body(segment: Segment, outcome: Outcome) -> Outcome:
    if outcome.text is None:
        return outcome
    return replace(outcome, before=_size(segment.text), after=_size(outcome.text))


def _size(value: object) -> int:
    """-> o200k tokens of a value as JSON."""
    return count(json.dumps(value, ensure_ascii=False))


def _tools(conversation: Conversation) -> list[dict[str, object]]:
    """-> the tools in the shape of their wire; only the names count."""
    if conversation.wire == "openai_chat":
        return [{"type": "function", "function": {"name": name}} for name in conversation.tools]
    if conversation.wire == "gemini":
        return [{"functionDeclarations": [{"name": name} for name in conversation.tools]}]
    return [{"type": "function", "name": name} for name in conversation.tools]


def _assumed(conversation: Conversation) -> list[Usage]:
    """-> what a provider with a prefix cache would have counted for each request, in o200k tokens."""
    sizes = [_size(item) for item in conversation.items]
    upto = list(accumulate(sizes, initial=FIXED))
    usages: list[Usage] = []
    before = Asked(0, float("-inf"))
    for request in conversation.requests:
        warm = request.at - before.at <= LIFETIME and request.carried >= before.carried > 0
        read = upto[before.carried] if warm else 0
        answer = sum(sizes[request.carried : request.carried + request.answered])
        usages.append(Usage(0, answer, read, upto[request.carried] - read))
        before = request
    return usages
