"""What system prompt and tools are of the bill in; a table, and what each agent offers against unused ones, out.

Advice only: nothing of an agent's configuration is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from headroom_wrap.counted import counted
from headroom_wrap.dashboard.tables import Figures, limited
from headroom_wrap.dashboard.words import Readable, money, one_line, share, tokens
from headroom_wrap.ledger import Fixed

ROWS = 20
NAMED = 6
SWITCHES = {
    "claude": "ENABLE_TOOL_SEARCH=true loads MCP tools only when they are searched for; --disallowedTools NAME or "
    "--tools LIST leaves tools out of the prompt; claude mcp remove NAME, or a .mcp.json in the projects that need it.",
    "codex": "codex mcp remove NAME, or enabled = false, enabled_tools and disabled_tools under [mcp_servers.NAME] in "
    "config.toml; --disable FEATURE for its own tools.",
    "gemini": "includeTools and excludeTools of a server in mcpServers, mcp.excluded, tools.exclude in settings.json.",
    "opencode": '"tools": {"NAME*": false} in opencode.json, for all agents or one; "enabled": false of a server.',
    "copilot": "--disable-mcp-server NAME, --available-tools or --excluded-tools LIST.",
}
"""By the beginning of an agent's name: its own switches that keep a definition out of every request."""


def in_short(rows: Sequence[Fixed]) -> str:
    """-> the share of the bill of the agent that it costs most, in one line; "" where nothing is known."""
    known = [row for row in rows if row.cost is not None and row.share is not None]
    if not known:
        return ""
    costs: dict[str, float] = {}
    for row in known:
        costs[row.agent] = costs.get(row.agent, 0.0) + (row.cost or 0.0)
    dearest = max(costs, key=lambda agent: costs[agent])
    mine = [row for row in known if row.agent == dearest]
    idle = [row for row in mine if row.name and not row.calls]
    tail = f", {share(sum(row.share or 0.0 for row in idle))} tools that were never called" if idle else ""
    whole = share(sum(row.share or 0.0 for row in mine))
    return f"fixed part: system prompt and tools are {whole} of the bill of {one_line(dearest)}{tail}"


def dashboard(rows: Sequence[Fixed]) -> Readable:
    """-> one table and the advice for each agent."""
    if not rows:
        return Readable(Text("No request with a system prompt or tool definitions was recorded yet."))
    parts: list[RenderableType] = []
    for agent, mine in groupby(rows, key=lambda row: row.agent):
        parts += _agent(agent, list(mine))
    notes = "tokens: o200k, of the longest form met. bill: of all the agent's requests, at list prices, where a warm "
    notes += "cache serves what stands in front first. calls: in the recorded conversations."
    return Readable(Group(*parts, Text(notes, style="dim")))


def unused(rows: Sequence[Fixed]) -> list[tuple[str, list[Fixed]]]:
    """-> MCP servers of which no tool was ever called, and under "" the agent's own tools that never were."""
    found: dict[str, list[Fixed]] = {}
    for row in rows:
        if row.name:
            found.setdefault(row.server, []).append(row)
    servers = [(name, mine) for name, mine in found.items() if name and not any(row.calls for row in mine)]
    own = [row for row in found.get("", []) if not row.calls]
    return [*servers, *([("", own)] if own else [])]


def _agent(agent: str, rows: list[Fixed]) -> list[RenderableType]:
    table = Figures(one_line(agent) or "agent", ("tokens", "calls", "cost", "bill"), shed=("cost",))
    for row in rows[:ROWS]:
        name = one_line(row.name) or "system prompt"
        calls = f"{row.calls:,}" if row.name else ""
        style = "yellow" if row.name and not row.calls else ""
        table.add(name, tokens(row.tokens), calls, money(row.cost), share(row.share), style=style)
    whole = _sum(rows)
    table.add("all of it", tokens(sum(row.tokens for row in rows)), "", whole[0], whole[1], style="bold")
    advice = _advice(agent, rows)
    return [limited(table, len(rows) + 1), Text(), *([Text(advice), Text()] if advice else [])]


def _sum(rows: Sequence[Fixed]) -> tuple[str, str]:
    known = [row for row in rows if row.cost is not None]
    if not known:
        return money(None), share(None)
    return money(sum(row.cost or 0.0 for row in known)), share(sum(row.share or 0.0 for row in known))


def _advice(agent: str, rows: Sequence[Fixed]) -> str:
    """-> what was never called and what it costs, and the agent's own switches against that; "" where all is used."""
    lines = []
    for server, mine in unused(rows):
        cost, part = _sum(mine)
        size = f"{'together ' * (len(mine) > 1)}{tokens(sum(row.tokens for row in mine))} tokens in each"
        what = f"MCP server {one_line(server)}, {counted(len(mine), 'tool')}" if server else "Own tools"
        named = (
            "" if server else f" ({', '.join(one_line(row.name) for row in mine[:NAMED])}{', …' * (len(mine) > NAMED)})"
        )
        often = counted(max(row.requests for row in mine), "request")
        lines.append(f"{what}{named}: never called in {often}; {size}, {cost}, {part} of the bill.")
    said = next((text for name, text in SWITCHES.items() if agent.lower().startswith(name)), "")
    return "\n".join([*lines, f"To leave them out: {said}"]) if lines and said else "\n".join(lines)
