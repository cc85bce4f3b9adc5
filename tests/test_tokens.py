"""Counting: exact, offline, total and linear."""

from __future__ import annotations

import base64
import hashlib
import itertools
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headroom_wrap
from headroom_wrap import tokens
from headroom_wrap.tokens import count, estimate, family_factor

ALPHABET = st.sampled_from(
    [*"aB9 \n/.'(\"_-\t漢éßǅ٣😀\u0301\u00a0\u2028\x1c\x85", "  ", "\r\n", "'s", "'LL", "word", "AB", "{}", "https://"]
)

ELSEWHERE = {"HOME": "/none", "PYTHONPATH": str(Path(headroom_wrap.__file__).parents[1])}


def test_the_packed_ranks_are_the_ones_tiktoken_pins() -> None:
    published = b"".join(b"%s %d\n" % (base64.b64encode(token), rank) for token, rank in tokens.unpacked().items())
    assert hashlib.sha256(published).hexdigest() == tokens.RANKS_SHA256


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("hello world", 2),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
        ("お誕生日おめでとう", 8),
        ("def f(x):\n    return x\n", 8),
    ],
)
def test_counts_are_those_of_the_published_tokenizer(text: str, number: int) -> None:
    assert count(text) == number


def test_names_of_special_tokens_are_plain_text() -> None:
    assert count("<|endoftext|>") == 7


def test_a_lone_surrogate_counts_as_the_replacement_character() -> None:
    assert count("a\ud800b") == count("a\ufffdb")


@given(st.lists(ALPHABET, max_size=120).map("".join), st.sampled_from([12, 24, 60]))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_counting_in_pieces_changes_nothing_where_words_end(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "PIECE", size)
        pieces = list(tokens._pieces(text))
        assert "".join(pieces) == text
        assert all(len(piece) <= size for piece in pieces)
        blind = sum(not tokens._BOUNDARY.match(piece[-1] + after[0]) for piece, after in itertools.pairwise(pieces))
        assert abs(sum(map(count, pieces)) - len(tokens._encoding().encode_ordinary(text))) <= 3 * blind


def test_long_text_is_cut_only_where_the_count_cannot_change() -> None:
    text = "".join(
        f"{number} GET /items/{number * 7919} took {number % 97} ms; user='u{number}'\n" for number in range(9000)
    )
    assert len(text) > 5 * tokens.PIECE
    assert count(text) == len(tokens._encoding().encode_ordinary(text))


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["a", " ", "=", "\n", "1", "漢", "aB", "^ ", "\u0301", "\ud800"])
def test_a_megabyte_without_structure_is_counted_in_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        started = time.thread_time()
        count(text)
        return time.thread_time() - started

    count("")
    half, whole = (min(seconds(length) for _ in range(2)) for length in (500_000, 1_000_000))
    assert whole < 3 * half + 0.05


@pytest.mark.slow
def test_a_run_is_counted_as_if_it_had_not_been_cut() -> None:
    assert [count(unit * 1_000_000) for unit in ("a", " ", "=", "\n")] == [125_000, 7813, 15_625, 62_500]


def test_threads_share_one_tokenizer() -> None:
    tokens._built.cache_clear()
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(id(tokens._encoding()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_importing_loads_nothing_and_counting_asks_no_network() -> None:
    script = (
        "import sys, socket\n"
        "import headroom_wrap.tokens as tokens\n"
        "assert 'tiktoken' not in sys.modules\n"
        "socket.socket = None\n"
        "print(tokens.count('hello world'), tokens.estimate('hello world'), 'requests' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=ELSEWHERE)
    assert ran.stdout == "2 2 False\n"


@given(st.text())
@settings(max_examples=100, derandomize=True, deadline=None)
def test_any_text_is_counted_and_estimated(text: str) -> None:
    assert 0 <= count(text) <= max(1, len(text.encode("utf-8", "surrogatepass")))
    assert estimate(text) >= 0


def test_the_estimate_is_near_for_ordinary_text() -> None:
    text = "".join(
        f"src/module_{number}.py:{number}: def handle_{number}(self, request): return None\n" for number in range(99)
    )
    assert estimate(text) == pytest.approx(count(text), rel=0.2)


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("gpt-5.5", 1.0),
        ("", 1.0),
        ("claude-3-5-sonnet-20241022", 1.18),
        ("claude-sonnet-4-20250514", 1.18),
        ("claude-opus-4-6", 1.18),
        ("claude-opus-4-7", 1.57),
        ("anthropic/claude-opus-4.8", 1.57),
        ("claude-sonnet-5", 1.57),
        ("models/gemini-3-pro", 1.18),
    ],
)
def test_other_families_have_a_factor(model: str, factor: float) -> None:
    assert family_factor(model) == factor
