"""The lines of a tool result and its call in, a table of integers out: what each line and the whole result look like.

Form only: shape, indent, rarity, repetition inside the result, place, neighbours, words shared with the call and the
goal. Whether a line stood earlier in the conversation is left out on purpose: labels of use exclude it, so a model
would learn to drop what was seen; `reread` does that exactly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headroom_wrap.kompress import words as w
from headroom_wrap.kompress.intent import changes, looks
from headroom_wrap.kompress.words import Bytes, Hashes, Ints, Words

TAIL = 600
"""Characters at the end of the goal that stand for what the agent has just said."""

MOST = 1 << 30

KINDS = ("read", "shell", "search", "edit", "agent", "other")

_TOOLS = (
    ("agent", re.compile(r"(?i)task|agent|web|fetch|url|question")),
    ("edit", re.compile(r"(?i)edit|write|replace|create|patch|insert")),
    ("read", re.compile(r"(?i)read|view|open|goto|scroll|cat$")),
    ("search", re.compile(r"(?i)grep|search|find|glob|ls$|list")),
    ("shell", re.compile(r"(?i)bash|exec|shell|terminal|command|stdin|run|python|pip|npm|make")),
)
_SHOWS = re.compile(r"\s*(?:cd\s+\S+\s*(?:&&|;)\s*)?(?:cat|nl|sed\s+-n|head|tail|bat|less)\b")
_FINDS = re.compile(r"\s*(?:cd\s+\S+\s*(?:&&|;)\s*)?(?:grep|rg|ag|git\s+grep|find|ls|fd|tree)\b")


def kind_of(tool: str, call: str) -> str:
    """-> one of KINDS: what the result is like, by the tool's name and, for a shell, its command."""
    kind = next((name for name, pattern in _TOOLS if pattern.search(tool)), "other")
    if kind in ("shell", "other"):
        if _SHOWS.match(call):
            return "read"
        if _FINDS.match(call):
            return "search"
    if kind == "edit" and re.search(r"\bview\b", call[:200]):
        return "read"
    return kind


_VERBS = tuple(
    re.compile(rf"\b(?:{names})\b")
    for names in (
        "git",
        "pytest|unittest|jest|vitest|tox|tests?",
        "go|cargo|mvn|gradle|gradlew|make|tsc|build|lint|eslint",
        "npm|pnpm|yarn|pip|apt|apt-get|bun|install",
        "python|python3|node|ruby|sh|bash",
        "curl|wget|gh|docker|kubectl|aws",
        "cat|sed|head|tail|nl",
        "grep|rg|find|ls",
        "diff|show|log|blame",
    )
)
_NAMES = (
    re.compile(r"\.(?:py|go|rs|js|jsx|ts|tsx|java|c|h|cc|cpp|hpp|cs|rb|php|kt|swift|scala|sh)\b"),
    re.compile(r"\.(?:md|mdx|rst|txt|adoc)\b"),
    re.compile(r"\.(?:json|ya?ml|toml|xml|ini|cfg|lock|csv|html|css|sql)\b"),
    re.compile(r"(?i)test|spec"),
)
_RANGE = re.compile(r"\b(?:offset|limit|start_line|end_line|view_range|sed\s+-n|head|tail)\b")

_NUMBERED = re.compile(r"[ ]*L?\d{1,9}(?:→|\t|: ?|[ ]?\|)")
_SAMPLE = 60

_COUNTED = {
    "lower": w.LOWER,
    "upper": w.UPPER,
    "digits": w.DIGIT,
    "blanks": w.members(b" \t"),
    "high": w.HIGH,
    "dots": w.members(b"."),
    "slashes": w.members(b"/\\"),
    "colons": w.members(b":"),
    "equals": w.members(b"="),
    "opened": w.members(b"([{<"),
    "closed": w.members(b")]}>"),
    "quotes": w.members(b"\"'`"),
    "hashes": w.members(b"#"),
    "dashes": w.members(b"-"),
    "commas": w.members(b","),
    "ends": w.members(b";"),
    "bars": w.members(b"|"),
    "stars": w.members(b"*"),
    "underscores": w.members(b"_"),
    "signs": w.members(b"@$%&+!?~^"),
}
_TOKENS = (("lower", 23), ("upper", 40), ("digits", 98), ("blanks", 7), ("high", 8))
_PUNCTUATION = 25
_LINE_END = 85

