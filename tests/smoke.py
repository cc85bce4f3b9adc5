"""What must work right after `pip install headroom-wrap`, without extras, in an environment with nothing else."""

from __future__ import annotations

import sys

from headroom_wrap import compress

CALL = {"id": "a", "type": "function", "function": {"name": "bash", "arguments": '{"command": "cat log"}'}}
RESULT = "\n".join(f"{number:05} step {number * 7919 % 1000} went as planned" for number in range(300))
MESSAGES = [
    {"role": "user", "content": "Mend it."},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "a", "content": RESULT},
]

made = compress(MESSAGES, tools=["bash"], store=None)
assert made.problem == "", made.problem
assert 0 < made.tokens_after <= made.tokens_before
assert "mitmproxy" not in sys.modules
sys.stdout.write(f"smoke: {made.tokens_before} tokens in, {made.tokens_after} out\n")
