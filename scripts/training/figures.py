"""Scored examples of held-out sources in, the figures of the card out: curves with controls, by kind and by source."""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from headroom_wrap.compressors.lines_by_use import LEAST
from training.calibrate import Scored, stays
from training.data import TRAIN

BUDGETS = (30, 40, 50, 60, 70, 80, 90)
GAP, FOOTER = 22, 20
PRICES = (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8)

Keeps = Sequence[bool]


def held(evidence: Iterable[Sequence[int]], kept: Keeps) -> int:
    """-> how many strings of evidence some kept line holds."""
    return sum(any(kept[line] for line in lines) for lines in evidence)


def saved(one: Scored, kept: Keeps) -> float:
    """-> tokens saved, gaps and footer paid."""
    gone = sum(cost for cost, stay in zip(one.costs, kept, strict=True) if not stay) / 100
    gaps = sum(1 for place, stay in enumerate(kept) if not stay and (place == 0 or kept[place - 1]))
    return gone - gaps * GAP - (FOOTER if gaps else 0)


def tally(examples: Iterable[Scored], choose: Callable[[Scored], Keeps]) -> dict[str, float]:
    """-> percent saved, and percent of strings kept that were used, used later, used again; and outputs kept whole."""
    sums: Counter[str] = Counter()
    for one in examples:
        kept = choose(one)
        sums["tokens"] += one.tokens
        sums["saved"] += saved(one, kept)
        for name, strings in (("used", one.used), ("later", one.later), ("again", one.repeated)):
            sums[f"{name} strings"] += len(strings)
            sums[name] += held(strings, kept)
        sums["outputs"] += 1
        sums["intact"] += held(one.used, kept) == len(one.used)
    out = {"saved": 100 * sums["saved"] / max(1, sums["tokens"])}
    out |= {name: 100 * sums[name] / max(1, sums[f"{name} strings"]) for name in ("used", "later", "again")}
    return out | {"intact": 100 * sums["intact"] / max(1, sums["outputs"]), "outputs": sums["outputs"]}


def at_budget(one: Scored, percent: int, ranks: Sequence[float]) -> list[bool]:
    """-> the best lines by rank up to a share of the tokens."""
    left = sum(one.costs) * percent // 100
    kept = [False] * len(one.costs)
    for place in sorted(range(len(ranks)), key=lambda place: (-ranks[place], place)):
        if one.costs[place] <= left:
            left -= one.costs[place]
            kept[place] = True
    return kept


def controls(one: Scored) -> dict[str, list[float]]:
    """-> the ranks that the model is compared with."""
    n = len(one.costs)
    order = random.Random(n)
    words = [re.findall(r"\w+", line) for line in one.lines]
    times = Counter(word for found in words for word in set(found))
    rare = {word: math.log((n + 1) / number) for word, number in times.items()}
    asked = set(re.findall(r"\w+", one.asked))
    mean = sum(map(len, words)) / max(1, n)
    return {
        "random": [order.random() for _ in range(n)],
        "head and tail": [float(-min(place, n - 1 - place)) for place in range(n)],
        "BM25 (call and goal)": [_bm25(found, asked, rare, mean) for found in words],
        "rarity": [max((rare[word] for word in found), default=0.0) for found in words],
        "model": [score / math.sqrt(cost) for score, cost in zip(one.scores, one.costs, strict=True)],
    }


def _bm25(found: list[str], asked: set[str], rare: dict[str, float], mean: float) -> float:
    hits = Counter(word for word in found if word in asked)
    norm = 1.2 * (0.25 + 0.75 * len(found) / max(1.0, mean))
    return sum(rare[word] * times * 2.2 / (times + norm) for word, times in hits.items())


def all_of(examples: Sequence[Scored], prices: dict[str, float]) -> dict[str, object]:
    """-> every figure of the card."""
    large = [one for one in examples if one.tokens >= LEAST]
    kept: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in (one for one in large if one.used):
        for name, ranks in controls(one).items():
            for budget in BUDGETS:
                count = kept[name][budget]
                count[0] += held(one.used, at_budget(one, budget, ranks))
                count[1] += len(one.used)
    out: dict[str, object] = {
        "curve": {name: {b: 100 * k / max(1, n) for b, (k, n) in found.items()} for name, found in kept.items()},
        "prices": {use: tally(examples, lambda one, use=use: stays(one, use)) for use in PRICES},
        "safe": tally(examples, lambda one: stays(one, prices[one.kind])),
    }
    groups: dict[str, list[Scored]] = defaultdict(list)
    for one in examples:
        groups[f"kind {one.kind}"].append(one)
        groups[f"{'held out' if one.source in TRAIN else 'never trained on'}: {one.source}"].append(one)
    out["groups"] = {name: tally(found, lambda one: stays(one, prices[one.kind])) for name, found in groups.items()}
    return out


def markdown(found: dict[str, object]) -> str:
    """-> the figures as tables."""
    curve = found["curve"]
    assert isinstance(curve, dict)
    lines = [
        "| kept of each output | " + " | ".join(f"{b} %" for b in BUDGETS) + " |",
        "|---" * (len(BUDGETS) + 1) + "|",
    ]
    lines += [f"| {name} | " + " | ".join(f"{row[b]:.1f}" for b in BUDGETS) + " |" for name, row in curve.items()]
    lines += [
        "",
        "| price or group | saved | used kept | used later kept | used again kept | outputs intact | outputs |",
    ]
    lines += ["|---" * 7 + "|"]
    for part in ("prices", "groups"):
        rows = found[part]
        assert isinstance(rows, dict)
        lines += [_row(str(name), row) for name, row in rows.items()]
    safe = found["safe"]
    assert isinstance(safe, dict)
    return "\n".join([*lines, _row("safe prices, all", safe)])


def _row(name: str, row: dict[str, float]) -> str:
    figures = " | ".join(f"{row[key]:.1f} %" for key in ("saved", "used", "later", "again", "intact"))
    return f"| {name} | {figures} | {row['outputs']:.0f} |"
