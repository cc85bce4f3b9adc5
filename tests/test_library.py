"""`compress` on the messages of four providers: the proxy's decisions, in the shape that came in."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from anthropic.types import Message, TextBlock, ToolUseBlock
from openai.types import chat, responses
from pydantic import BaseModel

import headroom_wrap
from headroom_wrap import library
from headroom_wrap.library import Compression, compress, restore
from headroom_wrap.marker import footer, ref_of
from headroom_wrap.rewrite import rewrite
from headroom_wrap.route import Policy
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.settings import Settings
from headroom_wrap.store import UnknownRef
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import Wire, anthropic, gemini, openai_chat, openai_responses

LONG = "\n".join(f"{number:05} the build step {number * 7919 % 1000} went as planned" for number in range(120))
ENDING = " took the same long way round as ever"
ALIKE = "\n".join(f"{number * 7919}{ENDING}" for number in range(150))
FACTORED = f"Each line ends with{ENDING}\n" + ALIKE.replace(ENDING, "")

ELSEWHERE = {"HOME": "/none", "PYTHONPATH": str(Path(headroom_wrap.__file__).parents[1])}


def head(segment: Segment) -> Compressed | None:
    """Keeps ten lines."""
    lines = segment.text.split("\n")
    kept = "\n".join([*lines[:10], footer(segment, f"{len(lines) - 10} lines left out")])
    return Compressed(kept, f"{len(lines) - 10} of {len(lines)} lines") if len(lines) > 20 else None


def tight(segment: Segment) -> Compressed | None:
    """Says a common ending once: reversible by reading."""
    if not segment.text.endswith(ENDING):
        return None
    return Compressed(f"Each line ends with{ENDING}\n" + segment.text.replace(ENDING, ""))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr("headroom_wrap.compressors.STACK", (tight, head))
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    cached = (library._settings, library._opened)
    for each in cached:
        each.cache_clear()
    yield tmp_path / "home"
    for each in cached:
        each.cache_clear()


def anthropic_messages(result: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "Mend the build."},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "make"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": result, "n": 1.10}]},
    ]


def chat_messages(result: str) -> list[dict[str, Any]]:
    call = {"id": "a", "type": "function", "function": {"name": "Bash", "arguments": '{"command": "make"}'}}
    return [
        {"role": "user", "content": "Mend the build."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": result},
    ]


def responses_items(result: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "Mend the build."},
        {"type": "function_call", "call_id": "a", "name": "Bash", "arguments": '{"command": "make"}'},
        {"type": "function_call_output", "call_id": "a", "output": result},
    ]


def gemini_contents(result: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "parts": [{"text": "Mend the build."}]},
        {"role": "model", "parts": [{"functionCall": {"name": "Bash", "args": {"command": "make"}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "Bash", "response": {"output": result}}}]},
    ]


SHAPES = {
    anthropic: anthropic_messages,
    openai_chat: chat_messages,
    openai_responses: responses_items,
    gemini: gemini_contents,
}
SHELL: dict[Any, list[dict[str, Any]]] = {
    anthropic: [{"name": "Bash", "input_schema": {}}],
    openai_chat: [{"type": "function", "function": {"name": "Bash"}}],
    openai_responses: [{"type": "function", "name": "Bash"}],
    gemini: [{"functionDeclarations": [{"name": "Bash"}]}],
}
wires = pytest.mark.parametrize("wire", SHAPES, ids=lambda wire: wire.name)


def shortened() -> str:
    made = head(Segment(LONG, ref=ref_of(LONG), way_back="headroom get"))
    assert made is not None
    return made.text


@wires
def test_a_result_is_compressed_in_the_shape_that_came_and_nothing_else_is_touched(wire: Wire) -> None:
    came = SHAPES[wire](LONG)
    untouched = copy.deepcopy(came)
    made = compress(came, model="m", tools=SHELL[wire], system="Be brief.")
    assert came == untouched
    assert made.messages == SHAPES[wire](shortened())
    assert made.messages[0] is came[0]
    assert made.messages[1] is came[1]
    assert [(outcome.compressor, outcome.tool) for outcome in made.outcomes] == [("head", "Bash")]
    assert (made.tokens_before, made.tokens_after) == (made.outcomes[0].before, made.outcomes[0].after)
    assert restore(*made.refs) == LONG


@wires
@pytest.mark.parametrize("tools", [None, [{"name": "WebSearch"}], []])
def test_without_a_tool_that_leads_back_nothing_is_left_out(wire: Wire, tools: Any) -> None:
    came = SHAPES[wire](LONG)
    assert compress(came, tools=tools).messages is came
    alike = compress(SHAPES[wire](ALIKE), tools=tools)
    assert alike.messages == SHAPES[wire](FACTORED)


@wires
@pytest.mark.parametrize("offered", SHELL.values(), ids=lambda tools: str(tools)[:30])
def test_tools_may_be_any_providers_list(wire: Wire, offered: list[dict[str, Any]]) -> None:
    assert compress(SHAPES[wire](LONG), tools=offered).messages == SHAPES[wire](shortened())
    assert compress(SHAPES[wire](LONG), tools=["Bash"]).messages == SHAPES[wire](shortened())


@wires
def test_the_proxy_decides_the_same(wire: Wire, tmp_path: Path) -> None:
    came = SHAPES[wire](LONG)
    body = {library._KEYS[wire.name]: came, "tools": SHELL[wire]}
    proxied = rewrite(json.dumps(body).encode(), wire, LocalStore.open(tmp_path / "other"), Policy(stack=(tight, head)))
    assert compress(came, tools=SHELL[wire]).outcomes == proxied.outcomes


@wires
def test_called_each_turn_the_earlier_turns_come_back_the_same(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    grown = SHAPES[wire](LONG)
    first = compress(grown, tools=SHELL[wire])
    grown += SHAPES[wire](LONG.replace("planned", "hoped"))
    monkeypatch.setattr("headroom_wrap.compressors.STACK", ())
    second = compress(grown, tools=SHELL[wire])
    assert second.messages[:3] == first.messages
    assert [outcome.replayed for outcome in second.outcomes] == [True, False]


def test_a_message_that_holds_a_changed_result_keeps_its_other_values() -> None:
    number = 10**40
    came = anthropic_messages(LONG)
    came[2]["content"][0]["more"] = [number, 1.10, float("inf"), None, True, ("tuple",), {1: 2}]
    made = compress(came, tools=["Bash"]).messages
    assert made[2]["content"][0]["more"] is came[2]["content"][0]["more"]
    assert made[2]["content"][0]["content"] == shortened()


def test_objects_of_the_anthropic_sdk_pass_as_they_are() -> None:
    blocks = [TextBlock(type="text", text="I run it."), ToolUseBlock(type="tool_use", id="a", name="Bash", input={})]
    said = {"role": "assistant", "content": blocks}
    came = [{"role": "user", "content": "Mend it."}, said, anthropic_messages(LONG)[2]]
    made = compress(came, tools=["Bash"])
    assert made.messages[1] is said
    assert made.messages[2]["content"][0]["content"] == shortened()
    assert made.outcomes[0].tool == "Bash"


def test_a_whole_message_object_of_the_anthropic_sdk_may_stand_in_the_list() -> None:
    block = ToolUseBlock(type="tool_use", id="a", name="Bash", input={"command": "make"})
    said = Message.model_construct(id="m", type="message", role="assistant", content=[block], model="m")
    made = compress([{"role": "user", "content": "x"}, said, anthropic_messages(LONG)[2]], tools=["Bash"])
    assert made.messages[1] is said
    assert (made.outcomes[0].tool, made.refs) == ("Bash", (ref_of(LONG),))


def test_objects_of_the_openai_sdk_pass_as_they_are() -> None:
    said = chat.ChatCompletionMessage.model_validate(chat_messages("")[1])
    made = compress([chat_messages("")[0], said, chat_messages(LONG)[2]], tools=["Bash"])
    assert made.messages == [chat_messages("")[0], said, chat_messages(shortened())[2]]
    assert made.messages[1] is said
    call = responses.ResponseFunctionToolCall.model_validate(responses_items("")[1])
    items = compress([responses_items("")[0], call, responses_items(LONG)[2]], tools=["Bash"])
    assert items.messages == [responses_items("")[0], call, responses_items(shortened())[2]]


def test_a_changed_object_comes_back_as_an_object_of_its_class() -> None:
    class Block(BaseModel):
        type: str = "text"
        text: str

    came = anthropic_messages("")
    came[2]["content"][0]["content"] = [Block(text=LONG)]
    made = compress(came, tools=["Bash"])
    assert made.messages[2]["content"][0]["content"] == [Block(text=shortened())]


@pytest.mark.parametrize("plain", ["a prompt", [], [{"role": "user", "content": "Hello."}]])
def test_what_holds_no_tool_result_is_the_same_object(plain: Any) -> None:
    assert compress(plain) == Compression(plain)
    assert compress(plain).messages is plain


@pytest.mark.parametrize("odd", [None, 7, ["one", "two"], [[]], [{"bogus": 1}]])
def test_what_is_no_conversation_is_the_same_object_and_said(odd: Any) -> None:
    assert compress(odd) == Compression(odd, problem="not read: no messages of Anthropic, OpenAI or Gemini")
    assert compress(odd).messages is odd


def test_without_a_store_there_are_no_references_and_nothing_is_left_out() -> None:
    made = compress(anthropic_messages(LONG), tools=["Bash"], store=None)
    assert made.refs == ()
    assert not any(outcome.omitted for outcome in made.outcomes)


def test_messages_that_refer_to_themselves_pass_and_say_so() -> None:
    came = anthropic_messages(LONG)
    came[0]["self"] = came
    made = compress(came)
    assert made.messages is came
    assert made.problem == "not JSON: Circular reference detected"


def test_what_json_has_no_form_for_stands_in_nobodys_way() -> None:
    came = gemini_contents(LONG)
    came[1]["parts"][0]["thoughtSignature"] = b"\xff\x00"
    came[1]["parts"][0]["functionCall"]["args"]["path"] = Path("/x")
    made = compress(came, tools=["Bash"])
    assert made.messages == [came[0], came[1], gemini_contents(shortened())[2]]


def test_a_lone_surrogate_comes_back() -> None:
    text = "\n".join(f"{number} \ud800 odd" for number in range(200))
    made = compress(chat_messages(text), tools=["Bash"])
    assert made.messages[2]["content"].startswith("0 \ud800 odd\n")
    assert restore(*made.refs) == text


def test_a_store_that_cannot_be_opened_means_lossless_only(home: Path) -> None:
    home.write_text("not a folder")
    assert compress(chat_messages(LONG), tools=["Bash"]).messages == chat_messages(LONG)
    alike = compress(chat_messages(ALIKE), tools=["Bash"])
    assert [outcome.compressor for outcome in alike.outcomes] == ["tight"]


def test_a_store_of_ones_own_can_be_given(tmp_path: Path) -> None:
    mine = LocalStore.open(tmp_path / "mine")
    made = compress(chat_messages(LONG), tools=["Bash"], store=mine)
    assert restore(*made.refs, store=mine) == LONG
    with pytest.raises(UnknownRef):
        restore(*made.refs)


def test_settings_hold_for_the_library_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def under(**values: Any) -> Compression:
        monkeypatch.setattr(library, "_settings", lambda: replace(Settings(), **values))
        return compress(chat_messages(LONG), tools=["Bash"], store=None)

    assert under(enabled=False) == Compression(chat_messages(LONG))
    assert under(floor=9999).outcomes[0].why == "small"
    assert under(skip_tools=("Bash",)).outcomes[0].why == "skipped tool"
    assert under(compressors=("tight",)).outcomes[0].why == "no compressor"


def test_the_public_names_are_those_listed() -> None:
    assert {name: getattr(headroom_wrap, name).__name__ for name in headroom_wrap.__all__} == {
        name: name for name in headroom_wrap.__all__
    }
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        headroom_wrap.nothing  # noqa: B018


def test_the_library_needs_neither_the_proxy_nor_numpy() -> None:
    script = (
        "import sys\n"
        "for name in ('mitmproxy', 'numpy', 'click', 'rich', 'mcp'): sys.modules[name] = None\n"
        "from headroom_wrap import compress\n"
        "print(compress([{'role': 'tool', 'tool_call_id': 'a', 'content': 'ok'}], store=None).tokens_before)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=ELSEWHERE)
    assert ran.stdout == "1\n"
