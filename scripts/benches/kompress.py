"""What the line model costs: size, time to load, tokens per second on one core with features and choice, memory."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from headroom_wrap import kompress, tokens

ROOT = Path(kompress.__file__).parents[2]
LOAD = "import time; t = time.perf_counter(); from headroom_wrap.kompress.model import model; model()"
BARE = "import time; t = time.perf_counter(); import numpy"
SAY = "; print((time.perf_counter() - t) * 1e3)"


def started(script: str) -> float:
    """-> milliseconds in a fresh interpreter, the best of five."""
    ran = [
        subprocess.run([sys.executable, "-c", script + SAY], capture_output=True, check=True, cwd=ROOT)
        for _ in range(5)
    ]
    return min(float(each.stdout) for each in ran)


def sources() -> list[list[str]]:
    """-> this package's own files, shuffled together into texts of 400 lines."""
    lines = [line for path in sorted(ROOT.glob("headroom_wrap/**/*.py")) for line in path.read_text().split("\n")]
    starts = list(range(0, len(lines) - 400, 400))
    random.Random(1).shuffle(starts)
    return [lines[start : start + 400] for start in starts]


def main() -> None:
    texts = sources()
    count = sum(tokens.count("\n".join(lines)) for lines in texts)
    price = kompress.Price(0.3)
    kompress.scores(texts[0], tool="Read", call="", goal="")
    began = time.process_time()
    for lines in texts:
        found = kompress.scores(lines, tool="Read", call="file_path=a.py", goal="Fix the parser of settings")
        kompress.keep(found or [], kompress.costs(lines), price)
    spent = time.process_time() - began
    size = (ROOT / "headroom_wrap" / "kompress" / "weights.npz").stat().st_size
    print(f"weights {size:,} bytes; load {started(LOAD):.0f} ms, of which numpy {started(BARE):.0f} ms")
    print(f"{count:,} tokens in {len(texts)} texts: {count / spent:,.0f} tokens/s on one core")
    print(f"resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
