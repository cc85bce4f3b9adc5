import random
import time

import pytest

from headroom_wrap.syntax.bodies import Body, bodies

LINES = ["def f(a):", *["    a += 1"] * 6, "", "class A:", "    def g(self):", *["        a()"] * 6, "    x = 1"]


def test_bodies_come_in_order_with_their_lines():
    assert bodies(LINES, "python") == [Body("f", 1, 6), Body("g", 10, 15)]


def test_short_functions_have_no_body():
    assert bodies(["def f(a):", *["    a += 1"] * 5], "python") == []


def test_a_parse_that_was_given_up_leaves_nothing_for_the_next():
    draw = random.Random(1)
    noise = ["".join(draw.choice("abc(){}[]\"'`;:,.<>=+-*/#") for _ in range(60)) for _ in range(2000)]
    assert bodies(noise, "python") == []
    assert bodies(LINES, "python") == [Body("f", 1, 6), Body("g", 10, 15)]


def test_a_function_that_is_mostly_functions_is_looked_into():
    inner = ["  const name = () => {", *["    a();"] * 8, "  };"]
    assert bodies(["function make() {", *inner * 5, "}"], "javascript") == [
        Body("name", 2 + 10 * n, 9 + 10 * n) for n in range(5)
    ]


def test_noise_in_the_name_of_a_source_file_is_not_parsed():
    chance = random.Random(1)
    noise = ["".join(map(chr, chance.choices(range(32, 127), k=60))) for _ in range(5000)]
    start = time.process_time()
    assert bodies(noise, "typescript") == []
    assert time.process_time() - start < 2


@pytest.mark.parametrize("unit", ['"""', "a<b,", "`${", "/*\n", "def f():\n    return 1\n"])
@pytest.mark.parametrize("language", ["python", "typescript", "rust", "bash"])
def test_the_same_few_characters_over_and_over_are_not_parsed(unit: str, language: str) -> None:
    start = time.process_time()
    assert bodies((unit * (64_000 // len(unit))).split("\n"), language) == []
    assert time.process_time() - start < 1.0
