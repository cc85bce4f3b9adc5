"""Usage of made-up conversations in; how a model's own tokens compare with ours out."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom_wrap.ledger import Calibration, Ledger
from headroom_wrap.ledger.calibration import calibrations, family
from headroom_wrap.segment import Exchange, Outcome, Usage


def conversation(ledger: Ledger, model: str, factor: float, results: list[int], odd: int = 0) -> None:
    """Record a conversation in which each request brings a result of so many o200k tokens."""
    outcomes: tuple[Outcome, ...] = ()
    prompt = 20_000
    for turn, size in enumerate([0, *results]):
        outcomes += (Outcome(None, before=size, after=size, why="small", tool="Read"),) if size else ()
        prompt += round(size * factor) + 50 + (odd if turn == 3 else 0)
        usage = Usage(0, 50, prompt - 10, 10)
        ledger.record(
            Exchange(model, "a", "anthropic", model, 1.0, 2.0, 200, usage, outcomes, conversation=f"c {model}")
        )
        prompt += 0


def test_the_growth_of_reported_prompts_gives_the_factor(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    conversation(ledger, "claude-opus-4-5", 1.2, [2000 + 100 * turn for turn in range(20)], odd=50_000)
    (found,) = ledger.calibrations()
    ledger.close()
    assert found == Calibration("claude-*", pytest.approx(1.2), pytest.approx(1.2), pytest.approx(1.2), 19)  # type: ignore[arg-type]
    assert found.says == "o200k × 1.20 for claude-*, from 19 requests"


def test_small_results_say_nothing_of_a_tokenizer(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    conversation(ledger, "claude-opus-4-5", 1.2, [400] * 20)
    assert ledger.calibrations() == (Calibration("claude-*", 1.18, 1.06, 1.29, 0),)
    ledger.close()


def test_models_that_share_a_tokenizer_share_a_family() -> None:
    models = ["anthropic/claude-sonnet-4-5-20250929", "claude-opus-4-7", "gpt-5-codex", "gemini-2.5-pro", "qwen3-coder"]
    assert [family(model) for model in models] == ["claude-*", "claude-* from 4.7", "gpt-*", "gemini-*", "qwen-*"]


def test_without_measurements_the_range_is_that_of_the_estimate() -> None:
    found = calibrations(["gpt-5", "qwen3", "claude-opus-5", "", "gpt-3.5"], [("gpt-5", 1.0)] * 3)
    assert [row.says for row in found.values()] == [
        "o200k × 1.00 for gpt-*, exact",
        "o200k × 1.00 for qwen-*, estimated",
        "o200k × 1.57 for claude-* from 4.7, estimated",
        "o200k × 1.00 for other-*, estimated",
    ]
    assert (found["qwen-*"].low, found["qwen-*"].high) == (0.85, 1.25)


def test_the_bill_of_a_provider_that_counts_otherwise_is_met_within_two_percent(tmp_path: Path) -> None:
    """A provider that counts 1.3 tokens for each of ours bills a session with us, and the same without."""
    (tmp_path / "prices.json").write_text(
        '{"models": {"m": {"input": 4, "output": 20, "cache_read": 0.4, "cache_write": 5, "cache_write_1h": 8}}}'
    )
    ledger = Ledger(tmp_path)
    outcomes: tuple[Outcome, ...] = ()
    bills, cached = [0.0, 0.0], [0, 0]
    for turn in range(40):
        size = 3000 + 137 * (turn % 7)
        changed = Outcome("…", "code", "lines", f"r{turn}", size, size // 2, "", "Read")
        as_came = Outcome(None, before=size, after=size, why="no compressor", tool="Read")
        outcomes += (changed if turn % 3 else as_came,)
        for side, name in enumerate(("before", "after")):
            prompt = round(1.3 * (20_000 + sum(getattr(outcome, name) for outcome in outcomes))) + 60 * turn
            usage = Usage(3, 60, cached[side], prompt - cached[side] - 3, 0)
            bills[side] += (3 * 4 + 60 * 20 + cached[side] * 0.4 + (prompt - cached[side] - 3) * 5) / 1e6
            cached[side] = prompt
        ledger.record(Exchange("s", "a", "w", "m", 1.0, 2.0, 200, usage, outcomes, conversation="c"))
    (total,) = ledger.totals()
    ledger.close()
    assert total.bill == pytest.approx(bills[1])
    assert total.effect == pytest.approx(1 - bills[1] / bills[0], rel=0.02)
    assert total.effect_range is not None and total.effect_range[0] <= total.effect <= total.effect_range[1]
