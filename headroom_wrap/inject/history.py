"""A client's conversation in, with our calls of earlier turns put in where they were out.

The provider has cached each turn as the model gave it, our calls and their answers included. A turn is known again by
what the client saw of it (its text, the ids of its calls) and by all the model's turns before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headroom_wrap.inject import Mark, dumps
from headroom_wrap.inject.body import Body, Edit
from headroom_wrap.inject.gemini import ident, text_of
from headroom_wrap.inject.openai_responses import CALLS
from headroom_wrap.segment import fingerprint
from headroom_wrap.wire.calls import texts_of
from headroom_wrap.wire.counts import member
from headroom_wrap.wire.located import Located, literal


@dataclass(frozen=True, slots=True)
class Atom:
    """A block of a turn: its text in the body; what it says to the user, the id of a call, or that it is neither."""

    raw: str
    said: str = ""
    call: str = ""
    other: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A turn of the model in a body, characters [start, end), which may be several messages. `after`: what follows."""

    start: int
    end: int
    atoms: tuple[Atom, ...]
    after: Located | None = None
    message: Located | None = None

    def fingerprint(self) -> bytes:
        """-> what a client can't change of it without making it another turn."""
        return seen([atom.said for atom in self.atoms], [atom.call for atom in self.atoms if atom.call])


def seen(texts: Sequence[str], ids: Sequence[str]) -> bytes:
    """-> the fingerprint of a turn as a client sees it."""
    return fingerprint("".join(texts), *ids)


def linked(before: bytes, turn: bytes) -> bytes:
    """-> the name of a turn that stands behind others."""
    return hashlib.sha256(before + turn).digest()


def start(wire: str, first: str) -> bytes:
    """-> the name of a conversation before the model has said anything."""
    return fingerprint("turns", wire, first)


def chain(runs: Sequence[Run], seed: bytes) -> list[bytes]:
    """-> the name of each turn."""
    names = [seed]
    for run in runs:
        names.append(linked(names[-1], run.fingerprint()))
    return names[1:]


def runs(body: Body) -> list[Run]:
    """-> the model's turns in a body, in order."""
    items = body.turns().items()
    found: list[Run] = []
    at = 0
    while at < len(items):
        end = at
        while end < len(items) and _models(body, items[end]):
            end += 1
            if body.wire == "openai_chat":
                break
        if end == at:
            at += 1
            continue
        atoms = tuple(atom for item in items[at:end] for atom in _atoms(body, item))
        after = items[end] if end < len(items) else None
        found.append(Run(items[at].start, items[end - 1].end, atoms, after, items[at]))
        at = end
    return found


def _models(body: Body, item: Located) -> bool:
    role, kind = item.at("role").text(), item.at("type").text()
    if body.layout.blocks:
        return role == body.layout.model
    return role == "assistant" or (not role and bool(kind) and not kind.endswith("_output") and kind != "message")


def _atoms(body: Body, item: Located) -> Iterator[Atom]:
    if body.wire == "openai_responses":
        yield _item(body.text[item.start : item.end], item.plain())
        return
    if body.wire == "openai_chat":
        yield Atom("", "".join(texts_of(item.at("content").plain())))
    blocks = item.at(body.layout.blocks)
    if blocks.text():
        raw = body.text[blocks.start : blocks.end]
        yield Atom(f'{{"type":"text","text":{raw}}}', blocks.text())
    for block in blocks.items():
        yield _READ[body.wire](body.text[block.start : block.end], block.plain())


def _item(raw: str, item: Mapping[str, Any]) -> Atom:
    kind = str(item.get("type") or "message")
    if kind == "message":
        return Atom(raw, "".join(texts_of(item.get("content"))))
    call = str(item.get("call_id") or item.get("id")) if kind in CALLS else ""
    return Atom(raw, call=call, other=not call)


def _block(raw: str, block: Any) -> Atom:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text":
        return Atom(raw, str(block.get("text") or ""))
    call = str(block.get("id")) if kind == "tool_use" else ""
    return Atom(raw, call=call, other=not call)


def _call(raw: str, call: Any) -> Atom:
    return Atom(raw, call=str(call.get("id")) if isinstance(call, dict) else "")


def _part(raw: str, part: Any) -> Atom:
    part = part if isinstance(part, dict) else {}
    call, text = member(part, "functionCall") or member(part, "function_call"), text_of(part)
    if call or text:
        return Atom(raw, text, ident(call) if call else "")
    return Atom(raw, other=part != {"text": ""})


_READ = {"anthropic": _block, "openai_chat": _call, "gemini": _part}


