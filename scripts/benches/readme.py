"""Runs the benches whose results stand in the README at their settings, keeps the results, and regenerates the README.

Takes the benches' common options (`--data`, `--headroom-py`, `--llmtrim-py`); about ten minutes on two cores.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHES = (("workloads",), ("evidence", "60", "--all"), ("kinds",), ("sessions", "3", "50"), ("misses", "3", "50"))


def main() -> None:
    for name, *settings in BENCHES:
        subprocess.run([sys.executable, HERE / f"{name}.py", *settings, "--record", *sys.argv[1:]], check=True)
    subprocess.run([sys.executable, HERE.parent / "readme"], check=True)


if __name__ == "__main__":
    main()
