"""The `headroom` command: each subcommand parses, calls one function and prints; it imports its needs when it runs."""

from __future__ import annotations


def main() -> None:
    """Run the command line (the entry point of the `headroom` script)."""
