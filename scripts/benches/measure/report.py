"""Figures in, Markdown out: printed, and with `--record` kept in docs/measured/, from where the README takes it."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MEASURED = ROOT / "docs" / "measured"


def options(description: str) -> argparse.ArgumentParser:
    """-> a parser with what all benches take."""
    beside = ROOT.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=beside if beside.is_dir() else None, help="folder of real inputs")
    parser.add_argument("--made-up", action="store_true", help="use the inputs that the repository makes up")
    parser.add_argument("--headroom-py", default=_environment("HEADROOM_PY"), help="interpreter with headroom-ai")
    parser.add_argument("--llmtrim-py", default=_environment("LLMTRIM_PY"), help="interpreter with llmtrim")
    parser.add_argument("--folds", type=Path, help="weights that missed a fold each (scripts/train --folds)")
    parser.add_argument("--record", action="store_true", help="write docs/measured/; then run scripts/readme")
    return parser


def _environment(name: str) -> str:
    return os.environ.get(name, "")  # noqa: TID251 - a bench's own options, not the product's settings


def data_of(given: argparse.Namespace) -> Path | None:
    """-> the folder of real inputs, None: the made-up ones. Says which."""
    data: Path | None = None if given.made_up else given.data
    print(f"Inputs: {'made up by scripts/benches/inputs' if data is None else f'real, from {data}'}", flush=True)
    return data


def keeps(given: argparse.Namespace, data: Path | None) -> bool:
    """-> whether figures are to be kept: those on made-up inputs say nothing about real sessions."""
    if given.record and data is None:
        print("Not recorded: the inputs are made up; give real ones with --data DIR.")
    return bool(given.record and data is not None)


def told(given: argparse.Namespace, data: Path | None) -> str:
    """-> the folders that were given, as they stand in a command for others."""
    return f"{'' if data is None else ' --data DIR'}{' --folds DIR' if given.folds else ''}"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def saved(before: float, after: float) -> str:
    return share(before - after, before)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """-> a Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def publish(name: str, title: str, parts: Sequence[str], command: str, *, record: bool) -> None:
    """Print the parts, and keep them in docs/measured/NAME.md under a heading with date, machine and command."""
    said = f"Measured {datetime.date.today().isoformat()} on {machine()}, with `{command}`."
    text = "\n\n".join([f"### {title}", said, *parts]) + "\n"
    print("\n" + text)
    if record:
        MEASURED.mkdir(parents=True, exist_ok=True)
        (MEASURED / f"{name}.md").write_text(text, encoding="utf-8")
