"""The legs of one client's request, as a worker computes them: the tool put in, our calls answered, the turn kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from headroom_wrap import tokens
from headroom_wrap.inject import JSON, MOST, Call, Mark, anthropic, dumps, gemini, marks_of, openai_chat
from headroom_wrap.inject import openai_responses as responses
from headroom_wrap.inject.body import LAYOUTS, Body, Edit, edited
from headroom_wrap.inject.history import chain, linked, named_response, put_in, runs, seen, start, turn
from headroom_wrap.marker import valid
from headroom_wrap.refused import Refused
from headroom_wrap.retrieve.tool import answer
from headroom_wrap.rewrite import drawn, keys, way_back
from headroom_wrap.route import Policy
from headroom_wrap.segment import Outcome, Request
from headroom_wrap.store import Store, Unavailable, UnknownRef
from headroom_wrap.wire import Wire
from headroom_wrap.wire.located import Located

_RESULT = {
    "anthropic": anthropic.result,
    "openai_chat": openai_chat.result,
    "openai_responses": responses.result,
    "gemini": gemini.result,
}
TOKENS = 20_000
"""What one call prints at most, where the model asks for all of an original."""
ENOUGH = f"{MOST} calls in a row are the limit: go on with what you have"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A client's body with our tool and the calls of earlier turns in it, and the name of its conversation so far.

    `first`: what that began with (`Request.first`).
    """

    body: bytes
    name: bytes
    first: str = ""


def prepared(raw: bytes, wire: Wire, store: Store, policy: Policy) -> Prepared | None:
    """-> what is sent instead of a body; None where it takes no tool of ours. Raises Unreadable, UnicodeDecodeError."""
    text = raw.decode()
    request = wire.read(text)
    if policy.way_back not in ("auto", "mcp") or way_back(request.tools, policy.way_back):
        return None
    if drawn(request, policy.holdout):
        return None
    body = Body.read(wire.name, text)
    if not body.takes_a_tool(request):
        return None
    previous = body.top.at("previous_response_id")
    seed = start(wire.name, previous.text() or request.first)
    if _began_without(request, seed, store):
        return None
    turns = runs(body)
    names = chain(turns, seed)
    held = _held(store, [*names, named_response(previous.text())])
    edits = [body.tool(), *_stored(body, previous, held.get(named_response(previous.text())))]
    for run, name in zip(turns, names, strict=True):
        if name in held:
            edits += put_in(body, run, marks_of(held[name]))
    return Prepared(edited(text, edits).encode(), names[-1] if names else seed, request.first)


def _began_without(request: Request, seed: bytes, store: Store) -> bool:
    """-> whether the conversation has been sent without our tool, so that the provider's cache holds it so.

    That its first result was decided on without a way back tells it; that it began with the tool is noted here.
    """
    began = linked(seed, b"with the tool")
    alone = replace(request, segments=request.segments[:1])
    decided = _held(store, [began, *keys(alone, way_back(request.tools))])
    if began in decided:
        return False
    if decided:
        return True
    _kept(store, {began: Outcome("", why="began with the tool")})
    return False


def _held(store: Store, names: Sequence[bytes]) -> dict[bytes, str]:
    """-> what is kept under these names; nothing where the store can't be read: the tool list must stay as it is."""
    try:
        return {name: outcome.text or "" for name, outcome in store.decided(names).items()}
    except Unavailable:
        return {}


def _kept(store: Store, new: Mapping[bytes, Outcome]) -> None:
    try:
        store.decide(new)
    except Unavailable:
        return  # the prefix will not hold, which costs money and breaks nothing


def _stored(body: Body, previous: Located, record: str | None) -> list[Edit]:
    """-> the edits of a body that continues a response which the provider stores, where that one had several legs."""
    if not record:
        return []
    ident, _, together = record.partition("\n")
    edits = [Edit(previous.start, previous.end, dumps(ident))]
    items = body.turns().items()
    return [*edits, Edit(items[0].start, items[0].start, f"{together},")] if together and items else edits


