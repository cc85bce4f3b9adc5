"""A request body in, a smaller body out: the product in one function.

Decided once, at first sight, from what stands before it in the same request; kept in the store before the bytes leave;
replayed from then on. So what is sent for a conversation's first n turns is the start of what is sent for n + 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from headroom_wrap import reread
from headroom_wrap.marker import WAY_BACK, ref_of
from headroom_wrap.route import DEFAULT, Policy, route
from headroom_wrap.segment import Outcome, Request, Segment, Written
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

RETRIEVE = "headroom_retrieve"


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
    and settles every new segment as sent unchanged: for a worker that had to be stopped once on this body.
    Never raises for what it is given: whatever goes wrong, the bytes that came are the bytes that go.
    """
    try:
        return _rewritten(body, wire, store, policy, decide)
    except (Unreadable, UnicodeDecodeError) as error:
        return Rewritten(body, problem=f"not read: {error}")
    except Exception as error:  # noqa: BLE001 - fail-open place 2 of 2: around one request
        return Rewritten(body, problem=f"{type(error).__name__}: {error}")


def _rewritten(body: bytes, wire: Wire, store: Store | None, policy: Policy, decide: bool) -> Rewritten:
    text = body.decode()
    request = wire.read(text)
    if not request.segments:
        return Rewritten(body, request=request)
    segments = located(request, store, policy)
    outcomes = tuple(_outcomes(replace(request, segments=segments), store, policy, decide))
    edits = [(s.span, o.text) for s, o in zip(segments, outcomes, strict=True) if o.text is not None]
    sent = splice(text, edits).encode() if edits else body
    return Rewritten(sent, outcomes, request)


def located(request: Request, store: Store | None, policy: Policy) -> tuple[Segment, ...]:
    """-> the segments of a request, each with the way back that this very request has."""
    back = way_back(request.tools, policy.way_back) if store is not None else ""
    return tuple(replace(s, way_back=back) for s in request.segments) if back else request.segments


def way_back(tools: Sequence[str], choice: str = "auto") -> str:
    """-> the command that fetches an original in a request that offers these tools; empty: there is none."""
    if choice in ("auto", "mcp") and (found := next((t for t in tools if t.endswith(RETRIEVE)), "")):
        mcp = found
    else:
        mcp = ""
    shell = choice == "shell" or (choice == "auto" and any(t.lower() in SHELLS for t in tools))
    return WAY_BACK if shell else mcp


def keys(request: Request) -> list[bytes]:
    """-> a name for each segment's decision: its text, call and goal, and all that stands before it.

    The same conversation gives the same names in any process; a conversation that differs anywhere before a segment
    gives it another name, so a decision is never replayed where what it refers to is not there.
    """
    written = iter(request.written)
    following = next(written, None)
    link, out = b"", []
    for index, segment in enumerate(request.segments):
        digest = hashlib.sha256(link)
        while following is not None and following.before <= index:
            digest.update(_packed(following.path, following.text))
            following = next(written, None)
        fields = (segment.tool, segment.call, segment.goal, segment.way_back, str(segment.error), segment.text)
        digest.update(_packed(*fields))
        link = digest.digest()
        out.append(link)
    return out


def _packed(*texts: str) -> bytes:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)


def _outcomes(request: Request, store: Store | None, policy: Policy, decide: bool) -> Iterator[Outcome]:
    """The outcome of each segment in order: replayed where it is known, decided where it is new."""
    names = keys(request)
    known = _known(names, store)
    if all(name in known for name in names):
        yield from (replace(known[name], replayed=True) for name in names)
        return
    seen, waiting = reread.Seen(), list(request.written)
    for index, (segment, name) in enumerate(zip(request.segments, names, strict=True)):
        _take_in(seen, waiting, index)
        if name in known:
            outcome = replace(known[name], replayed=True)
        elif decide:
            outcome = _decided(segment, name, None if request.clears else seen, store, policy)
        else:
            outcome = _settled(name, Outcome(None, why="stopped: the worker was ended", tool=segment.tool), store)
        seen.answered(segment)
        seen.add(segment.text if outcome.text is None else outcome.text, _name_of(segment))
        yield outcome


def _take_in(seen: reread.Seen, waiting: list[Written], index: int) -> None:
    while waiting and waiting[0].before <= index:
        written = waiting.pop(0)
        seen.add(written.text, f"what you wrote to {written.path}" if written.path else "what you wrote")


def _name_of(segment: Segment) -> str:
    """How a reference calls an earlier result."""
    asked = segment.path or segment.call.split("\n")[0][:60]
    return f"the result of {segment.tool} {asked}".rstrip()


def _decided(segment: Segment, name: bytes, seen: reread.Seen | None, store: Store | None, policy: Policy) -> Outcome:
    if seen is not None and seen.again(segment):
        segment = replace(segment, way_back="")
    outcome, originals = route(segment, seen, policy)
    try:
        for original in originals:
            if store is not None and store.keep(original, tool=segment.tool, call=segment.call) != ref_of(original):
                outcome = replace(outcome, text=None, after=outcome.before, why="no reference to be had")
    except Unavailable as error:
        outcome = replace(outcome, text=None, after=outcome.before, why=f"store unavailable: {error}")
    return _settled(name, outcome, store)


_UNSETTLED: WeakKeyDictionary[Store, dict[bytes, Outcome]] = WeakKeyDictionary()
"""What was decided while a store could not be written: kept here, so that the prefix holds as long as this process."""


def _settled(name: bytes, outcome: Outcome, store: Store | None) -> Outcome:
    """The outcome that holds from now on: the first one that any process stored under this name."""
    if store is None:
        return outcome
    try:
        return store.decide({name: outcome})[name]
    except Unavailable as error:
        if outcome.omitted:
            outcome = replace(outcome, text=None, after=outcome.before, why=f"store unavailable: {error}")
        return _UNSETTLED.setdefault(store, {}).setdefault(name, outcome)


def _known(names: Sequence[bytes], store: Store | None) -> dict[bytes, Outcome]:
    if store is None:
        return {}
    unsettled = _UNSETTLED.get(store, {})
    try:
        return {**store.decided(names), **unsettled} if unsettled else store.decided(names)
    except Unavailable:
        return unsettled
