"""The environment inside a wrapped agent in, the one outside of it out: a wrap within a wrap goes its own way.

The inner run has a proxy, a session and a ledger of its own, and reaches the provider past the outer one: nothing is
compressed twice and no request is counted twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from headroom_wrap.proxy.options import CARRIER

WAS = "HEADROOM_WAS"
"""What wrap changed, as JSON: name -> [value before or null, value for the agent]."""


def marked(before: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """-> what is added to an agent's environment, and how to take it back."""
    return {**added, WAS: json.dumps({name: [before.get(name), value] for name, value in added.items()})}


def outside(environment: Mapping[str, str]) -> dict[str, str]:
    """-> the environment without what a wrap around us has added; what was changed since then stays."""
    kept = {name: value for name, value in environment.items() if name not in (WAS, CARRIER)}
    try:
        changes = json.loads(environment.get(WAS, "{}"))
        pairs = [(name, was, given) for name, (was, given) in changes.items()]
    except (ValueError, TypeError, AttributeError):  # somebody else's variable
        return kept
    for name, was, given in pairs:
        if kept.get(name) == given:
            kept.pop(name)
            kept.update({name: was} if isinstance(was, str) else {})
    return kept
