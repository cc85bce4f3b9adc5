"""A real MCP client and the real server over stdin and stdout."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, TextContent

from headroom_wrap.marker import PRINTED, ref_of
from headroom_wrap.proxy.frames import version
from headroom_wrap.rewrite import rewrite
from headroom_wrap.segment import Outcome
from headroom_wrap.store.local import LocalStore
from headroom_wrap.store.objects import Objects
from headroom_wrap.wire import anthropic

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEXT = "".join(f"line {number}\n" for number in range(1, 101))


@asynccontextmanager
async def connected(home: Path) -> AsyncIterator[ClientSession]:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "headroom_wrap", "mcp"], cwd=ROOT, env={"HEADROOM_HOME": str(home)}
    )
    async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
        greeting = await session.initialize()
        assert (greeting.serverInfo.name, greeting.serverInfo.version) == ("headroom", version() or "checkout")
        yield session


def asked(home: Path, ask: Callable[[ClientSession], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        async with connected(home) as session:
            return await ask(session)

    return anyio.run(run)


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def called(home: Path, tool: str, **arguments: Any) -> tuple[bool, str]:
    """-> whether a call failed, and the text it answered."""
    result = asked(home, lambda session: session.call_tool(tool, arguments))
    return result.isError, text_of(result)


def test_the_list_of_tools_is_a_constant_and_says_that_they_only_read(tmp_path: Path) -> None:
    async def twice(session: ClientSession) -> list[str]:
        first = (await session.list_tools()).model_dump_json()
        await session.call_tool("headroom_compress", {"text": "x"})
        return [first, (await session.list_tools()).model_dump_json()]

    first, second = asked(tmp_path, twice)
    tools = json.loads(first)["tools"]
    assert first == second
    assert [tool["name"] for tool in tools] == ["headroom_retrieve", "headroom_compress", "headroom_stats"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)


@pytest.mark.parametrize("initialized", [False, True])
def test_a_client_that_closes_its_end_ends_the_server_in_silence(initialized: bool, tmp_path: Path) -> None:
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    first = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}
    ended = subprocess.run(
        [sys.executable, "-m", "headroom_wrap", "mcp"],
        input=f"{json.dumps(first)}\n".encode() if initialized else b"",
        env={"HEADROOM_HOME": str(tmp_path)}, cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.count(b"\n") == initialized


def test_an_original_comes_back_to_the_letter_by_the_words_of_its_marker(tmp_path: Path) -> None:
    ref = Objects(tmp_path).keep(TEXT, tool="Bash", call="make")
    wanted = (False, f"{PRINTED}{ref} lines 3-4 of 100]\nline 3\nline 4\n")
    assert called(tmp_path, "headroom_retrieve", ref=ref, lines="3-4") == wanted
    assert called(tmp_path, "headroom_retrieve", ref=f"{ref} --lines 3-4") == wanted
    assert called(tmp_path, "headroom_retrieve", ref=ref, grep="9$", head=1) == (
        False,
        f"{PRINTED}{ref} lines 9-9 of 100]\n9:line 9\n",
    )


def test_a_long_original_says_how_the_tool_goes_on(tmp_path: Path) -> None:
    ref = Objects(tmp_path).keep(TEXT * 40)
    _, text = called(tmp_path, "headroom_retrieve", ref=ref)
    last = text.splitlines()[-1]
    assert last.startswith("[lines ") and f"headroom_retrieve {ref} --lines " in last and "headroom get" not in last
    assert called(tmp_path, "headroom_retrieve", ref=ref, all=True)[1].endswith(TEXT)


def test_the_place_of_a_match_in_a_long_line_is_what_the_tool_takes(tmp_path: Path) -> None:
    from headroom_wrap.mcp.server import answered  # noqa: PLC0415

    ref = Objects(tmp_path).keep("".join(f"word{number} " for number in range(5000)))
    text = text_of(answered(tmp_path, "headroom_retrieve", {"ref": ref, "grep": "word2000 "}))
    _, match, more = text.splitlines()
    place = re.match(r"1:\[characters (\d+-\d+) of line 1\] ", match)
    assert place is not None and more.endswith(f"headroom_retrieve {ref} --lines N --chars A-B]")
    again = text_of(answered(tmp_path, "headroom_retrieve", {"ref": ref, "lines": "1", "chars": place[1]}))
    assert again.splitlines()[1] == match[place.end() :].rstrip("\n") and "word2000 " in again


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"ref": ref_of("other")}, "never stored"),
        ({"ref": "mistyped"}, "mistyped"),
        ({"ref": ""}, "mistyped"),
        ({"ref": "a 'b"}, "not a reference"),
        ({"ref": "a b"}, "is no option"),
        ({"ref": "a", "lines": "x"}, "not a range"),
        ({"ref": "a", "head": -1}, "not a whole number from 1"),
        ({"ref": "a", "grep": "("}, "not a regular expression"),
    ],
)
def test_a_wrong_call_is_answered_by_one_line_with_the_mend(
    tmp_path: Path, arguments: dict[str, Any], says: str
) -> None:
    from headroom_wrap.mcp.server import answered  # noqa: PLC0415

    result = answered(tmp_path, "headroom_retrieve", arguments)
    assert result.isError and says in text_of(result) and "\n" not in text_of(result)


@pytest.mark.parametrize("text", [{}, {"text": None}, {"text": 5}])
def test_a_call_without_what_a_tool_needs_is_told_so(text: dict[str, Any], tmp_path: Path) -> None:
    from headroom_wrap.mcp.server import answered  # noqa: PLC0415

    result = answered(tmp_path, "headroom_compress", text)

    assert (text_of(result), result.isError) == ("'text' is missing or no text; headroom_compress needs it", True)


def test_an_unknown_tool_is_an_error(tmp_path: Path) -> None:
    failed, text = called(tmp_path, "headroom_other")
    assert failed and "headroom_retrieve" in text


def test_a_text_is_compressed_and_its_original_can_be_had(tmp_path: Path) -> None:
    text = "\n".join(f"src/part{hit // 90}/file.py:{hit}:    value_{hit} = parse(item, {hit})" for hit in range(1500))
    _, short = called(tmp_path, "headroom_compress", text=text, call="grep -rn parse src")
    assert len(short) < 0.5 * len(text) and f"headroom_retrieve {ref_of(text)} --lines" in short
    assert called(tmp_path, "headroom_retrieve", ref=ref_of(text), lines="7")[1].splitlines()[1] == text.split("\n")[6]
    assert called(tmp_path, "headroom_compress", text="short")[1] == "short"


def test_what_was_saved_is_json(tmp_path: Path) -> None:
    failed, text = called(tmp_path, "headroom_stats")
    assert not failed and json.loads(text)["ever"]["exchanges"] == 0


def test_what_the_tool_printed_is_sent_uncompressed(tmp_path: Path) -> None:
    ref = Objects(tmp_path).keep(TEXT * 5)
    _, text = called(tmp_path, "headroom_retrieve", ref=ref)
    name = "mcp__headroom__headroom_retrieve"
    body = {
        "tools": [{"name": name}],
        "messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": name, "input": {"ref": ref}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": text}]},
        ],
    }
    done = rewrite(json.dumps(body).encode(), anthropic, LocalStore(tmp_path))
    (outcome,) = done.outcomes
    assert outcome == Outcome(
        None, before=outcome.before, after=outcome.before, why="printed by headroom get", tool=name, missed=f"get {ref}"
    )
