"""A stream in, the console that prints on it out: as wide as the terminal, or as long as the lines are."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console

from headroom_wrap.dashboard.words import PIPED
from headroom_wrap.settings import environment


def console(stream: TextIO | None = None) -> Console:
    """-> what prints on a stream (stdout where none is given). What is piped is neither wrapped nor cut, unless COLUMNS
    says how wide it is to be."""
    stream = stream or sys.stdout
    width = None if stream.isatty() or environment().get("COLUMNS") else PIPED
    return Console(file=stream, width=width, highlight=False)
