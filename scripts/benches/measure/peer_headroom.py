"""Runs in the environment of headroom-ai: an Anthropic Messages body a line in, its `compress` of the messages out."""

from __future__ import annotations

import json
import logging
import os
import sys
import time

logging.disable(logging.CRITICAL)
for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):  # its model is not in its package, and would be downloaded
    os.environ.setdefault(name, "1")  # noqa: TID251 - another program's settings
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what it prints is not an answer

from headroom import compress  # type: ignore[import-not-found]  # noqa: E402

for line in sys.stdin:
    body = json.loads(line)
    messages, error = body["messages"], ""
    start = time.process_time()
    try:
        messages = compress(messages, model=body["model"]).messages
    except Exception as raised:  # noqa: BLE001 - a peer's failure is part of what is measured
        error = repr(raised)[:200]
    spent = (time.process_time() - start) * 1e3
    answers.write(json.dumps({"messages": messages, "ms": spent, "error": error}) + "\n")
    answers.flush()
