"""A debugging session, written for the demo: nothing in, an agent's turns and what its tools answered out.

A shop's checkout charges one cent too much on some orders. Everything is generated from a fixed seed: the same session
on every machine.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from headroom_wrap.demo.script import Step, read, run, say, search

TASK = "Some orders are charged one cent too much since the last release. Find out why, and mend it."
SYSTEM = "You are a coding agent. Work in the user's repository with the tools you have; be brief."
PRICING = "/home/dev/shop/src/shop/pricing.py"
SEED = 20260214


@dataclass(frozen=True, slots=True)
class Turn:
    """One call of the agent: what it is about (for people), the step, and what the tool answered."""

    about: str
    step: Step
    result: str


def session() -> tuple[Turn, ...]:
    """-> the turns that have a tool result, in order."""
    chance = random.Random(SEED)
    code = _pricing(broken=True)
    return (
        Turn("list the repository", run("git ls-files"), _files()),
        Turn("orders from the API (JSON)", run("curl -s localhost:8000/api/orders?day=2026-02-13"), _orders(chance)),
        Turn("search: round_half_up", search("round_half_up", "/home/dev/shop"), _hits(chance)),
        Turn("read pricing.py", read(PRICING), _numbered(code)),
        Turn("the service's log", run("tail -n 600 var/log/checkout.log"), _log(chance)),
        Turn("run the tests", run("python -m pytest -v tests/"), _tests(failing=True)),
        Turn("read pricing.py again", read(PRICING), _numbered(_pricing(broken=False))),
        Turn("the change", run("git diff"), _diff()),
        Turn("run the tests again", run("python -m pytest -v tests/"), _tests(failing=False)),
    )


ANSWER = say(
    "apply_discount rounded every line item before they were added; now the sum is rounded once. "
    "test_discount_on_three_items failed before the change and passes now."
)

PACKAGES = ("cart", "catalog", "checkout", "customers", "inventory", "invoices", "payments", "pricing", "refunds")
PARTS = ("api", "events", "forms", "models", "queries", "serializers", "services", "tasks", "validators")


def _files() -> str:
    paths = [f"src/shop/{package}/{part}.py" for package in PACKAGES for part in PARTS]
    tests = [f"tests/{package}/test_{part}.py" for package in PACKAGES for part in PARTS]
    return "\n".join(sorted(["README.md", "pyproject.toml", "src/shop/pricing.py", *paths, *tests]))


WRONG = (37, 88, 121)
"""The orders that were charged one cent too much: 10.10, 9.90 and 10.30 less 5 %, each rounded by itself."""


def _orders(chance: random.Random) -> str:
    orders = []
    for number in range(140):
        wrong = number in WRONG
        net = 3030 if wrong else chance.randrange(900, 24_000)
        discount = 5 if wrong else chance.choice((0, 0, 0, 10, 15))
        due = 2879 if wrong else round(net * (100 - discount) / 100)
        orders.append(
            {
                "id": f"ord_{48_210 + number}",
                "customer": f"cus_{chance.randrange(1_000, 9_999)}",
                "currency": "EUR",
                "status": "paid",
                "items": chance.randrange(1, 6),
                "net_cents": net,
                "discount_percent": discount,
                "charged_cents": due + wrong,
                "created_at": f"2026-02-13T{8 + number // 14:02}:{(number * 4) % 60:02}:00Z",
            }
        )
    return json.dumps({"orders": orders, "next": None}, indent=2)


def _hits(chance: random.Random) -> str:
    lines = []
    for package in PACKAGES:
        for part in chance.sample(PARTS, 6):
            at = chance.randrange(12, 300)
            path = f"/home/dev/shop/src/shop/{package}/{part}.py"
            lines.append(f"{path}:{at}:from shop.pricing import round_half_up")
            lines.append(f"{path}:{at + 40}:    total = round_half_up(amount * rate, places=2)")
    return "\n".join(lines)


def _pricing(*, broken: bool) -> str:
    parts = ['"""Prices: net amounts in, what is charged out. Amounts are cents."""\n', PREFACE]
    for country, rate in zip(COUNTRIES, RATES, strict=True):
        parts.append(FUNCTION.format(country=country.lower(), name=country, rate=rate))
    parts.append(BROKEN if broken else MENDED)
    return "\n\n".join(parts)


COUNTRIES = ("Austria", "Belgium", "Croatia", "Denmark", "Estonia", "Finland", "France", "Germany", "Greece", "Hungary")
RATES = ("0.20", "0.21", "0.25", "0.25", "0.24", "0.255", "0.20", "0.19", "0.24", "0.27")

PREFACE = '''\
from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def round_half_up(amount: Decimal, places: int = 0) -> Decimal:
    """Round as invoices do: halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
