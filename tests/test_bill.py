"""The ledger's whole-bill figure is what a provider with a real prompt cache bills less with us than without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from headroom_wrap import kompress
from headroom_wrap.ledger import Ledger
from headroom_wrap.prices import Prices
from headroom_wrap.rewrite import rewrite
from headroom_wrap.segment import Exchange, Usage
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import Wire, anthropic, openai_responses
from headroom_wrap.wire.fixed import sizes

from .provider import OUTPUT, Anthropic, OpenAI

MODELS = {"anthropic": "claude-sonnet-4-5", "openai_responses": "gpt-5"}
Sent = tuple[float, dict[str, Any]]


def log(chance: Random, lines: int) -> str:
    kinds = (
        "INFO job {} done in {} ms",
        "DEBUG cache hit key=price:{} ttl={}",
        "ERROR job {} failed: reset after {} ms",
    )
    made = [
        chance.choice(kinds[: 2 + (line % 40 == 7)]).format(chance.randrange(9999), chance.randrange(900))
        for line in range(lines)
    ]
    return "\n".join(f"2026-01-02T10:{line // 60 % 60:02}:{line % 60:02} {text}" for line, text in enumerate(made))


def result(chance: Random, turn: int) -> str:
    """-> a log, or on every third turn words that no compressor shortens and that show how the model counts."""
    if turn % 3:
        return log(chance, chance.choice((4, 30, 120)))
    return "\n".join(" ".join(f"{chance.randrange(1 << 40):x}" for _ in range(6)) for _ in range(60))


def claude(
    turns: int, pauses: dict[int, float], *, parallel: int = 1, lives: str = "5m", seed: int = 1
) -> Iterator[Sent]:
    """-> what Claude Code sends turn by turn: marks on the system prompt and on the last message, moving."""
    chance, now = Random(seed), 1000.0
    mark = {"type": "ephemeral", "ttl": lives}
    system = [{"type": "text", "text": "You are an agent. " * 900, "cache_control": mark}]
    tools = [{"name": "Bash", "description": f"Runs a command ({seed}). " * 60, "input_schema": {"type": "object"}}]
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": f"Find out why, {seed}."}]}]
    for turn in range(turns):
        now += pauses.get(turn, 20.0)
        *rest, last = messages
        marked = {**last, "content": [*last["content"][:-1], {**last["content"][-1], "cache_control": mark}]}
        body = {"model": MODELS["anthropic"], "tools": tools, "system": system, "messages": [*rest, marked]}
        yield now, body
        ids = [f"t{turn}_{number}" for number in range(parallel)]
        calls = [
            {"type": "tool_use", "id": each, "name": "Bash", "input": {"command": f"cat {each}.log"}} for each in ids
        ]
        results = [{"type": "tool_result", "tool_use_id": each, "content": result(chance, turn)} for each in ids]
        messages = [*messages, {"role": "assistant", "content": calls}, {"role": "user", "content": results}]


def codex(turns: int, pauses: dict[int, float]) -> Iterator[Sent]:
    chance, now = Random(3), 1000.0
    tools = [{"type": "function", "name": "shell", "description": "Runs a command. " * 800, "parameters": {}}]
    items: list[dict[str, Any]] = [{"type": "message", "role": "user", "content": "Find out why."}]
    for turn in range(turns):
        now += pauses.get(turn, 20.0)
        yield now, {"model": MODELS["openai_responses"], "tools": tools, "input": list(items)}
        arguments = json.dumps({"command": ["cat", f"{turn}.log"]})
        items.append({"type": "function_call", "call_id": f"c{turn}", "name": "shell", "arguments": arguments})
        output = result(chance, turn)
        items.append({"type": "function_call_output", "call_id": f"c{turn}", "output": output})


def interleaved(*talks: Iterator[Sent]) -> list[Sent]:
    """-> a main agent and its subagents in one session, in the order of time."""
    return sorted((sent for talk in talks for sent in talk), key=lambda sent: sent[0])


CASES: dict[str, tuple[Wire, list[Sent]]] = {
    "steady": (anthropic, list(claude(30, {}))),
    "lapses": (anthropic, list(claude(30, {8: 400.0, 20: 900.0}))),
    "kept for an hour": (anthropic, list(claude(30, {8: 400.0, 20: 4000.0}, lives="1h"))),
    "past the lookback": (anthropic, list(claude(18, {}, parallel=24))),
    "with a subagent": (anthropic, interleaved(claude(20, {}), claude(12, {5: 500.0}, seed=2))),
    "openai": (openai_responses, list(codex(30, {}))),
    "openai, lapses": (openai_responses, list(codex(30, {12: 600.0}))),
}


QUICK = ("lapses", "openai, lapses")


@pytest.mark.parametrize(
    "case", [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in CASES]
)
def test_the_saving_in_the_ledger_is_the_difference_of_the_bills(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kompress, "available", lambda: False)  # the line model may find something to leave out
    wire, requests = CASES[case]
    price = Prices(tmp_path).of(MODELS[wire.name])
    assert price is not None
    without, ours = (Anthropic(price) if wire is anthropic else OpenAI(price) for _ in range(2))
    ledger, store = Ledger(tmp_path), LocalStore(tmp_path)
    for now, body in requests:
        raw = json.dumps(body).encode()
        sent = rewrite(raw, wire, store)
        without.answer(body, now)
        usage = wire.usage({"type": "response.completed", "usage": ours.answer(json.loads(sent.body), now)}, Usage())
        assert usage.output == OUTPUT
        counts = (now, now + 1, 200, usage, sent.outcomes, len(raw), len(sent.body))
        assert sent.request is not None
        more = {"conversation": sent.request.first, "fixed": sizes(*sent.request.fixed)}
        ledger.record(Exchange("s", "a", wire.name, body["model"], *counts, **more))
    (total,) = ledger.totals()
    store.close()
    ledger.close()
    assert total.bill == pytest.approx(ours.bill)
    assert total.effect is not None and total.effect > 0.1
    assert total.effect == pytest.approx(1 - ours.bill / without.bill, rel=0.02)
