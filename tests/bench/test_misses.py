"""A session whose agent asks for everything it misses: paid, counted in the ledger, and still a saving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.ledger import Ledger
from scripts.benches.measure.candidates import Ours
from scripts.benches.measure.observed import Session
from scripts.benches.misses import AROUND, around, replay

LINES = [f"src/part{n // 90}/file.py:{n}:    value_{n} = parse(item, {n})" for n in range(900)]
TURNS = 12


def session(*used: str) -> Session:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Tidy up."}]
    for turn in range(TURNS):
        call = {"name": "Bash", "arguments": {"command": f"grep -rn parse src{turn}"}}
        found = "\n".join(line.replace("value", f"value{turn}") for line in LINES)
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "tool": "Bash", "content": found})
    messages.append({"role": "assistant", "content": "Done."})
    return Session("made up", messages, {2: used})


@pytest.fixture
def ours() -> Any:
    made = Ours()
    yield made
    made.close()


def replayed(ours: Ours, *used: str) -> dict[str, float]:
    ledger = Ledger(Path(ours.home))
    try:
        return replay(session(*used), 50, ours, ledger, "s")
    finally:
        ledger.close()


def test_what_is_missed_is_paid_for_counted_and_still_a_saving(ours: Ours) -> None:
    found = replayed(ours, "value0_431 = parse(item, 431)")
    assert (found["lost"], found["recorded"], found["requests"]) == (1, 1, TURNS + 1)
    assert 0 < found["cost"] < found["saved"]
    assert found["bill"] < found["came bill"]


def test_without_a_miss_nothing_is_asked_for(ours: Ours) -> None:
    found = replayed(ours, "value0_0 = parse(item, 0)")
    assert (found["used"], found["lost"], found["recorded"], found["cost"]) == (1, 0, 0, 0.0)


def test_the_ledger_is_near_the_difference_of_the_bills(ours: Ours) -> None:
    found = replayed(ours, "value0_431 = parse(item, 431)")
    share = (found["saved"] - found["cost"]) / (found["paid"] + found["saved"] - found["cost"])
    assert share == pytest.approx(1 - found["bill"] / found["came bill"], abs=0.03)


def test_what_is_printed_is_the_lines_around() -> None:
    text = "\n".join(map(str, range(100)))
    assert around(text, "50") == "\n".join(map(str, range(50 - AROUND, 50 + AROUND + 1)))
    assert around(text, "3\n4").startswith("0\n")