'''

FUNCTION = '''\
def tax_{country}(net: int, *, reduced: bool = False) -> int:
    """The tax on a net amount in {name}.

    Reduced rates hold for books and food; the shop sells both. Shipping is taxed with the highest rate among the items.
    """
    rate = Decimal("{rate}")
    if reduced:
        rate = rate / 2
    if net < 0:
        raise ValueError(f"a net amount can't be negative: {{net}}")
    return int(round_half_up(Decimal(net) * rate))
'''

BROKEN = '''\
def apply_discount(items: list[int], percent: int) -> int:
    """What is charged for items after a discount."""
    keep = Decimal(100 - percent) / 100
    return sum(int(round_half_up(Decimal(item) * keep)) for item in items)
'''

MENDED = '''\
def apply_discount(items: list[int], percent: int) -> int:
    """What is charged for items after a discount: the sum is rounded, once."""
    keep = Decimal(100 - percent) / 100
    return int(round_half_up(sum(map(Decimal, items)) * keep))
'''


def _numbered(code: str) -> str:
    return "\n".join(f"{number}\t{line}" for number, line in enumerate(code.splitlines(), 1))


def _log(chance: random.Random) -> str:
    lines = []
    for number in range(600):
        stamp = f"2026-02-13T09:{number // 60:02}:{number % 60:02}.{chance.randrange(1000):03}Z"
        if number == 371:
            lines.append(f"{stamp} ERROR checkout.totals order=ord_48247 charged 2880 expected 2879: off by one cent")
        elif number % 7 == 3:
            lines.append(f"{stamp} DEBUG checkout.cache hit key=price:{chance.randrange(100_000):05} ttl=300")
        else:
            took = chance.randrange(3, 90)
            order = 48_210 + number // 5
            lines.append(f"{stamp} INFO checkout.api POST /orders/ord_{order}/confirm status=200 took={took}ms")
    return "\n".join(lines)


def _tests(*, failing: bool) -> str:
    names = [
        f"tests/{package}/test_{part}.py::test_{part}_{case}"
        for package in PACKAGES
        for part in PARTS
        for case in CASES
    ]
    names.insert(171, "tests/pricing/test_discount.py::test_discount_on_three_items")
    head = ["=" * 26 + " test session starts " + "=" * 27, "platform linux -- Python 3.12.1, pytest-8.3.4", ""]
    head += [f"collected {len(names)} items", ""]
    body = [
        f"{name} {'FAILED' if failing and 'three_items' in name else 'PASSED'} [{100 * (at + 1) // len(names):3}%]"
        for at, name in enumerate(names)
    ]
    tail = [FAILURE, f"1 failed, {len(names) - 1} passed in 9.42s"] if failing else [f"{len(names)} passed in 9.37s"]
    return "\n".join([*head, *body, "", *tail])


CASES = ("accepts_valid_input", "rejects_empty_input")

FAILURE = """\
=================================== FAILURES ===================================
_________________________ test_discount_on_three_items _________________________

    def test_discount_on_three_items():
>       assert apply_discount([1010, 990, 1030], 5) == 2879
E       assert 2880 == 2879
E        +  where 2880 = apply_discount([1010, 990, 1030], 5)

tests/pricing/test_discount.py:41: AssertionError
=========================== short test summary info ============================
FAILED tests/pricing/test_discount.py::test_discount_on_three_items - assert 2880 == 2879"""


def _diff() -> str:
    return """\
diff --git a/src/shop/pricing.py b/src/shop/pricing.py
index 3c1f2aa..9d04e17 100644
--- a/src/shop/pricing.py
+++ b/src/shop/pricing.py
@@ -144,4 +144,4 @@
 def apply_discount(items: list[int], percent: int) -> int:
-    \"\"\"What is charged for items after a discount.\"\"\"
+    \"\"\"What is charged for items after a discount: the sum is rounded, once.\"\"\"
     keep = Decimal(100 - percent) / 100
-    return sum(int(round_half_up(Decimal(item) * keep)) for item in items)
+    return int(round_half_up(sum(map(Decimal, items)) * keep))"""
