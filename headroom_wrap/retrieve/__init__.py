"""An original and what is wanted of it in; the text to print out: at most what fits, and how to get the rest.

`headroom get` and the MCP server print the same. What they print begins with `marker.PRINTED` and is sent uncompressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from headroom_wrap.marker import PRINTED, WAY_BACK
from headroom_wrap.refused import Refused
from headroom_wrap.retrieve.chosen import Chosen, Part, Wanted, chosen, lines_of, number_of

if TYPE_CHECKING:
    from headroom_wrap.store.objects import Original

__all__ = ["TOKENS", "Wanted", "exact", "retrieved"]

TOKENS = 4000
"""What is printed at most unless all is asked for, in o200k tokens, estimated."""
_SURELY = 2
"""Bytes that a token has at least on average: what is shorter than so many times the limit fits without estimating."""


def retrieved(original: Original, wanted: Wanted, limit: int = TOKENS, command: str = WAY_BACK) -> str:
    """-> a header, what is wanted of an original and, where that has more than `limit` tokens, how to get the rest.

    `limit` 0: all of it. `command` is what the reader can call. Raises Refused for what can't be selected from it.
    """
    if wanted.stat:
        return _described(original)
    found = chosen(original.text, wanted)
    page = _Page(original.ref, wanted, found, limit, f"{command} {original.ref}")
    if wanted.chars is None or not found.parts:
        return page.text()
    text = "".join(part.text for part in found.parts)
    _reach(text, wanted.chars[0])
    return page.characters(text, wanted.chars, wanted)


def exact(original: Original, wanted: Wanted) -> str:
    """-> what is wanted of an original and not a character more. Raises Refused for what can't be selected from it."""
    if wanted.stat:
        return _described(original)
    text = "".join(part.text for part in chosen(original.text, wanted, whole=True).parts)
    if wanted.chars is None:
        return text
    _reach(text, wanted.chars[0])
    return text[wanted.chars[0] - 1 : wanted.chars[1]]


def _reach(text: str, first: int) -> None:
    """Raise Refused where what is wanted ends before its character `first`."""
    if first > max(len(text), 1):
        raise Refused(
            f"there is no character {first}",
            f"what is wanted has {number_of(len(text), 'characters')}",
            "correct --chars",
        )


def _described(original: Original) -> str:
    """-> what an original is, without its text."""
    made = ": ".join(filter(None, (original.tool, " ".join(original.call.split()))))
    size = f"{number_of(len(lines_of(original.text)), 'lines')}, {number_of(len(original.text), 'characters')}"
    return f"{PRINTED}{original.ref} · {' · '.join(filter(None, (size, made)))}]\n"


class _Page(NamedTuple):
    """One printing of some parts of an original; `again` is the command that prints it, without options."""

    ref: str
    wanted: Wanted
    found: Chosen
    limit: int
    again: str

    def text(self) -> str:
        """-> header, parts, what follows."""
        parts, what = self.found.parts, self.found.what
        if not parts:
            return f"{PRINTED}{self.ref} · none of its {number_of(self.found.total, what)} is wanted]\n"
        fits = _fitting(parts, self.limit)
        if not fits:
            return self._endless(parts)
        header = f"{what} {parts[0].number}-{parts[fits - 1].number} of {self.found.total}{self._inside()}"
        return (
            f"{PRINTED}{self.ref} {header}]\n"
            + "".join(part.text for part in parts[:fits])
            + self._more()
            + self._rest(fits)
        )

    def characters(self, text: str, chars: tuple[int, int], wanted: Wanted) -> str:
        """-> header, a range of characters of what is otherwise wanted, what follows."""
        total = len(text)
        last = min(chars[1], total)
        if self.limit and (tokens := _tokens(text[chars[0] - 1 : last])) > self.limit:
            last = chars[0] + max(1, (last - chars[0]) * self.limit // tokens)
        header = f"{PRINTED}{self.ref} characters {chars[0]}-{last} of {total}{self._of(wanted)}]\n"
        shown = text[chars[0] - 1 : last]
        if last >= min(chars[1], total):
            return header + shown
        rest = f"{last + 1}-{min(chars[1], total)}"
        more = " ".join(filter(None, (self.again, _options(wanted), f"--chars {rest}")))
        return f"{header}{shown}\n[characters {rest} follow · {more}]\n"

    def _endless(self, parts: Sequence[Part]) -> str:
        """-> the beginning of a first part that doesn't fit by itself."""
        first = self._only(parts[0].number, parts[0].number)
        return self.characters(parts[0].text, (1, len(parts[0].text)), first) + self._more() + self._rest(1)

    def _more(self) -> str:
        """-> how to print more of a line of which only what stands around the matches was printed."""
        if not self.found.cut:
            return ""
        options = " ".join(filter(None, (_options(Wanted(jq=self.wanted.jq)), f"--{self.found.what} N --chars A-B")))
        return f"[long {self.found.what}: the text around each match · {self.again} {options}]\n"

    def _rest(self, printed: int) -> str:
        parts, what = self.found.parts, self.found.what
        if printed >= len(parts):
            return ""
        first, last = parts[printed].number, parts[-1].number
        end = "" if parts[printed - 1].text.endswith("\n") else "\n"
        return f"{end}[{what} {first}-{last} follow · {self.again} {_options(self._only(first, last))}, or --all]\n"

    def _only(self, first: int, last: int) -> Wanted:
        """-> what is wanted, of these lines or rows alone."""
        rows = self.found.what == "rows"
        limits = {"rows": (first, last), "lines": None} if rows else {"lines": (first, last)}
        return self.wanted._replace(head=None, tail=None, chars=None, **limits)

    def _inside(self) -> str:
        return f" in {self.wanted.jq}" if self.wanted.jq else ""

    def _of(self, wanted: Wanted) -> str:
        """-> ` of line 5 in .body`, as far as the characters are not those of the whole."""
        alone = wanted.rows or wanted.lines
        which = f" in {self.found.what[:-1]} {alone[0]}" if alone and alone[0] == alone[1] else ""
        return f"{' of the matches' if self.found.cut else ''}{which}{self._inside()}"


def _options(wanted: Wanted) -> str:
    """-> the options that say what is wanted, as a shell takes them."""
    from shlex import quote  # noqa: PLC0415 - 3 ms, for who goes on only

    said = [f"--jq {quote(wanted.jq)}"] if wanted.jq else []
    said += [f"--{name} {_range(value)}" for name in ("lines", "rows") if (value := getattr(wanted, name))]
    said += [f"--where {quote(wanted.where)}"] if wanted.where else []
    said += [f"--grep {quote(wanted.grep.pattern)}"] if wanted.grep else []
    said += [f"-C {wanted.around}"] if wanted.grep and wanted.around else []
    said += [f"--{name} {value}" for name in ("head", "tail") if (value := getattr(wanted, name))]
    return " ".join(said)


def _range(value: tuple[int, int]) -> str:
    return str(value[0]) if value[0] == value[1] else f"{value[0]}-{value[1]}"


def _fitting(parts: Sequence[Part], limit: int) -> int:
    """-> how many of the parts have at most `limit` tokens together."""
    if not limit or sum(len(part.text) for part in parts) <= _SURELY * limit:
        return len(parts)
    left = limit
    for count, part in enumerate(parts):
        left -= _tokens(part.text)
        if left < 0:
            return count
    return len(parts)


def _tokens(text: str) -> int:
    from headroom_wrap.tokens import estimate  # noqa: PLC0415 - loads lzma, which a short answer does without

    return estimate(text)
