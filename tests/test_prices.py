"""Names in, list prices out: the packaged table, the user's own on top, and names as the wires report them."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from headroom_wrap.prices import BadPrices, Price, Prices

OPUS = Price(5.0, 25.0, 0.5, 6.25, 10.0)


@pytest.mark.parametrize(
    "name",
    [
        "claude-opus-4-5", "claude-opus-4-5-20251101", "anthropic/claude-opus-4-5", "anthropic/claude-opus-4.5",
        "us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5@20251101", "claude-opus-4-5[1m]",
        "Claude-Opus-4-5-latest",
    ],
)  # fmt: skip
def test_a_model_is_found_under_its_usual_names(tmp_path: Path, name: str) -> None:
    assert Prices(tmp_path).of(name) == OPUS


@pytest.mark.parametrize(
    "name", ["", "unknown", "claude-opus-4.55", "gpt-5-", "gpt-5-pro", "claude-opus-4-5-super", "-latest", "gpt"]
)
def test_a_model_that_is_not_listed_has_no_price(tmp_path: Path, name: str) -> None:
    assert Prices(tmp_path).of(name) is None


def test_long_prompts_have_their_own_price(tmp_path: Path) -> None:
    prices = Prices(tmp_path)
    short, long = prices.of("claude-haiku-5-5", 100_000), prices.of("claude-haiku-5-5", 100_001)
    assert short == Price(0.1, 0.5, 0.01, 0.125, 0.2)
    assert long == Price(0.5, 2.5, 0.05, 0.625, 1.0)
    assert 100_000 in prices.tiers and list(prices.tiers) == sorted(prices.tiers)


def test_a_provider_without_a_write_fee_bills_writes_as_input(tmp_path: Path) -> None:
    assert Prices(tmp_path).of("gpt-5-codex") == Price(1.25, 10.0, 0.125, 1.25, 1.25)


def test_the_users_own_prices_come_first(tmp_path: Path) -> None:
    own = {"models": {"claude-opus-4-5": {"input": 1, "output": 2}, "local": {"input": 0, "output": 0}}}
    (tmp_path / "prices.json").write_text(json.dumps(own))
    prices = Prices(tmp_path)
    assert prices.of("claude-opus-4-5-20251101") == Price(1.0, 2.0, 1.0, 1.0, 1.0)
    assert prices.of("local") == Price(0.0, 0.0, 0.0, 0.0, 0.0)
    assert prices.of("claude-opus-4-6") == OPUS
    assert prices.of("claude-opus-4.5") == Price(1.0, 2.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"models": 1}', '{"models": {"m": {"input": "x", "output": 1}}}'])
def test_a_bad_file_is_named_with_the_form_it_should_have(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(BadPrices, match=r"prices\.json.*input"):
        Prices(tmp_path).of("claude-opus-4-5")


def test_dollars_are_tokens_times_their_prices() -> None:
    assert OPUS.dollars(1e6, 1e6, 1e6, 1e6, 1e6) == 5 + 0.5 + 6.25 + 10 + 25


def test_every_packaged_price_is_dated_sourced_and_ordered(tmp_path: Path) -> None:
    prices = Prices(tmp_path)
    assert date.fromisoformat(prices.dated)
    packaged = json.loads(files("headroom_wrap").joinpath("prices.json").read_text())["models"]
    for name, row in packaged.items():
        price = prices.of(name)
        assert price is not None and row["source"]
        assert 0 < price.cache_read < price.input <= price.cache_write <= price.cache_write_1h < price.output
