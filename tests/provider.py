"""A provider that bills: request bodies in, usage out, from a prompt cache with the published rules of two of them.

Anthropic (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching): an entry is written at each of up to
four breakpoints, lives for five minutes or an hour from its last use, and is found at a breakpoint or up to 20 blocks
before it; prefixes below a minimum size are not cached. OpenAI (https://platform.openai.com/docs/guides/prompt-caching):
any prefix of 1,024 tokens and more, in steps of 128, kept for some minutes; writing costs nothing extra.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from headroom_wrap.prices import Price
from headroom_wrap.tokens import count

LOOKBACK = 20
BREAKPOINTS = 4
LIFETIMES = {"5m": 300.0, "1h": 3600.0}
FEWEST = 1024
STEP = 128
OUTPUT = 40
DENSER = 1.3
UNREAD = ("type", "role", "id", "tool_use_id", "call_id")


@dataclass(frozen=True, slots=True)
class Block:
    tokens: int
    prefix: bytes
    lives: str = ""


def tokens(value: object) -> int:
    """-> what the model's own tokenizer makes of a block's texts: `DENSER` tokens where o200k has one."""
    if isinstance(value, str):
        return round(DENSER * count(value))
    if isinstance(value, dict):
        return sum(tokens(member) for name, member in value.items() if name not in UNREAD)
    return sum(map(tokens, value)) if isinstance(value, list) else 0


def blocks(body: dict[str, Any], *keys: str) -> Iterator[Block]:
    """-> the blocks of the prompt in order, each with a hash of all up to it, marks aside."""
    running = hashlib.sha256(str(body.get("model")).encode())
    for key in keys:
        for each in body.get(key) or []:
            content = each.get("content")
            for part in content if isinstance(content, list) else [each]:
                mark = part.get("cache_control") or {}
                plain = {name: value for name, value in part.items() if name != "cache_control"}
                text = json.dumps([each.get("role"), plain], ensure_ascii=False)
                running.update(text.encode())
                yield Block(tokens(plain), running.digest(), mark.get("ttl", "5m") if mark else "")


@dataclass
class Anthropic:
    """`held`: prefix -> when its entry lapses, and its lifetime."""

    price: Price
    held: dict[bytes, tuple[float, str]] = field(default_factory=dict)
    bill: float = 0.0

    def answer(self, body: dict[str, Any], now: float) -> dict[str, Any]:
        """-> the usage of a response. Raises ValueError for too many breakpoints, as the provider answers 400."""
        prompt = list(blocks(body, "tools", "system", "messages"))
        upto = [0]
        for block in prompt:
            upto.append(upto[-1] + block.tokens)
        marks = [place for place, block in enumerate(prompt) if block.lives]
        if len(marks) > BREAKPOINTS:
            raise ValueError("A maximum of 4 blocks with cache_control may be provided.")
        read = self._found(prompt, marks, now)
        written = {"5m": 0, "1h": 0}
        before = read
        for place in marks:
            lives = prompt[place].lives
            if upto[place + 1] >= FEWEST:
                self.held[prompt[place].prefix] = (now + LIFETIMES[lives], lives)
                written[lives] += max(0, upto[place + 1] - upto[before])
                before = max(before, place + 1)
        fresh = upto[-1] - upto[before]
        self.bill += self.price.dollars(fresh, upto[read], written["5m"], written["1h"], OUTPUT)
        return {
            "input_tokens": fresh,
            "output_tokens": OUTPUT,
            "cache_read_input_tokens": upto[read],
            "cache_creation_input_tokens": sum(written.values()),
            "cache_creation": {f"ephemeral_{name}_input_tokens": tokens for name, tokens in written.items()},
        }

    def _found(self, prompt: list[Block], marks: list[int], now: float) -> int:
        """-> how many leading blocks are read from the cache."""
        for mark in reversed(marks):
            for place in range(mark, max(mark - LOOKBACK, -1), -1):
                until, lives = self.held.get(prompt[place].prefix, (0.0, ""))
                if until >= now and lives:
                    self.held[prompt[place].prefix] = (now + LIFETIMES[lives], lives)
                    return place + 1
        return 0


@dataclass
class OpenAI:
    """`held`: prefix -> when it lapses; entries end at blocks here, where the provider cuts every 128 tokens."""

    price: Price
    held: dict[bytes, float] = field(default_factory=dict)
    bill: float = 0.0

    def answer(self, body: dict[str, Any], now: float) -> dict[str, Any]:
        """-> the usage of a response."""
        prompt = list(blocks(body, "tools", "input"))
        total = shared = running = 0
        for block in prompt:
            running += block.tokens
            if self.held.get(block.prefix, 0.0) >= now and running >= FEWEST:
                shared = running - running % STEP
            self.held[block.prefix] = now + LIFETIMES["5m"]
            total += block.tokens
        self.bill += self.price.dollars(total - shared, shared, 0, 0, OUTPUT)
        return {"input_tokens": total, "output_tokens": OUTPUT, "input_tokens_details": {"cached_tokens": shared}}
