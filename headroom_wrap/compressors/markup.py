"""A web page in, its text out: title, headings, paragraphs, lists, tables and code, without what a reader does not see.

Reads: HTML pages that a command or a fetching tool printed (from `<!doctype html` or `<html` within the first lines).

Keeps: the page's title and the text of its `main` or `article` where it has one that holds at least a third of all
text, otherwise all text; what a command printed before and behind the page; headings as `#`, list items as `-`, table
cells between `|`, `pre` in fences with its lines as they are. A link keeps its target where its text or target has a
word of the goal or of the call.

Leaves out: scripts, styles, navigation, asides, buttons, footers, attributes and other links' targets; the last line
says so.

Not for: pages that end inside of what is dropped (cut, or a navigation that is never closed: all else would go with
it); HTML files that the agent read from disk (it works on their source), and Markdown. Markdown that agents read is
mostly instructions and plans, followed without being quoted: folding prose in sections far down that the goal does not
name saved 15 % at 96 % of the evidence (8 % at 97 %), so such files stay whole. Real sessions hold hardly any HTML, so
these rules are structural (readability-style extraction), not measured on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from headroom_wrap.marker import footer
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.shown import shown

_PAGE = re.compile(r"(?i)<!doctype html|<html[\s>]")
_CLOSED = re.compile(r"(?i)</html\s{0,9}>")
BEFORE = 2000
"""Characters within which a page begins: before it stands what `curl -i` and progress meters print."""

_DROPPED = {
    *("script", "style", "svg", "noscript", "template", "iframe", "nav", "footer", "aside", "button", "select"),
    *("object", "canvas", "dialog", "map"),
}
_RAW = {"script", "style", "noscript", "template", "svg", "title", "textarea"}
_BLOCKS = {
    *("address", "article", "blockquote", "br", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "header"),
    *("hr", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "thead", "tr", "ul"),
    *("h1", "h2", "h3", "h4", "h5", "h6"),
}
_MAIN = {"main", "article"}


def markup(segment: Segment) -> Compressed | None:
    """-> the page as text with a footer; None: no page, or it is no longer than its text."""
    if not segment.way_back or segment.error:
        return None
    begins = _PAGE.search(segment.text, 0, BEFORE)
    if begins is None or shown(segment) is not None:
        return None
    page = _Page(_words(segment.goal) | _words(segment.call))
    start = begins.start()
    end = max((found.end() for found in _CLOSED.finditer(segment.text, start)), default=len(segment.text))
    for tag, attributes, text in _tokens(segment.text[:end], start):
        page.text(text)
        page.tag(tag, attributes)
    if page.dropping:
        return None
    lines = [*segment.text[:start].split("\n"), *page.lines(), *segment.text[end:].strip("\n").split("\n")]
    body = "\n".join(lines).strip()
    omitted = f"markup of a page, {len(segment.text) - len(body)} of {len(segment.text)} characters"
    return Compressed(f"{body}\n{footer(segment, omitted)}", omitted) if len(body) < len(segment.text) else None


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in re.findall(r"[A-Za-z]\w{3,}", text))


_OPEN = re.compile(r"<(?=/?[a-zA-Z]|[!?])")
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9:-]*)")


def _tokens(text: str, start: int) -> Iterator[tuple[str, str, str]]:
    """-> (tag, its attributes, the text before it): `/p` for an end. Linear: what is not closed ends the page."""
    place = start
    while opened := _OPEN.search(text, place):
        before, found = text[place : opened.start()], _TAG.match(text, opened.start())
        mark = "-->" if text.startswith("<!--", opened.start()) else ">"
        closed = text.find(mark, opened.start())
        place = len(text) if closed < 0 else closed + len(mark)
        name = found[1].lower() if found else ""
        closes = name == "svg" and closed > 0 and text.endswith("/", opened.start(), closed)  # as of no other element
        yield "" if closes else name, text[found.end() : closed] if found and closed >= 0 else "", before
        if name in _RAW and not closes and place < len(text):
            end = _end_of(text, name, place)
            yield f"/{name}", "", text[place:end]
            place = text.find(">", end) + 1 or len(text)
    yield "", "", text[place:]


def _end_of(text: str, name: str, place: int) -> int:
    """-> where the end tag of an element begins that holds no markup of its own; the end of the text without one."""
    found = re.compile(f"</{name}", re.IGNORECASE).search(text, place)
    return found.start() if found else len(text)


@dataclass(slots=True)
class _Page:
    """What has been read of a page. `parts` are pieces of text, "\\n" where a block begins or ends."""

    words: frozenset[str]
    title: str = ""
    parts: list[str] = field(default_factory=list)
    main: list[tuple[int, int]] = field(default_factory=list)
    dropping: str = ""
    depth: int = 0
    opened: list[tuple[str, int]] = field(default_factory=list)
    link: tuple[str, int] = ("", 0)
    pre: bool = False
    in_title: bool = False

    def text(self, text: str) -> None:
        """Take text between tags: blanks are one blank, except in `pre`."""
        if self.in_title:
            self.title = self.title or " ".join(unescape(text).split())
        elif text and not self.dropping:
            shown_text = unescape(text)
            self.parts.append(shown_text if self.pre else re.sub(r"\s+", " ", shown_text))

    def tag(self, tag: str, attributes: str) -> None:
        """Take a tag: what is dropped, where blocks begin and end, what marks them."""
        name, ends = tag.removeprefix("/"), tag.startswith("/")
        if name == "title":
            self.in_title = not ends
        if name in _DROPPED:
            self._drop(name, ends)
        elif not self.dropping and name:
            self._mark(name, ends, attributes)

    def _drop(self, name: str, ends: bool) -> None:
        """Drop what stands up to the end of the outermost dropped element."""
        self.dropping = self.dropping or ("" if ends else name)
        if name == self.dropping:
            self.depth += -1 if ends else 1
            self.dropping = self.dropping if self.depth else ""

    def _mark(self, name: str, ends: bool, attributes: str) -> None:
        if name in _BLOCKS - {"pre"}:
            self.parts.append("\n")
        if name in _MAIN:
            self._main(name, ends)
        elif name == "pre":
            self.pre = not ends
            self.parts.append("\n```\n")
        elif name == "a":
            self._link(ends, attributes)
        elif name in ("td", "th"):
            self.parts.append(" | " if ends else "")
        elif name == "li" and not ends:
            self.parts.append("- ")
        elif name[0] == "h" and name[1:].isdigit() and len(name) == 2 and not ends:
            self.parts.append("#" * int(name[1]) + " ")
        elif name == "code" and not self.pre:
            self.parts.append("`")

    def _main(self, name: str, ends: bool) -> None:
        if not ends:
            self.opened.append((name, len(self.parts)))
        elif self.opened:
            _, start = self.opened.pop()
            if not self.opened:
                self.main.append((start, len(self.parts)))

    def _link(self, ends: bool, attributes: str) -> None:
        if not ends:
            target = re.search(r"""href\s*=\s*["']?([^"'\s>]+)""", attributes)
            self.link = (unescape(target[1]) if target else "", len(self.parts))
            return
        target_text, start = self.link
        self.link = ("", 0)
        if not target_text or target_text.startswith(("#", "javascript:")):
            return  # an end without a beginning, too: to look at the whole page for each of them is quadratic
        if (_words(" ".join(self.parts[start:])) | _words(target_text)) & self.words:
            self.parts.append(f" ({target_text})")

    def lines(self) -> list[str]:
        """-> the lines of the page: those of its main part where that holds a third of all text."""
        chosen = [part for start, end in self.main for part in self.parts[start:end]]
        if sum(map(len, chosen)) * 3 < sum(map(len, self.parts)):
            chosen = self.parts
        lines = _lines("".join(chosen))
        return [self.title, "", *lines] if self.title else lines


def _lines(text: str) -> list[str]:
    """-> the lines of a text without empty ones between blocks; inside fences as they are."""
    lines, fenced = [], False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        line = line.rstrip() if fenced else " ".join(line.split())
        if fenced or line.strip("-|# "):
            lines.append(line)
    return lines
