"""A new result and what was sent before it in; out: whether the agent asked again for what an earlier form left out.

Three kinds, each against the reference of the result that was shortened: "get" (our command or MCP tool fetched it),
"read" (the agent read a folded range of the same file, or asked the very same again), "edit" (it changed text that it
had never been shown). Only references are kept, no text of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from headroom_wrap.marker import WAY_BACK
from headroom_wrap.segment import Outcome, Segment

KINDS = ("get", "read", "edit")
FEW = 3
"""Folded lines that a read must show to count: one alone also stands elsewhere."""

_GET = re.compile(rf"\b{WAY_BACK}\s+[\"']?([0-9a-hjkmnp-tv-z]{{11,52}})\b")
_RETRIEVE = re.compile(r"\bref=[\"']?([0-9a-hjkmnp-tv-z]{11,52})\b")
_NARROW = re.compile(
    r"\b(?:offset|limit|start_line|end_line|view_range|line_start|line_end)\b|\bsed\s+-n|\b(?:head|tail)\s+-|\bNR\b"
)
_FILE = re.compile(r"[\w./~@+-]*[\w@+-]\.\w+")
_OLD = re.compile(
    r"\b(?:old_string|oldString|oldText|old_str)=(.*?)(?= (?:new_string|newString|newText|new_str)=|\Z)", re.S
)
_PATCH = "*** Begin Patch"
_NUMBERED = re.compile(r"[ \t]*L?\d+(?:\t|→|: ?|-| \| ?)")
_SHORT = 8
_OTHER_SHAPE = ("records", "search", "listing")
"""Compressors whose forms aren't lines of the original: what they left out can't be told by looking for lines."""


@dataclass(frozen=True)
class Past:
    """An earlier result and what was sent of it. What is found out of it is kept: each later result may ask."""

    segment: Segment
    outcome: Outcome

    @cached_property
    def files(self) -> frozenset[str]:
        """The names of the files that its call speaks of."""
        return _files(self.segment)

    @cached_property
    def shown(self) -> frozenset[str]:
        """The lines that were sent."""
        return _lines(self.segment.text if self.outcome.text is None else self.outcome.text)

    @cached_property
    def hidden(self) -> frozenset[str]:
        """The lines that were left out."""
        if self.outcome.text is None or not self.outcome.omitted:
            return frozenset()
        other = set(self.outcome.compressor.split("+")) & {*_OTHER_SHAPE}
        return frozenset() if other else _lines(self.segment.text) - self.shown


def missed(segment: Segment, earlier: Sequence[Past]) -> str:
    """-> "get", "read" or "edit" and the reference of the shortened result, such as "get 4f2a9c0d1e2"; "" for none.

    `earlier` are the results before this one in the same request, with what was sent of them.
    """
    if earlier and earlier[-1].outcome.missed and earlier[-1].segment.call == segment.call != "":
        return ""  # another text of the same result: Codex's exec answers with two
    if ref := _fetched(segment):
        return f"get {_holder(ref, earlier)}"
    if same := next(
        (past for past in reversed(earlier) if _same(segment, past.segment) and past.outcome.omitted), None
    ):
        return f"read {same.outcome.ref}"
    old = _edited(segment.call)
    lines = old if old else _lines(segment.text) if _NARROW.search(segment.call) else frozenset()
    if not lines:
        return ""
    shown = frozenset[str]()
    files = _files(segment)
    for past in reversed(earlier):
        if files.isdisjoint(past.files):
            continue
        hits = (lines & past.hidden) - shown
        if len(hits) >= (1 if old else min(FEW, len(lines))):
            return f"{'edit' if old else 'read'} {past.outcome.ref}"
        shown |= lines & past.shown
    return ""


def asked_back(segment: Segment, earlier: Sequence[Past]) -> bool:
    """-> whether the agent asked for what an earlier form left out: most lines of a narrow read are of that."""
    if not _NARROW.search(segment.call):
        return False
    lines, files = _lines(segment.text), _files(segment)
    return any(2 * len(lines & past.hidden) > len(lines) for past in earlier if not files.isdisjoint(past.files))


def _fetched(segment: Segment) -> str:
    """-> the reference that a call of ours asked for."""
    pattern = _RETRIEVE if segment.tool.endswith("headroom_retrieve") else _GET
    found = pattern.search(segment.call)
    return found[1] if found else ""


def _holder(ref: str, earlier: Sequence[Past]) -> str:
    """-> the reference of the whole result whose marker names `ref`, which may be that of a part of it."""
    return next((past.outcome.ref for past in earlier if past.outcome.text and ref in past.outcome.text), ref)


def _same(segment: Segment, before: Segment) -> bool:
    return segment.call == before.call != "" and segment.text == before.text


def _edited(call: str) -> frozenset[str]:
    """-> the lines that an edit replaces or looks for."""
    texts = [found[1] for found in _OLD.finditer(call)]
    if _PATCH in call:
        texts += [line[1:] for line in call.split("\n") if line[:1] in "- " and not line.startswith("---")]
    return frozenset[str]().union(*map(_lines, texts))


def _files(segment: Segment) -> frozenset[str]:
    """-> the names of the files that a call speaks of, without their folders: agents write paths in several ways."""
    named = [segment.path] if segment.path else _FILE.findall(segment.call[:2000])
    return frozenset(path.rpartition("/")[2] for path in named)


def _lines(text: str) -> frozenset[str]:
    """-> the lines that say something, without numbers in front of them and space around them."""
    return frozenset(_bare(text))


def _bare(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        bare = _NUMBERED.sub("", line, count=1).strip()
        if len(bare) >= _SHORT:
            yield bare
