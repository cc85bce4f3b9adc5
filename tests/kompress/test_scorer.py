"""The order of a token classifier on the scale of the shipped model, and windows that cover a text."""

from __future__ import annotations

import random
from importlib.util import find_spec
from itertools import pairwise

import pytest

from headroom_wrap import kompress
from headroom_wrap.kompress import classifier, hub
from headroom_wrap.kompress.scorer import by_line, placed
from headroom_wrap.refused import Refused
from tests.kompress.texts import RESULTS


@pytest.mark.skipif(all(find_spec(module) for module in hub.NEEDS), reason="[ml] is installed")
def test_without_torch_the_line_says_what_to_install() -> None:
    with pytest.raises(Refused) as said:
        hub.found("some/model")
    assert str(said.value).endswith(' is not installed; run: pip install "headroom-wrap[ml]"')


def test_a_line_is_worth_the_mean_of_its_tokens_and_a_blank_one_nothing() -> None:
    lines = ["two words", "", "  one ", "three of them"]
    tokens = [(0, 0.25), (0, 0.75), (1, 0.5), (2, 0.125), (3, 1.0), (4, 0.5), (5, 0.0)]
    assert by_line(lines, tokens) == [0.5, 0.0, 0.125, 0.5]


@pytest.mark.parametrize("size", [1, 7, 384, 510, 511, 512, 1_500])
def test_windows_cover_every_token_and_overlap(size: int) -> None:
    found = list(classifier.windows(size, 510))
    assert sorted({place for first, last in found for place in range(first, last)}) == list(range(size))
    assert all(last - first <= 510 for first, last in found)
    assert all(before[1] - after[0] == classifier.OVERLAP for before, after in pairwise(found))
    assert list(classifier.windows(0, 510)) == []


@pytest.mark.parametrize("name", RESULTS)
def test_the_order_is_the_classifiers_and_the_scale_the_shipped_models(name: str) -> None:
    lines, tool, call, goal = RESULTS[name]
    shipped, costs = kompress.scores(lines, tool=tool, call=call, goal=goal), kompress.costs(lines)
    assert shipped is not None
    opinions = shuffled(len(lines))
    made = placed(opinions, shipped, costs)
    densities = [score / cost for score, cost in zip(made, costs, strict=True)]
    ranked = sorted(range(len(lines)), key=lambda place: -opinions[place])
    assert all(densities[a] >= densities[b] - 1e-12 for a, b in pairwise(ranked))
    for price in (0.0001, 0.001, 0.01):
        above = sum(cost for cost, density in zip(costs, densities, strict=True) if density > price)
        before = sum(cost for cost, score in zip(costs, shipped, strict=True) if score / cost > price)
        assert abs(above - before) <= max(costs)


def shuffled(count: int) -> list[float]:
    out = [place / count for place in range(count)]
    random.Random(3).shuffle(out)
    return out


@pytest.mark.parametrize("name", RESULTS)
def test_the_shipped_models_own_order_changes_nothing(name: str) -> None:
    lines, tool, call, goal = RESULTS[name]
    shipped, costs = kompress.scores(lines, tool=tool, call=call, goal=goal), kompress.costs(lines)
    assert shipped is not None
    own = [score / cost for score, cost in zip(shipped, costs, strict=True)]
    assert placed(own, shipped, costs) == pytest.approx(list(shipped), rel=1e-12)
