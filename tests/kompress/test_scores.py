"""The model's scores are the same everywhere, and none at all is no harm."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import headroom_wrap
from headroom_wrap import kompress
from tests.kompress.texts import OUTPUT, RESULTS

ROOT = Path(headroom_wrap.__file__).parents[1]
PINNED = Path(__file__).with_name("scores.json")
PRINT = """
import json
from headroom_wrap import kompress
from tests.kompress.texts import RESULTS
for lines, tool, call, goal in RESULTS.values():
    print(json.dumps(kompress.scores(lines, tool=tool, call=call, goal=goal)))
"""


def scores_of(name: str) -> list[float]:
    lines, tool, call, goal = RESULTS[name]
    found = kompress.scores(lines, tool=tool, call=call, goal=goal)
    assert found is not None
    return list(found)


def printed(*options: str, seed: str = "0") -> str:
    """-> what a fresh interpreter says about all results."""
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": seed}
    ran = subprocess.run(
        [sys.executable, *options, "-c", PRINT], capture_output=True, text=True, check=True, env=environment
    )
    return ran.stdout


@pytest.mark.parametrize("name", RESULTS)
def test_scores_are_to_the_last_bit_what_they_were(name: str, request: pytest.FixtureRequest) -> None:
    pinned = json.loads(PINNED.read_text()) if PINNED.exists() else {}
    if request.config.getoption("--update"):
        pinned[name] = scores_of(name)
        PINNED.write_text(json.dumps(pinned, indent=1) + "\n")
    assert scores_of(name) == pinned[name]


def test_other_processes_say_the_same() -> None:
    assert printed(seed="1") == printed("-O", seed="2")


def test_threads_say_the_same_as_one() -> None:
    alone, found = scores_of("source"), []
    threads = [threading.Thread(target=lambda: found.append(scores_of("source"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 8


def test_every_line_gets_a_probability() -> None:
    for name, (lines, *_) in RESULTS.items():
        found = scores_of(name)
        assert len(found) == len(lines)
        assert all(0 <= score <= 1 for score in found)


def test_no_lines_get_no_scores_and_cost_nothing() -> None:
    assert kompress.scores([], tool="Bash", call="", goal="") == []
    assert kompress.costs([]) == []


def test_a_line_with_a_line_end_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="line end"):
        kompress.scores(["a\nb"], tool="Bash", call="", goal="")


def test_without_numpy_there_are_no_scores_and_no_price() -> None:
    script = "import sys; sys.modules['numpy'] = None\n" + (
        "from headroom_wrap import kompress\n"
        "print(kompress.scores(['a'], tool='Read', call='', goal=''), kompress.price(tool='Read', call=''))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert ran.stdout == "None None\n", ran.stderr


def test_importing_the_model_loads_neither_numpy_nor_the_weights() -> None:
    script = "import sys, headroom_wrap.kompress; print('numpy' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert ran.stdout == "False\n"


def test_a_unique_failure_rates_above_the_passes_around_it() -> None:
    found = scores_of("output")
    assert found[OUTPUT.index("E       AssertionError: assert 1250 == 1200")] > max(found[3:18])


def test_reports_of_subagents_have_no_price() -> None:
    assert kompress.price(tool="Task", call="") is None
    assert kompress.price(tool="WebFetch", call="url=https://example.com") is None


def test_spans_are_rated_by_their_uses_per_token() -> None:
    lines, tool, call, goal = RESULTS["output"]
    passes, failure = kompress.density(lines, [(3, 18), (21, 24)], tool=tool, call=call, goal=goal) or (0, 0)
    assert failure > passes > 0


def test_weights_stay_below_a_megabyte() -> None:
    assert (Path(kompress.__file__).parent / "weights.npz").stat().st_size < 1_000_000


def test_time_grows_with_the_text_and_no_faster() -> None:
    rng = random.Random(5)
    lines = [f"line {rng.getrandbits(40):x} of_{number} = call({rng.random()})" for number in range(16_000)]
    small, large = (cpu(lines[:count]) for count in (4_000, 16_000))
    assert large < 3 * 4 * small


def cpu(lines: list[str]) -> float:
    kompress.scores(lines[:10], tool="Read", call="", goal="")
    started = time.process_time()
    kompress.scores(lines, tool="Read", call="", goal="")
    return time.process_time() - started


def test_thousands_of_lines_of_a_few_characters_are_not_rated() -> None:
    assert kompress.scores(["{"] * 2000, tool="Read", call="", goal="") is None
    assert kompress.scores(["{"] * 900, tool="Read", call="", goal="") is not None
