"""A request body in, a smaller body out: the product in one function.

Decided once, at first sight, from what stands before it in the same request; kept in the store before the bytes leave;
replayed from then on. So what is sent for a conversation's first n turns is the start of what is sent for n + 1.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from headroom_wrap import numbering, reread
from headroom_wrap.marker import RETRIEVE, WAY_BACK, ref_of
from headroom_wrap.misses import Past, asked_back, missed
from headroom_wrap.route import DEFAULT, Policy, route
from headroom_wrap.segment import HOLDOUT, Outcome, Request, Segment, fingerprint
from headroom_wrap.store import Store, Unavailable
from headroom_wrap.wire import Unreadable, Wire
from headroom_wrap.wire.located import splice

SHELLS = frozenset(
    (
        *("bash", "shell", "exec", "exec_command", "local_shell", "shell_command", "unified_exec", "container.exec"),
        *("run_shell_command", "execute_command", "execute_bash", "bash_execute", "execute", "terminal"),
        *("run_command", "run_commands", "run_terminal_cmd", "run_in_terminal"),
    )
)
"""Tools of a dozen agents that run a command where the user's `headroom` is; compared in lower case."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What goes upstream. `body` is the very object that came in when nothing changes.

    `problem` says why a body was not read; empty where it was.
    """

    body: bytes
    outcomes: tuple[Outcome, ...] = ()
    request: Request | None = None
    problem: str = ""


def rewrite(
    body: bytes, wire: Wire, store: Store | None, policy: Policy = DEFAULT, *, decide: bool = True
) -> Rewritten:
    """-> the body with its tool results compressed, and what became of each.

    `body` is the decoded JSON. Without a store only lossless forms are used. `decide=False` replays what was decided
    and settles every new segment as sent unchanged, and does nothing else: for a body on which a worker was lost, and
    for one on which deciding failed. Never raises for what it is given: where that fails too, the bytes that came are
    the bytes that go.
    """
    try:
        return _rewritten(body, wire, store, policy, decide)
    except (Unreadable, UnicodeDecodeError) as error:
        return Rewritten(body, problem=f"not read: {error}")
    except Exception as error:  # noqa: BLE001 - fail-open place 2 of 2: around one request
        problem = f"{type(error).__name__} in {_place(error)}"
        replayed = rewrite(body, wire, store, policy, decide=False) if decide else Rewritten(body)
        return replace(replayed, problem=problem)


def _place(error: Exception) -> str:
    """-> where an exception came from; never its message, which may quote the request."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "" if last is None else f"{Path(last.tb_frame.f_code.co_filename).name}, line {last.tb_lineno}"


def _rewritten(body: bytes, wire: Wire, store: Store | None, policy: Policy, decide: bool) -> Rewritten:
    text = body.decode()
    request = wire.read(text)
    if not request.segments:
        return Rewritten(body, request=request)
    back = way_back(request.tools, policy.way_back) if store is not None else ""
    outcomes = tuple(_Run(store, back, policy, decide).outcomes(request))
    edits = [(s.span, o.text) for s, o in zip(request.segments, outcomes, strict=True) if o.text is not None]
    sent = splice(text, edits).encode() if edits else body
    return Rewritten(sent, outcomes, request)


def way_back(tools: Sequence[str], choice: str = "auto") -> str:
    """-> the command that fetches an original in a request that offers these tools; empty: there is none."""
    if choice in ("auto", "mcp") and (found := next((t for t in tools if t.endswith(RETRIEVE)), "")):
        mcp = found
    else:
        mcp = ""
    shell = choice == "shell" or (choice == "auto" and any(t.lower() in SHELLS for t in tools))
    return WAY_BACK if shell else mcp


def drawn(request: Request, holdout: float) -> bool:
    """-> whether a conversation is one of the share that is left untouched, drawn by its first message."""
    return bool(request.first) and int.from_bytes(fingerprint(request.first)[:8], "big") / 2**64 < holdout


def keys(request: Request, back: str = "") -> list[bytes]:
    """-> a name for each segment's decision: its text, call and goal, and all that stands before it.

    The same conversation gives the same names in any process; a conversation that differs anywhere before a segment
    gives it another name, so a decision is never replayed where what it refers to is not there.
    """
    written = deque(request.written)
    link, out = hashlib.sha256(back.encode()).digest(), []
    for index, segment in enumerate(request.segments):
        while written and written[0].before <= index:
            link += fingerprint(written[0].path, written.popleft().text)
        link = hashlib.sha256(link + segment.fingerprint()).digest()
        out.append(link)
    return out


