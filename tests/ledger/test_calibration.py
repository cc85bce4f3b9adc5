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
