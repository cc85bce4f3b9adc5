"""Runs in the environment of llmtrim: an Anthropic Messages body a line in, its `compress` with a preset out."""

from __future__ import annotations

import json
import sys
import time

import llmtrim  # type: ignore[import-not-found]


def made(result: object) -> str:
    """-> the body in a result, whichever of its fields has it."""
    values = (getattr(result, name) for name in dir(result) if not name.startswith("_"))
    return next(value for value in values if isinstance(value, str) and value.startswith("{"))


for line in sys.stdin:
    messages, error = json.loads(line)["messages"], ""
    start = time.process_time()
    try:
        messages = json.loads(made(llmtrim.compress(line, llmtrim.Provider.ANTHROPIC, sys.argv[1])))["messages"]
    except Exception as raised:  # noqa: BLE001 - a peer's failure is part of what is measured
        error = repr(raised)[:200]
    spent = (time.process_time() - start) * 1e3
    print(json.dumps({"messages": messages, "ms": spent, "error": error}), flush=True)