_EDGES = np.zeros(256, dtype=np.int64)
_FIRSTS = (
    *(b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789", b"#", b"/*", b"-", b"+", b"<", b">"),
    *(b"({[", b")}]", b"\"'`", b":", b",", b";", b"=", b"@", b"|", b".", b"_$"),
)
for _code, _members in enumerate(_FIRSTS, start=1):
    _EDGES[np.frombuffer(_members, dtype=np.uint8)] = _code
_EDGES[128:] = 21

_ROLES = {
    name: np.sort(np.array([w.hash_of(word) for word in text.split()], dtype=np.uint64))
    for name, text in {
        "imports": "import from require use using include package module extern",
        "defines": "def class func fn function interface struct enum trait impl type export public private protected",
        "binds": "const let var static final val int string bool void self this",
        "flows": "if else elif for while switch case return break continue try except catch finally raise throw match",
        "tests": "test it describe assert expect require Run should Assert assertEqual assertEquals fixture",
        "fails": "error Error ERROR failed FAILED FAIL fail Exception Traceback exception panic fatal warning Warning",
        "common": "the and that this with for you are not have will can should when from which all each any use",
    }.items()
}


def costs(lines: Sequence[str]) -> Ints:
    """-> about how many hundredths of a token each line has, its line end included (see `tokens.estimate`)."""
    raw, starts, ends = _split(lines)
    return _costs(_counts(raw, starts), ends - starts)


def _split(lines: Sequence[str]) -> tuple[Bytes, Ints, Ints]:
    """-> the bytes of the joined lines, and where each line starts and ends in them."""
    raw = w.bytes_of("\n".join(lines))
    ends = np.concatenate((np.flatnonzero(raw == 10), [len(raw)]))
    if len(ends) != len(lines):
        raise ValueError("a line holds a line end")
    return raw, np.concatenate(([0], ends[:-1] + 1)), ends


_CLASS = np.full(256, len(_COUNTED), dtype=np.int32)
for _number, _table in enumerate(_COUNTED.values()):
    _CLASS[_table] = _number


def _counts(raw: Bytes, starts: Ints) -> dict[str, Ints]:
    """-> how many characters of each class each line has. No character is in two, so one pass counts all."""
    classes = len(_COUNTED) + 1
    lengths = np.diff(starts, append=len(raw) + 1)
    line = np.repeat(np.arange(0, len(starts) * classes, classes), lengths)[: len(raw)]
    found = np.bincount(line + _CLASS[raw], minlength=len(starts) * classes).reshape(len(starts), classes)
    return {name: np.ascontiguousarray(found[:, number]) for number, name in enumerate(_COUNTED)}


def _costs(counts: dict[str, Ints], length: Ints) -> Ints:
    known = sum((counts[name] for name, _ in _TOKENS), np.zeros_like(length))
    weighed = sum((counts[name] * weight for name, weight in _TOKENS), np.zeros_like(length))
    return weighed + (length - known) * _PUNCTUATION + _LINE_END


def bare(lines: Sequence[str]) -> tuple[list[str], bool]:
    """-> the lines without the numbers that a reading tool put before them, and whether it did."""
    sample = lines[:_SAMPLE]
    numbered = sum(_NUMBERED.match(line) is not None for line in sample) * 2 > len(sample)
    return ([_NUMBERED.sub("", line, count=1) for line in lines] if numbered else list(lines)), numbered


def table(lines: Sequence[str], tool: str, call: str, goal: str, rarity: Ints) -> dict[str, Ints]:
    """-> the features of each line by name, every one as long as `lines`. `rarity`: 0 to 255 for each slot of a word.

    Lines hold no line ends. Time is that of some 60 passes over the bytes and one sort of the words. Training draws
    features by their place: in another order it doesn't come to the shipped weights.
    """
    code, numbered = bare(lines)
    raw, starts, ends = _split(code)
    length = ends - starts
    found = _vocabulary(w.words(raw), len(starts), rarity)
    counts = _counts(raw, starts)
    texts = (("call", call), ("goal", goal), ("said", goal[-TAIL:]))
    asked = {name: w.words(w.bytes_of(text)).hash for name, text in texts}
    out = {"length": length, **counts, "cost": _costs(counts, length)}
    out |= _shape(raw, starts, ends)
    out |= _used(found)
    out |= _asked(found, asked)
    out |= _repeated(raw, starts, ends)
    out |= _around(out)
    shared = {f"call_in_{name}": int(np.isin(asked["call"], asked[name]).sum()) for name in ("said", "goal")}
    return out | _whole(out, tool, call, goal, shared | {"numbered": int(numbered)})


def _shape(raw: Bytes, starts: Ints, ends: Ints) -> dict[str, Ints]:
    """-> indent, first and last character, dotted names and paths."""
    padded = np.concatenate((raw, np.array([10], dtype=np.uint8)))
    place = np.arange(len(padded))
    text = (padded != 32) & (padded != 9)
    following = np.minimum.accumulate(np.where(text, place, len(raw))[::-1])[::-1]
    before = np.maximum.accumulate(np.where(text & (padded != 10), place, 0))
    first = np.minimum(following[starts], ends)
    empty = first == ends
    last = np.where(empty, ends, before[np.maximum(ends - 1, 0)])
    inside = w.WORD[padded]
    joined = np.zeros(len(padded), dtype=np.bool_)
    joined[1:-1] = inside[:-2] & inside[2:]
    return {
        "indent": first - starts,
        "opens_with": np.where(empty, 0, _EDGES[padded[first]]),
        "ends_with": np.where(empty, 0, _EDGES[padded[last]]),
        "dotted": w.inside((joined & (padded == 46))[: len(raw)], starts, ends),
        "paths": w.inside((joined & (padded == 47))[: len(raw)], starts, ends),
        "placed": w.inside((joined & (padded == 58))[: len(raw)], starts, ends),
    }


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The words of all lines: `which` of the different ones in `hash` (in order) each is, and how `rare`; `first` and
    `times` are where each of those stands first and how often it does."""

    words: Words
    lines: int
    begins: Ints
    """The first word of each line that has any."""
    rare: Ints
    hash: Hashes
    first: Ints
    which: Ints
    times: Ints

    def among(self, hashes: Hashes) -> Ints:
        """-> for each word whether it is one of these."""
        hit = np.zeros(len(self.hash) + 1, dtype=np.int64)
        place = self.hash.searchsorted(hashes)
        inside = place < len(self.hash)
        place, wanted = place[inside], hashes[inside]
        hit[place[self.hash[place] == wanted]] = 1
        found: Ints = hit[self.which]
        return found

    def sums(self, values: Ints) -> Ints:
        """-> the sum of the values of the words of each line."""
        return self._by_line(np.add, values)

    def largest(self, values: Ints) -> Ints:
        """-> the largest value of the words of each line, 0 where there are none."""
        return self._by_line(np.maximum, values)

    def _by_line(self, join: np.ufunc, values: Ints) -> Ints:
        out = np.zeros(self.lines, dtype=np.int64)
        if len(values):
            out[self.words.line[self.begins]] = join.reduceat(values, self.begins)
        return out


def _vocabulary(found: Words, n: int, rarity: Ints) -> _Vocabulary:
    kinds = np.unique(found.hash, return_index=True, return_inverse=True, return_counts=True)
    begins = np.flatnonzero(np.diff(found.line, prepend=-1))
    return _Vocabulary(found, n, begins, rarity[found.slots()], *kinds)


def _used(found: _Vocabulary) -> dict[str, Ints]:
    """-> how rare the words are, how many are new in this result, how often they recur, and what role they say."""
    rare = found.rare
    fresh = np.zeros(len(rare), dtype=np.int64)
    fresh[found.first] = 1
    often = found.times[found.which]
    code = found.words.identifier.astype(np.int64)
    out = {
        "words": found.sums(np.ones_like(fresh)),
        "names": found.sums(code),
        "rarity": found.sums(rare),
        "rarest": found.largest(rare),
        "rarest_name": found.largest(rare * code),
        "fresh": found.sums(fresh),
        "fresh_names": found.sums(fresh * code),
        "fresh_rarity": found.sums(fresh * rare),
        "fresh_rarest": found.largest(fresh * rare),
        "first_of_many": found.sums(fresh * (often > 2)),
        "recurring": found.largest(often * code),
        "once": found.sums((often == 1) * code),
        "longest": found.largest(found.words.length),
    }
    return out | {name: found.sums(found.among(role)) for name, role in _ROLES.items()}


def _asked(found: _Vocabulary, asked: dict[str, Hashes]) -> dict[str, Ints]:
    """-> words that a line shares with the call, with the goal and with its end, and how rare the shared ones are."""
    out: dict[str, Ints] = {}
    for name, hashes in asked.items():
        hit = found.among(hashes)
        out[f"in_{name}"] = found.sums(hit)
        out[f"in_{name}_rarest"] = found.largest(hit * found.rare)
    return out


def _repeated(raw: Bytes, starts: Ints, ends: Ints) -> dict[str, Ints]:
    """-> how many lines are equal, and how many are equal but for digits; and which of them in order this is."""
    out: dict[str, Ints] = {}
    for name, text in (("equal", raw), ("alike", np.where(w.DIGIT[raw], np.uint8(48), raw))):
        _, first, which, times = np.unique(
            w.hashes(text, starts, ends), return_index=True, return_inverse=True, return_counts=True
        )
        out[name] = times[which]
        out[f"first_{name}"] = np.arange(len(starts)) - first[which]
    return out


def _shift(values: Ints, by: int) -> Ints:
    """-> the values of the line `by` further on, 0 beyond the ends."""
    out = np.zeros_like(values)
    if by > 0:
        out[:-by] = values[by:]
    else:
        out[-by:] = values[:by]
    return out


def _window(values: Ints, reach: int) -> Ints:
    """-> the sum of the values from `reach` lines before to `reach` after each."""
    sums = np.concatenate(([0], np.cumsum(values)))
    place = np.arange(len(values))
    return sums[np.minimum(place + reach + 1, len(values))] - sums[np.maximum(place - reach, 0)]


def _around(own: dict[str, Ints]) -> dict[str, Ints]:
    """-> what stands above, below and around each line."""
    n = len(own["length"])
    out: dict[str, Ints] = {}
    for name in ("length", "indent", "rarest", "fresh_rarity", "opens_with", "defines"):
        if n > 1:
            out[f"{name}_above"], out[f"{name}_below"] = _shift(own[name], -1), _shift(own[name], 1)
        else:
            out[f"{name}_above"] = out[f"{name}_below"] = np.zeros_like(own[name])
    for name in ("fresh_rarity", "names", "in_said", "in_goal", "fails", "digits"):
        out[f"{name}_near"] = _window(own[name], 4)
    for name in ("fresh_rarity", "in_said", "cost"):
        out[f"{name}_wide"] = _window(own[name], 20)
    place = np.arange(n)
    heads = np.maximum.accumulate(np.where((own["indent"] == 0) & (own["length"] > 0), place, 0))
    out["since_head"] = place - heads
    for name in ("in_said_rarest", "in_goal_rarest", "in_call", "rarest_name"):
        out[f"head_{name}"] = own[name][heads]
    return out


def _share(part: Ints, total: int) -> int:
    return int(part.sum()) * 1000 // max(1, total)


def _whole(own: dict[str, Ints], tool: str, call: str, goal: str, found: dict[str, int]) -> dict[str, Ints]:
    """-> what is the same for every line of the result, and where in it the line stands."""
    n, place = len(own["length"]), np.arange(len(own["length"]))
    said = goal[-TAIL:]
    total = int(own["cost"].sum())
    whole = {
        "kind": KINDS.index(kind_of(tool, call)),
        "lines": n,
        "tokens": total // 100,
        "numbered": found["numbered"],
        "call_length": len(call),
        "goal_length": len(goal),
        "range": int(_RANGE.search(call) is not None),
        "changes": int(changes(said)),
        "looks": int(looks(said)),
        "call_in_said": found["call_in_said"],
        "call_in_goal": found["call_in_goal"],
        "blank_share": _share((own["length"] == 0).astype(np.int64), n),
        "equal_share": _share((own["equal"] > 1).astype(np.int64), n),
        "alike_share": _share((own["alike"] > 1).astype(np.int64), n),
        "name_share": _share(own["names"], int(own["words"].sum())),
        "digit_share": _share(own["digits"], int(own["length"].sum())),
        "prose_share": _share(own["common"], int(own["words"].sum())),
        "mean_rarity": int(own["rarity"].sum()) // max(1, int(own["words"].sum())),
        "path_share": _share((own["paths"] > 0).astype(np.int64), n),
        "fail_share": _share((own["fails"] > 0).astype(np.int64), n),
        "said_share": _share((own["in_said"] > 0).astype(np.int64), n),
    }
    whole |= {f"verb_{number}": int(verb.search(call) is not None) for number, verb in enumerate(_VERBS)}
    whole |= {f"file_{number}": int(name.search(call) is not None) for number, name in enumerate(_NAMES)}
    out = {name: np.full(n, value, dtype=np.int64) for name, value in whole.items()}
    before = np.cumsum(own["cost"]) - own["cost"]
    out |= {"place": place, "left": n - 1 - place, "depth": before * 1000 // max(1, total)}
    out["rarity_per_cost"] = own["rarity"] * 100 // own["cost"]
    out["fresh_per_cost"] = own["fresh_rarity"] * 100 // own["cost"]
    out["new_so_far"] = np.cumsum(own["fresh"]) * 1000 // np.maximum(1, np.cumsum(own["words"]))
    return out
