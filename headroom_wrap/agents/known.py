"""Every agent that `headroom wrap` knows by name, in the order of the lists; a new one is a file here and a line."""

from __future__ import annotations

from headroom_wrap.agents import (
    Agent,
    aider,
    claude,
    cline,
    codex,
    continue_cli,
    copilot,
    cursor,
    droid,
    gemini,
    goose,
    opencode,
    openhands,
    qwen,
    vibe,
)

_ALL = (
    claude,
    codex,
    copilot,
    gemini,
    opencode,
    qwen,
    cline,
    continue_cli,
    aider,
    vibe,
    openhands,
    droid,
    goose,
    cursor,
)

AGENTS: dict[str, Agent] = {module.AGENT.name: module.AGENT for module in _ALL}