@dataclass(slots=True)
class _Run:
    """One request on its way: where decisions are kept, which way back it has, what the user chose.

    `trouble`: the store failed in this request and is not asked again, since a locked one takes seconds to say so.
    """

    store: Store | None
    back: str
    policy: Policy
    decide: bool
    trouble: Unavailable | None = None

    def outcomes(self, request: Request) -> Iterator[Outcome]:
        """The outcome of each segment in order: replayed where it is known, decided where it is new."""
        names = keys(request, way_back(request.tools))  # as offered: what the user sets must not move the history
        known = self._known(names)
        if not self.decide or all(name in known for name in names):
            for segment, name in zip(request.segments, names, strict=True):
                given_up = Outcome(None, why="given up with its request", tool=segment.tool)
                yield _replayed(known[name]) if name in known else self._settled(name, given_up)
            return
        self.policy = replace(self.policy, holdout=float(self._held(request, known)))
        seen, written = reread.Seen(), deque(request.written)
        earlier: list[Past] = []
        for index, (segment, name) in enumerate(zip(request.segments, names, strict=True)):
            while written and written[0].before <= index:
                seen.add(written[0].text, f"what you wrote to {written.popleft().path}".removesuffix(" to "))
            if name in known:
                outcome = _replayed(known[name])
            else:
                again = missed(segment, earlier)
                whole = seen.again(segment) or (again and asked_back(segment, earlier))
                given = replace(segment, way_back="" if whole else self.back)
                new = self._new(given, None if request.clears else seen)
                outcome = self._settled(name, replace(new, missed=again))
            earlier.append(Past(segment, outcome))
            seen.answered(segment)
            sent = segment.text if outcome.text is None else outcome.text
            seen.add(numbering.expand(sent), _name_of(segment))
            yield outcome

    def _held(self, request: Request, known: Mapping[bytes, Outcome]) -> bool:
        """Whether this conversation is left untouched: as its first results were, or drawn by its first message."""
        if known:
            return any(outcome.why == HOLDOUT for outcome in known.values())
        return drawn(request, self.policy.holdout)

    def _new(self, segment: Segment, seen: reread.Seen | None) -> Outcome:
        """What is decided of a segment seen for the first time; its originals are stored when this returns."""
        outcome, originals = route(segment, seen, self.policy)
        if self.store is None:
            return outcome
        try:
            refs = [self.store.keep(original, tool=segment.tool, call=segment.call) for original in originals]
        except Unavailable as error:
            return _given_up(outcome, error)
        if refs != [ref_of(original) for original in originals]:
            return replace(outcome, text=None, after=outcome.before, why="its reference is taken")
        return outcome

    def _settled(self, name: bytes, outcome: Outcome) -> Outcome:
        """The outcome that holds from now on: the first one that any process stored under this name."""
        if self.store is None:
            return outcome
        if self.trouble is None:
            try:
                return self.store.decide({name: outcome})[name]
            except Unavailable as error:
                self.trouble = error
        outcome = _given_up(outcome, self.trouble) if outcome.text is not None else outcome
        return _UNSETTLED.setdefault(self.store, {}).setdefault(name, outcome)

    def _known(self, names: Sequence[bytes]) -> dict[bytes, Outcome]:
        """What was decided of these before, as far as the store can be read."""
        if self.store is None:
            return {}
        unsettled = _UNSETTLED.get(self.store, {})
        ours = {name: unsettled[name] for name in names if name in unsettled}
        try:
            if unsettled:
                _settle_late(self.store, unsettled)
        except Unavailable as error:
            self.trouble = error
        try:
            return {**self.store.decided(names), **ours}
        except Unavailable as error:
            self.trouble = error
            return ours


def _replayed(outcome: Outcome) -> Outcome:
    return outcome if outcome.replayed else replace(outcome, replayed=True)


def _given_up(outcome: Outcome, error: Unavailable) -> Outcome:
    return replace(outcome, text=None, after=outcome.before, why=f"store unavailable: {error}")


def _name_of(segment: Segment) -> str:
    """How a reference calls an earlier result."""
    asked = segment.path or segment.call.split("\n")[0][:60]
    return f"the result of {segment.tool} {asked}".rstrip()


_UNSETTLED: WeakKeyDictionary[Store, dict[bytes, Outcome]] = WeakKeyDictionary()
"""What was decided while a store could not be written: kept here until it can, so that the prefix holds."""


def unsettled(store: Store) -> dict[bytes, Outcome]:
    """-> what this process has sent as it came because the store could not be written, and still can't have stored."""
    return dict(_UNSETTLED.get(store, {}))


def take_over(store: Store, outcomes: Mapping[bytes, Outcome]) -> None:
    """Know as unsettled these and no others: what all processes that serve one agent have found so far."""
    _UNSETTLED[store] = dict(outcomes)


def _settle_late(store: Store, unsettled: dict[bytes, Outcome]) -> None:
    """Store what could not be stored before. What another process has decided otherwise meanwhile stays ours here."""
    held = store.decide(unsettled)
    _UNSETTLED[store] = {name: outcome for name, outcome in unsettled.items() if held[name] != outcome}
