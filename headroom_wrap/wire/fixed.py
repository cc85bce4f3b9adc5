"""The system prompt and the tool definitions of a body as they stand there in; how many tokens each has out.

They stand in front of every request of a session, so they are counted once for each form that is met. Only names and
numbers leave this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from headroom_wrap import tokens

MET = 16
"""Forms that are remembered: an agent's own, those of its subagents and of its side requests."""


@lru_cache(maxsize=MET)
def sizes(system: str, tools: str) -> tuple[tuple[str, int], ...]:
    """-> o200k tokens of the system prompt, under the name "", and of each tool's definition under its own.

    What the client defers (`defer_loading`) is not in the prompt and not here. The JSON around a text counts as part
    of it, which for prose is under 2 %.
    """
    found = [("", tokens.count(system))] if system else []
    return (*found, *((name, tokens.count(text)) for name, text in _definitions(tools)))


def _definitions(tools: str) -> Iterator[tuple[str, str]]:
    try:
        offered = json.loads(tools) if tools else []
    except (ValueError, RecursionError):
        return
    for tool in offered if isinstance(offered, list) else ():
        if isinstance(tool, dict) and not tool.get("defer_loading"):
            yield from ((name, json.dumps(leaf, ensure_ascii=False)) for name, leaf in _leaves(tool))


def _leaves(tool: dict[str, Any], space: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """-> the name and the definition of a tool, or of each tool in a group of them."""
    held = tool.get("function") or tool.get("custom")
    name = tool.get("name") or (held.get("name") if isinstance(held, dict) else None)
    group = tool.get("tools") or tool.get("functionDeclarations") or tool.get("function_declarations")
    if isinstance(group, list) and not space:
        prefix = f"{name}." if isinstance(name, str) and name != "functions" else ""
        for leaf in group:
            if isinstance(leaf, dict):
                yield from ((prefix + inner, found) for inner, found in _leaves(leaf, "in a group"))
    else:
        yield str(name or tool.get("type") or next(iter(tool), "")), tool
