"""MCP requests on stdin in, answers on stdout out, until stdin closes (Model Context Protocol, stdio transport)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from headroom_wrap.mcp.tools import ANSWERS, TOOLS
from headroom_wrap.prices import BadPrices
from headroom_wrap.proxy.frames import version
from headroom_wrap.refused import Refused
from headroom_wrap.store import Unavailable, UnknownRef

_EXPECTED = (Refused, UnknownRef, Unavailable, BadPrices, ValueError)

_REQUIRED = {name: required for name, _, _, required in TOOLS}


def serve(home: Path) -> None:
    """Answer until stdin closes; originals are those under `home`."""
    anyio.run(_serve, home)


def listed() -> list[types.Tool]:
    """-> the tools as MCP lists them, the same in every run: they only read, so that no agent need ask the user."""
    hints = types.ToolAnnotations(readOnlyHint=True, destructiveHint=False, idempotentHint=True, openWorldHint=False)
    return [
        types.Tool(
            name=name,
            description=says,
            inputSchema={"type": "object", "properties": properties, "required": list(required)},
            annotations=hints,
        )
        for name, says, properties, required in TOOLS
    ]


def answered(home: Path, name: str, given: Mapping[str, Any]) -> types.CallToolResult:
    """-> the text that a tool answers, or the line that says what was wrong with the call."""
    if name not in ANSWERS:
        return _result(f"there is no tool {name!r}; there are {', '.join(ANSWERS)}", error=True)
    if missing := [each for each in _REQUIRED[name] if not isinstance(given.get(each), str)]:
        return _result(f"{missing[0]!r} is missing or no text; {name} needs it", error=True)
    try:
        return _result(ANSWERS[name](home, given).encode("utf-8", "replace").decode())
    except _EXPECTED as problem:
        return _result(" ".join(str(problem).split()), error=True)


def _result(text: str, *, error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=error)


async def _serve(home: Path) -> None:
    server: Server[Any, Any] = Server("headroom", version=version() or "checkout")  # else it says the library's

    async def tools(_: types.ListToolsRequest) -> types.ServerResult:
        return types.ServerResult(types.ListToolsResult(tools=listed()))

    async def call(request: types.CallToolRequest) -> types.ServerResult:
        given = request.params.arguments or {}
        return types.ServerResult(await anyio.to_thread.run_sync(answered, home, request.params.name, given))

    server.request_handlers[types.ListToolsRequest] = tools
    server.request_handlers[types.CallToolRequest] = call
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
