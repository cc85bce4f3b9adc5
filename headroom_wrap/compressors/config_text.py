"""A lock file that an agent read in, its head and the packages that the goal is about out.

Reads: what file-reading tools and `cat`, `head`, `sed -n` show of lock files, by their names: npm, yarn, pnpm, bun,
Cargo, Poetry, uv, PDM, Bundler, Composer, Go, Nix; numbered or not (`syntax.shown`).

Keeps: the first `HEAD` lines, entries of which a line has a package that the goal or the call names, lines around the
file. Kept lines stand verbatim.

Leaves out: runs of other entries, each as one line that says from which package to which, for lock files are sorted.
The footer's `--grep` finds a package in the original.

Not for: ranges, and every other YAML, TOML, INI and JSON file: they are short, written by hand, and every line of them
may be the one that matters (on real sessions each thousand tokens of them hold as much evidence as source does).
"""

from __future__ import annotations

import re

from headroom_wrap.marker import footer, gap
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.syntax.shown import Shown, shown

HEAD = 20
FEW = 12
"""A run of fewer lines is not worth a gap."""
MARGIN = 6
"""Blanks up to which an entry of a lock file that isn't JSON may stand to the right."""

_LOCKS = re.compile(
    r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|Cargo\.lock|poetry\.lock"
    r"|uv\.lock|pdm\.lock|Pipfile\.lock|Gemfile\.lock|composer\.lock|go\.sum|flake\.lock|deno\.lock)\Z"
)
_NAMED = re.compile(
    r"""^(?P<blanks>\ *)(?:
    name\ =\ "(?P<toml>[^"]+)"
    |"name":\ "(?P<composer>[^"]+)"
    |"(?:node_modules/)?(?P<json>@?[\w.-][\w./@+-]*)":\ [\[{]
    |/?["']?(?P<yarn>@?[\w.-][\w./-]*)(?:@|\ \(|/\d)[^:]*:?$
    |(?P<go>[\w-]+(?:\.[\w-]+)+/[\w./~-]+)\ v\d
    )""",
    re.VERBOSE,
)


def config_text(segment: Segment) -> Compressed | None:
    """-> a lock file with gaps; None: no lock file, a range of one, or nothing to fold."""
    if not segment.way_back or segment.error:
        return None
    file = shown(segment)
    if file is None or not file.whole or not _LOCKS.search(file.path):
        return None
    runs = _runs(file.code, _words(segment.goal) | _words(segment.call))
    return _folded(segment, file, runs) if runs else None


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower().strip("./-") for word in re.findall(r"@?\w[\w./-]{2,}", text))


def _runs(lines: list[str], words: frozenset[str]) -> list[tuple[int, int, list[str]]]:
    """-> (first, last, packages) of each run of entries that are not named, from line `HEAD` on."""
    step = next((len(line) - len(line.lstrip(" ")) for line in lines if line.startswith(" ")), 0)
    starts = [
        (n - lines[n - 1].startswith("[["), found)
        for n, line in enumerate(lines)
        if n > HEAD and (found := _NAMED.match(line)) and _begins(found, step)
    ]
    runs: list[tuple[int, int, list[str]]] = []
    for index, (start, found) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(lines)
        name = next(filter(None, found.groups()[1:]))
        if _wanted(name, words):
            continue
        if runs and runs[-1][1] == start - 1:
            runs[-1] = (runs[-1][0], end - 1, [*runs[-1][2][:1], name])
        else:
            runs.append((start, end - 1, [name]))
    return [run for run in runs if run[1] - run[0] + 1 >= FEW]


def _begins(found: re.Match[str], step: int) -> bool:
    """-> whether an entry begins there: in JSON, indented by `step`, its dependencies look like one, further inside."""
    blanks = len(found["blanks"])
    if found["json"] or found["composer"]:
        return blanks == (2 if found["json"] else 3) * step
    return blanks <= MARGIN


def _wanted(name: str, words: frozenset[str]) -> bool:
    lower = name.lower()
    return lower in words or lower.rsplit("/", 1)[-1] in words


def _folded(segment: Segment, file: Shown, runs: list[tuple[int, int, list[str]]]) -> Compressed:
    shift = file.number if file.numbered else file.first + 1
    out, next_line = file.lines[: file.first], 0
    for first, last, names in runs:
        out += file.lines[file.first + next_line : file.first + first]
        out.append(gap(first + shift, last + shift, f"packages {names[0]} to {names[-1]}"))
        next_line = last + 1
    out += file.lines[file.first + next_line :]
    omitted = f"{sum(last - first + 1 for first, last, _ in runs)} of {len(file.code)} lines of a lock file"
    return Compressed("\n".join([*out, footer(segment, omitted, "--grep PACKAGE -C 5")]), omitted)
