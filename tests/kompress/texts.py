"""Made-up tool results whose scores are pinned, one for each kind of input."""

from __future__ import annotations

SOURCE = [
    '"""Parses the settings of a shop."""',
    "",
    "import json",
    "from pathlib import Path",
    "",
    "DEFAULT_CURRENCY = 'EUR'",
    "",
    "",
    "def load_shop(path: Path) -> dict[str, object]:",
    "    raw = json.loads(path.read_text())",
    "    for key in raw:",
    "        if key.startswith('_'):",
    "            raise ValueError(f'unknown key {key}')",
    "    return raw",
    "",
    "",
    "class Basket:",
    "    def total_cents(self) -> int:",
    "        return sum(item.cents for item in self.items)",
]
NUMBERED = [f"{number:6d}→{line}" for number, line in enumerate(SOURCE, 1)]
OUTPUT = [
    "collected 3 items",
    *(f"tests/test_basket.py::test_case_{number} PASSED [ {number} %]" for number in range(20)),
    "E       AssertionError: assert 1250 == 1200",
    "tests/test_basket.py:41: AssertionError",
    "=== 1 failed, 20 passed in 0.31s ===",
]
ODD = ["", "\ud800", "\x00\x7f", "é" * 40, "日本語 テスト", " " * 300, "a" * 5000, "\r"]

RESULTS: dict[str, tuple[list[str], str, str, str]] = {
    "source": (NUMBERED, "Read", "file_path=/shop/basket.py", "Why is the total wrong?\nLet me look at Basket."),
    "output": (OUTPUT, "Bash", "pytest tests", "Fix the failing test"),
    "search": ([f"src/a{n}.py:{n}:total_cents(" for n in range(9)], "Grep", "pattern=total_cents", ""),
    "odd": (ODD, "", "", ""),
}