@dataclass(frozen=True, slots=True)
class Said:
    """A leg's turn as it comes to the worker: `Leg` without what only the stream needs. `number`: of this retrieval."""

    items: list[JSON]
    ours: list[Call]
    marks: list[Mark]
    response: str = ""
    stored: bool = False
    number: int = 1

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Said:
        """-> what `dataclasses.asdict` made of one."""
        calls, marks = [Call(**each) for each in given["ours"]], [Mark(**each) for each in given["marks"]]
        return cls(**{**given, "ours": calls, "marks": marks})


def answered(home: Path, wire: str, said: Said) -> list[JSON]:
    """-> the answers to our calls, as blocks, items or messages of this wire."""
    return [_RESULT[wire](call, *_answer(home, call, said.number)) for call in said.ours]


def _answer(home: Path, call: Call, number: int) -> tuple[str, bool]:
    """-> the text that a call gets, and whether it is an error."""
    if number > MOST:
        return ENOUGH, True
    try:
        return answer(home, call.arguments, TOKENS), False
    except (Refused, UnknownRef, ValueError) as problem:
        return " ".join(str(problem).split()), True
    except OSError as problem:
        return f"the original can't be read just now ({problem.strerror or 'store unavailable'})", True


def followed(raw: bytes, wire: str, said: Said, results: Sequence[JSON]) -> bytes:
    """-> the body of the next leg: the last one's, then the turn and our answers. Raises Unreadable."""
    body = Body.read(wire, raw.decode())
    answers = [dumps(result) for result in results]
    if wire == "openai_responses" and (said.stored or body.plain("previous_response_id")):
        return edited(body.text, _continued(body, said.response, answers)).encode()
    items = [dumps(item) for item in said.items if not _unknown_elsewhere(item)]
    if body.layout.blocks in ("content", "parts"):
        more: Iterable[str] = [turn(body, body.layout.model, items), turn(body, "user", answers)]
    else:
        more = [*items, *answers]
    return edited(body.text, [body.behind(more)]).encode()


def _unknown_elsewhere(item: JSON) -> bool:
    """-> whether an item means nothing in another request: reasoning that the provider neither keeps nor hands out."""
    return item.get("type") == "reasoning" and "summary" in item and not item.get("encrypted_content")


def _continued(body: Body, response: str, answers: Sequence[str]) -> list[Edit]:
    """-> the edits by which a body continues a response that the provider stores."""
    previous, given = body.top.at("previous_response_id"), body.turns()
    new = Edit(given.start, given.end, f"[{','.join(answers)}]")
    if previous.end:
        return [Edit(previous.start, previous.end, dumps(response)), new]
    start = body.top.start + 1
    return [Edit(start, start, f'"previous_response_id":{dumps(response)},'), new]


def marked(wire: str, said: Said, results: Sequence[JSON], at: Mark, *, together: bool) -> list[Mark]:
    """-> what the client does not see of a leg's turn: our calls and the answers. `at`: its end."""
    raw = ",".join(map(dumps, results))
    if together:
        return [*said.marks, replace(at, kind="with theirs", what=raw)]
    if wire == "openai_chat":
        return [replace(at, kind="results", what=",".join([*map(dumps, said.items), raw]))]
    return [*said.marks, replace(at, kind="results", what=raw)]


@dataclass(frozen=True, slots=True)
class Whole:
    """What the client saw of the model's turn behind the turn named `before` (hex), and the marks in it.

    `ref`: what was fetched first. `responses`: the ids of the first and the last leg where they stand for a turn.
    """

    before: str
    texts: list[str]
    ids: list[str]
    record: str
    ref: str = ""
    responses: Sequence[str] = ("", "")


def keep(store: Store, whole: Whole) -> None:
    """Keep a turn under the name that it will have when the client sends it back."""
    ref = whole.ref if valid(whole.ref) else ""  # with the original goes what was printed of it
    name = linked(bytes.fromhex(whole.before), seen(whole.texts, whole.ids))
    new = {name: Outcome(whole.record, compressor="inject", ref=ref)}
    first, last = whole.responses
    if first:
        together = next((mark.what for mark in marks_of(whole.record) if mark.kind == "with theirs"), "")
        new[named_response(first)] = Outcome(f"{last}\n{together}", compressor="inject", ref=ref)
    _kept(store, new)


@lru_cache(maxsize=4)
def cost(wire: str) -> int:
    """-> the o200k tokens of our tool's definition, which were not in the request before."""
    return tokens.count(dumps(LAYOUTS[wire].definition))
