"""A tool result in; the pieces of it that are the tool's own output out; what agents wrap around it stays exact.

Agents put results into tags, headers, JSON strings and notices. Only the payload is compressed; the envelope is put
back to the letter. Shapes as measured on twelve agents (docs/agents.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters [start, end) of a result. `literal`: they are a JSON string literal, and `text` is what it says."""

    start: int
    end: int
    text: str
    literal: bool = False


PIECE_CHARS = 400
"""Strings inside JSON shorter than this stay as they are: a marker would cost more than it saves."""

_HEADS = (
    # mini-swe-agent, opencode, gemini: a tag in front, a tag behind.
    re.compile(r"\s*(?:<returncode>-?\d+</returncode>\s*)?<output>\n?"),
    re.compile(r"\s*<path>[^<\n]*</path>\s*<type>file</type>\s*<content>\n?"),
    re.compile(r"\s*<untrusted_context>\n(?:Output: )?"),
    # Codex: Chunk ID / Wall time / Process exited / Original token count, then "Output:".
    re.compile(
        r"(?:(?:Chunk ID|Wall time|Process exited|Exit code|Original token count|Total output lines)[^\n]*\n){1,6}"
        r"(?:Output:\n)?"
    ),
    re.compile(r"Script completed\nWall time [^\n]*\nOutput:\n"),
    # Qwen Code.
    re.compile(r"Command: [^\n]*\nDirectory: [^\n]*\nOutput: "),
    # OpenHands and Continue announce the file.
    re.compile(r"Here's the result of running `cat -n` on [^\n]*:\n"),
    re.compile(r"Content of [^\n]*:\n"),
)
_STATUS = re.compile("(?:Stderr|Error|Exit Code|Signal|Background PIDs|Process Group PGID):")
_ITEM = (
    r"\s*<system-reminder>(?:(?!<system-reminder>).)*</system-reminder>"
    r"|\s*</(?:output|content|untrusted_context)>"
    r"|\n\(End of file - total \d+ lines\)"
    r"|\s*\n[(\[][^()\[\]\n]{0,200}\b(?:offset|truncated|capped|more lines|to continue)\b[^()\[\]\n]{0,200}[)\]]"
    r"|\n\[(?:The command completed with exit code|Current working directory|Python interpreter)[^\n]*\]"
    rf"|\n{_STATUS.pattern}(?:(?!<system-reminder>|</(?:output|content|untrusted_context)>)[^\n])*"
)
# Each item is looked ahead for and then taken as it was found: tried in all the ways that it can be read, 40 lines of
# "Error: x" would take for ever. Blanks are tried from the first of them only, a line's end besides where an item may
# follow it: 4,000 blanks took 90 ms.
_TAIL = re.compile(rf"(?:(?<!\s)(?=\s*[<(\[])|(?=\n[(\[SEBP]))(?:(?=(?P<item>{_ITEM}))(?P=item))+\s*\Z", re.DOTALL)
_TAIL_REACH = 4000
_LITERAL = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def pieces(text: str) -> tuple[Piece, ...]:
    """-> the payloads of a result in order; the whole text as one piece where nothing is wrapped around it."""
    if text[:1] in "{[" and (found := _strings(text)):
        return found
    start = _head(text)
    end = _tail(text, max(start, len(text) - _TAIL_REACH))
    return (Piece(start, end, text[start:end]),)


def put_back(text: str, found: tuple[Piece, ...], texts: list[str]) -> str:
    """-> `text` with each piece replaced by its new text, and the rest exactly as it was."""
    parts, at = [], 0
    for piece, new in zip(found, texts, strict=True):
        same = new == piece.text
        parts += [text[at : piece.start], text[piece.start : piece.end] if same else _written(piece, new)]
        at = piece.end
    return "".join([*parts, text[at:]])


def _written(piece: Piece, new: str) -> str:
    return json.dumps(new, ensure_ascii=False) if piece.literal else new


def _head(text: str) -> int:
    return next((m.end() for head in _HEADS if (m := head.match(text))), 0)


def _tail(text: str, window: int) -> int:
    """-> where the end of an envelope begins that stands behind `window`; the length of the text: there is none."""
    near = text[window:].rstrip()
    if near[-1:] not in (">", ")", "]") and not _STATUS.match(near, near.rfind("\n") + 1):
        return len(text)
    found = _TAIL.search(text[window:])
    return window + found.start() if found else len(text)


def _strings(text: str) -> tuple[Piece, ...]:
    """The long many-line strings of a JSON text that hold most of it; none where its records are the payload."""
    if not _parses(text):
        return ()
    long = [m for m in _LITERAL.finditer(text) if m.end() - m.start() > PIECE_CHARS and "\\n" in m[0]]
    if sum(m.end() - m.start() for m in long) < len(text) / 2:
        return ()
    return tuple(Piece(m.start(), m.end(), json.loads(m[0], strict=False), literal=True) for m in long)


def _parses(text: str) -> bool:
    try:
        _decode(text)
    except (ValueError, RecursionError):
        return False
    return True


_decode: Callable[[str], object] = json.JSONDecoder(strict=False, parse_int=str, parse_float=str).decode
