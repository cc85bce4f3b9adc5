"""Terminal output in, what a person would have seen out: no colours, no overwritten text, the same number of lines.

Reads: text with escape sequences, backspaces or carriage returns inside a line.
Keeps: every line in its place, so that line numbers stay true; of a line that was written over, what stood there last,
and every overwritten part that speaks of an error.
Leaves out: escape sequences and what was overwritten (progress bars, spinners).
Not for: text without a way back; files that an agent may edit; diffs that tell old words from new by colour alone; CRLF
line ends, which stay. The route asks it before the STACK.
"""

from __future__ import annotations

import re

from headroom_wrap.compressors.edited import edited
from headroom_wrap.segment import Compressed, Segment

OMITTED = "terminal colours and overwritten text"

_ESCAPE = re.compile(
    "\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor (ECMA-48 5.4)
    "|[\\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\\\)"  # OSC, DCS, SOS, PM, APC up to BEL or ST: titles, links
    "|[ -/]*[0-~]?"  # two and three character sequences, and a lone ESC
    ")"
)
_RIGHT = re.compile("\x1b\\[(\\d{0,3})C")
_COLOURED = re.compile(r"--color-words\b|--word-diff=color\b")
_UNSEEN = re.compile("[\x1b\x08]|\r(?!\n|\\Z)")
_ERROR = re.compile(r"(?i)\b(?:error|exception|traceback|failed|failure|fatal|panic)\b")


def clean(segment: Segment) -> Compressed | None:
    """-> the text as it would stand on a screen, or None: nothing to clean, or no way back."""
    if not segment.way_back or not _UNSEEN.search(segment.text) or edited(segment):
        return None
    if _COLOURED.search(segment.call):
        return None
    text = "\n".join(_line(line) if _UNSEEN.search(line) else line for line in segment.text.split("\n"))
    return Compressed(text, OMITTED) if text != segment.text and text.strip() else None


def _line(line: str) -> str:
    shown = _ESCAPE.sub("", _RIGHT.sub(lambda found: " " * int(found[1] or 1), line))
    body = shown.rstrip("\r")
    end = "\r" if shown.endswith("\r") else ""
    pieces = [_typed(piece).rstrip() for piece in body.split("\r")]
    filled = [piece for piece in pieces if piece]
    if len(pieces) == 1:
        return _typed(body) + end
    kept = dict.fromkeys(piece for piece in filled[:-1] if _ERROR.search(piece))
    return " ".join([*(piece for piece in kept if piece != filled[-1]), *filled[-1:]]) + end


def _typed(text: str) -> str:
    """Let each backspace take back the character before it."""
    if "\x08" not in text:
        return text
    out: list[str] = []
    for letter in text:
        if letter != "\x08":
            out.append(letter)
        elif out:
            out.pop()
    return "".join(out)
