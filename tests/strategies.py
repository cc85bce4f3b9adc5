"""Made-up conversations of agents: a kind, a size and a seed in, turns out; turns in, bodies on four wires out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from headroom_wrap.compressors import STACK
from headroom_wrap.marker import footer, gap
from headroom_wrap.route import Policy
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.wire import Wire, anthropic, gemini, openai_chat, openai_responses

WIRES: tuple[Wire, ...] = (anthropic, openai_chat, openai_responses, gemini)
ALARMS = ("error", "FAILED", "exit code", "Traceback", "panic", "fatal")


@dataclass(frozen=True)
class Turn:
    """A tool call and its result; `needles` are the lines of it that must reach the model whatever happens."""

    tool: str
    arguments: dict[str, str]
    result: str
    needles: tuple[str, ...] = ()
    said: str = ""
    asked: str = ""
    error: bool = False


@dataclass(frozen=True)
class Style:
    """How a client writes its JSON."""

    ascii_only: bool = False
    separators: tuple[str, str] = (",", ":")

    def dumps(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=self.ascii_only, separators=self.separators)


PLAIN = Style()


def listing(size: int, dice: random.Random) -> tuple[str, dict[str, str], list[str]]:
    rows = [f"-rw-r--r-- 1 dev dev {dice.randrange(99999):>6} May 12 10:{n % 60:02} part_{n}.py" for n in range(size)]
    return "Bash", {"command": "ls -la src"}, [f"total {size * 4}", *rows]


def search(size: int, dice: random.Random) -> tuple[str, dict[str, str], list[str]]:
    hits = [f"src/pkg/mod_{n // 9}.py:{n * 7 + 1}:    value_{dice.randrange(50)} = load(name)" for n in range(size)]
    return "Grep", {"pattern": "load", "path": "src"}, hits


def records(size: int, dice: random.Random) -> tuple[str, dict[str, str], list[str]]:
    rows = [{"id": n, "name": f"item {n}", "state": dice.choice(["open", "closed"]), "n": 1.5} for n in range(size)]
    return "Bash", {"command": "gh api items"}, [json.dumps(rows, indent=dice.choice([None, 2]))]


def log(size: int, dice: random.Random) -> tuple[str, dict[str, str], list[str]]:
    says = ("INFO worker {} took job {}", "DEBUG cache {} hit for key {}", "INFO GET /items/{} 200 in {} ms")
    rows = [dice.choice(says).format(dice.randrange(9), dice.randrange(999)) for _ in range(size)]
    return "Bash", {"command": "cat app.log"}, [f"2026-05-12T10:{n % 60:02}:07Z {row}" for n, row in enumerate(rows)]


def tests(size: int, dice: random.Random) -> tuple[str, dict[str, str], list[str]]:
    rows = [f"tests/test_{n // 8}.py::test_case_{n} PASSED [{n * 100 // size:>3}%]" for n in range(size)]
    return "Bash", {"command": "pytest -v"}, ["=== test session starts ===", *rows, f"=== {size} passed in 3.1s ==="]


def source(size: int, dice: random.Random) -> tuple[str, dict[str, str], list[str]]:
    body = (
        "    total = total + weight_{0}",
        "    if total > {0}:",
        "        return cache[{0}]",
        "",
        "def part_{0}(total):",
    )
    rows = [dice.choice(body).format(dice.randrange(99)) for _ in range(size)]
    return "Read", {"file_path": "/repo/src/a.py"}, [f"{n:>6}\t{row}" for n, row in enumerate(rows, 1)]


def odd(size: int, dice: random.Random) -> tuple[str, dict[str, str], list[str]]:
    bits = (
        "é\u0301",
        "\ud800",
        "漢字",
        '"quoted"',
        "\\n",
        "\t",
        "\x1b[31mred\x1b[0m",
        "  ",
        "{",
        "]",
        "<b>",
        "word",
        "\r",
    )
    return "Bash", {"command": "cat odd"}, ["".join(dice.choices(bits, k=9)) for _ in range(size)]


KINDS: tuple[Callable[[int, random.Random], tuple[str, dict[str, str], list[str]]], ...]
KINDS = (listing, search, records, log, tests, source, odd)


def needles(dice: random.Random) -> list[str]:
    """-> lines that must survive: a diagnostic with file and line, a failing test, an error line, an exit code."""
    number = dice.randrange(10_000, 99_999)
    lines = [
        f"src/deep/mod_{number}.py:{number % 900}: error: Argument {number} has an incompatible type  [arg-type]",
        f"FAILED tests/test_{number}.py::test_of_{number} - AssertionError: assert {number} == 7",
        f"2026-05-12T10:00:00Z ERROR worker 3 lost the connection to db-{number}: error 111",
        f"make: *** [Makefile:{number % 90}: all] Error 2, exit code {number % 250 + 1}",
    ]
    return dice.sample(lines, dice.randrange(1, 3))


def turn(kind: int, size: int, seed: int, plant: bool = False) -> Turn:
    """-> a turn that is always the same for the same arguments."""
    dice = random.Random(seed * 8 + kind)
    tool, arguments, lines = KINDS[kind](size, dice)
    planted = needles(dice) if plant and KINDS[kind] in (log, tests, listing, search) else []
    for line in planted:
        lines.insert(dice.randrange(1, len(lines)), line)
    said = f"I look at part {seed}." if seed % 2 else ""
    asked = f"Go on with {seed}." if seed % 5 == 0 else ""
    return Turn(tool, arguments, "\n".join(lines), tuple(planted), said, asked, error=seed % 11 == 3)


LONG = turn(1, 90, 1, plant=True)
"""A turn that every stack under test changes, so that no generated conversation leaves a promise untested."""


def turns(plant: bool = False) -> st.SearchStrategy[Turn]:
    return st.builds(turn, st.integers(0, len(KINDS) - 1), st.integers(3, 90), st.integers(0, 40), st.just(plant))


def conversations(plant: bool = False) -> st.SearchStrategy[list[Turn]]:
    """Two to five turns, one of them certainly worth compressing; the same turn may come again."""
    some = st.lists(turns(plant), min_size=1, max_size=4)
    return st.tuples(some, st.integers(0, 4)).map(lambda drawn: [*drawn[0][: drawn[1]], LONG, *drawn[0][drawn[1] :]])


styles = st.builds(Style, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", " : ")]))
wires = st.sampled_from(WIRES)


def stored(number: int, count: int = 4) -> list[Turn]:
    """-> the conversation of that number, for tests that want a fixed few instead of drawn ones."""
    dice = random.Random(number)
    some = [
        turn(dice.randrange(len(KINDS)), dice.randrange(40, 90), dice.randrange(40), plant=True) for _ in range(count)
    ]
    return [*some[:2], LONG, *some[2:]]


TAIL = "]}"
_HEAD = '{{"model": "m","temperature":1.10, "seed":123456789012345678901234567890,"x":[ 1e-7,-0.0 ],"tools":{},"{}":['
TOOLS: dict[str, list[dict[str, Any]]] = {
    "anthropic": [{"name": name, "input_schema": {}} for name in ("Bash", "Read", "Grep")],
    "openai_chat": [{"type": "function", "function": {"name": name}} for name in ("Bash", "Read", "Grep")],
    "openai_responses": [{"type": "function", "name": name} for name in ("Bash", "Read", "Grep")],
    "gemini": [{"functionDeclarations": [{"name": name} for name in ("Bash", "Read", "Grep")]}],
}


def body(wire: Wire, conversation: Sequence[Turn], style: Style = PLAIN) -> bytes:
    """-> the request after these turns; what is sent for fewer of them, without `TAIL`, is the start of it."""
    write, key = {
        "anthropic": (_anthropic, "messages"),
        "openai_chat": (_chat, "messages"),
        "openai_responses": (_responses, "input"),
        "gemini": (_gemini, "contents"),
    }[wire.name]
    start = (
        {"role": "user", "parts": [{"text": "Mend it."}]} if wire is gemini else {"role": "user", "content": "Mend it."}
    )
    messages = [start, *(message for number, each in enumerate(conversation) for message in write(each, f"c{number}"))]
    text = _HEAD.format(style.dumps(TOOLS[wire.name]), key) + ", ".join(map(style.dumps, messages)) + TAIL
    return text.encode("utf-8", "replace")


def _anthropic(each: Turn, key: str) -> list[dict[str, Any]]:
    call = {"type": "tool_use", "id": key, "name": each.tool, "input": each.arguments}
    answer = {
        "type": "tool_result",
        "tool_use_id": key,
        "content": each.result,
        **({"is_error": True} if each.error else {}),
    }
    spoken = [{"type": "text", "text": each.said}] if each.said else []
    more = [{"type": "text", "text": each.asked}] if each.asked else []
    return [{"role": "assistant", "content": [*spoken, call]}, {"role": "user", "content": [answer, *more]}]


def _chat(each: Turn, key: str) -> list[dict[str, Any]]:
    call = {"id": key, "type": "function", "function": {"name": each.tool, "arguments": json.dumps(each.arguments)}}
    said = {"role": "assistant", "content": each.said or None, "tool_calls": [call]}
    more = [{"role": "user", "content": each.asked}] if each.asked else []
    return [said, {"role": "tool", "tool_call_id": key, "content": each.result}, *more]


def _responses(each: Turn, key: str) -> list[dict[str, Any]]:
    call = {"type": "function_call", "call_id": key, "name": each.tool, "arguments": json.dumps(each.arguments)}
    spoken = [{"role": "assistant", "content": [{"type": "output_text", "text": each.said}]}] if each.said else []
    more = [{"role": "user", "content": [{"type": "input_text", "text": each.asked}]}] if each.asked else []
    return [*spoken, call, {"type": "function_call_output", "call_id": key, "output": each.result}, *more]


def _gemini(each: Turn, key: str) -> list[dict[str, Any]]:
    spoken = [{"text": each.said}] if each.said else []
    call = {"functionCall": {"name": each.tool, "args": each.arguments}}
    answer = {"functionResponse": {"name": each.tool, "response": {"output": each.result}}}
    more = [{"role": "user", "parts": [{"text": each.asked}]}] if each.asked else []
    return [{"role": "model", "parts": [*spoken, call]}, {"role": "user", "parts": [answer]}, *more]


def keep_ends(segment: Segment) -> Compressed | None:
    """Keeps both ends and every line that sounds an alarm: a lossy compressor as it should be, for any text."""
    lines = segment.text.split("\n")
    kept = {*range(4), *range(len(lines) - 4, len(lines))}
    kept |= {n for n, line in enumerate(lines) if any(alarm.lower() in line.lower() for alarm in ALARMS)}
    if len(lines) < 20:
        return None
    out, missing = [], 0
    for number, line in enumerate(lines):
        if number in kept:
            out += [gap(number - missing + 1, number, "more of the same")] * (missing > 0) + [line]
        missing = 0 if number in kept else missing + 1
    omitted = f"{len(lines) - len(kept)} of {len(lines)} lines left out"
    return Compressed("\n".join([*out, footer(segment, omitted)]), omitted)


POLICY = Policy(stack=(*STACK, keep_ends))
"""The product's compressors, and one more, so that the promises are tested however few there are."""