@dataclass(slots=True)
class _Group:
    """What one leg said, and the answers that stand behind it as a turn of their own."""

    raw: list[str] = field(default_factory=list)
    results: str = ""


def put_in(body: Body, run: Run, marks: Sequence[Mark]) -> list[Edit]:
    """-> the edits that put our calls and their answers back into a turn; none where their places are not found."""
    if body.wire == "openai_chat":
        return _chat(body, run, marks)
    groups = _groups(run.atoms, marks)
    if groups is None:
        return []
    together = next((mark.what for mark in marks if mark.kind == "with theirs"), "")
    if body.wire == "openai_responses":
        flat = [raw for group in groups for raw in (*group.raw, *filter(None, [group.results]))]
        return [Edit(run.start, run.end, ",".join([*flat, *filter(None, [together])]))]
    edits = [Edit(run.start, run.end, ",".join(_written(body, groups)))]
    if together:
        answers = run.after.at(body.layout.blocks).items() if run.after else []
        if not answers:
            return []
        edits.append(Edit(answers[0].start, answers[0].start, f"{together},"))
    return edits


def _written(body: Body, groups: Sequence[_Group]) -> Iterator[str]:
    for group in groups:
        if group.raw:
            yield turn(body, body.layout.model, group.raw)
        if group.results:
            yield turn(body, "user", [group.results])


def turn(body: Body, role: str, raw: Sequence[str]) -> str:
    """-> a message of these blocks."""
    return f'{{"role":"{role}","{body.layout.blocks}":[{",".join(raw)}]}}'


def _groups(atoms: Sequence[Atom], marks: Sequence[Mark]) -> list[_Group] | None:
    """-> the legs' turns; None where a mark stands in the middle of a block, or behind the end.

    Clients may drop thinking from earlier turns: then the places are told by text and calls alone.
    """
    places = _places(atoms, marks, 3) or _places(atoms, marks, 2)
    if places is None:
        return None
    groups = [_Group()]
    for index in range(len(atoms) + 1):
        for mark in (mark for mark, place in zip(marks, places, strict=True) if place == index):
            if mark.kind == "call":
                groups[-1].raw.append(mark.what)
            elif mark.kind == "results":
                groups[-1].results = mark.what
                groups.append(_Group())
        if index < len(atoms):
            groups[-1].raw.append(atoms[index].raw)
    return groups


def _places(atoms: Sequence[Atom], marks: Sequence[Mark], counted: int) -> list[int] | None:
    measure, before = (0, 0, 0), {(0, 0, 0)[:counted]: 0}
    for index, atom in enumerate(atoms):
        measure = (measure[0] + len(atom.said), measure[1] + bool(atom.call), measure[2] + atom.other)
        before.setdefault(measure[:counted], index + 1)
    places = [before.get((mark.chars, mark.calls, mark.others)[:counted]) for mark in marks]
    return None if None in places else [place for place in places if place is not None]


def _chat(body: Body, run: Run, marks: Sequence[Mark]) -> list[Edit]:
    """-> the messages of the legs before, and this one with what they had said taken from its texts."""
    message = run.message
    if message is None:
        return []
    earlier = ",".join(mark.what for mark in marks if mark.kind == "results")
    edits = [Edit(run.start, run.start, f"{earlier},")] if earlier else []
    for key, text in _said(json.loads(f"[{earlier}]")).items():
        place = message.at(key)
        if place.text().startswith(text):
            raw = body.text[place.start : place.end]
            edits.append(Edit(place.start, place.end, literal(place.text()[len(text) :], raw)))
        elif key == "content":
            return []
    calls = message.at("tool_calls").items()
    for mark in (mark for mark in marks if mark.kind == "call" and calls):
        known = mark.calls < len(calls)
        at = calls[mark.calls].start if known else calls[-1].end
        edits.append(Edit(at, at, f"{mark.what}," if known else f",{mark.what}"))
    together = [mark.what for mark in marks if mark.kind == "with theirs"]
    return [*edits, *(Edit(run.end, run.end, f",{what}") for what in together)]


def _said(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """-> the texts of the model's messages, by the member that holds them."""
    said: dict[str, str] = {}
    for message in messages:
        texts = message.items() if message.get("role") == "assistant" else ()
        for key, value in texts:
            if isinstance(value, str) and value and key != "role":
                said[key] = said.get(key, "") + value
    return said


def named_response(ident: str) -> bytes:
    """-> the name under which is kept what a client doesn't know of a response that the provider stores."""
    return fingerprint("response", dumps(ident))
