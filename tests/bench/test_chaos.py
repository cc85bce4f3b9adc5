"""Sixteen processes on one home, killed at random moments: what was sent resolves, and stays what it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def ran(*arguments: str) -> dict[str, int]:
    """-> what happened; in a process of its own, because it forks."""
    command = [sys.executable, "scripts/benches/chaos.py", *arguments]
    made = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    found = json.loads(made.stdout)
    assert (found["wrong"], made.returncode, made.stderr) == ([], 0, "")
    counts: dict[str, int] = found["counts"]
    return counts


@pytest.mark.slow
def test_what_was_sent_resolves_whoever_is_killed_and_whatever_retention_and_purges_remove() -> None:
    counts = ran("8", "--seed", "7")
    assert min(counts["killed"], counts["swept"], counts["purged"], counts["references"], counts["got"]) > 0


@pytest.mark.slow
def test_originals_outlive_a_database_that_is_overwritten_again_and_again() -> None:
    counts = ran("8", "--seed", "5", "--corrupt")
    assert min(counts["killed"], counts["corrupted"], counts["set aside"], counts["references"]) > 0
