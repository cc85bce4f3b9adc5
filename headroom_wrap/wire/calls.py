"""A tool's name and arguments in; what it was asked, the file it names and the text it wrote out; on all wires."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headroom_wrap.segment import GOAL_CHARS, Written

_COMMANDS = ("command", "cmd", "script", "commands")
_PATHS = (
    "file_path", "path", "filePath", "absolute_path", "target_file", "filename", "notebook_path", "filepath",
)  # fmt: skip
_WRITTEN = (
    "content", "contents", "new_string", "newString", "newText", "new_str", "file_text", "insert_text", "insert",
    "new_source", "code_edit",
)  # fmt: skip
_SEARCHED = frozenset(("pattern", "query", "queries", "regex", "glob"))
_LISTING = re.compile(r"(?i)\A(?:ls|list|glob)(?![a-z])|list_?(?:dir|files)|read_?many")


@lru_cache(maxsize=256)
def _lists(tool: str) -> bool:
    return _LISTING.search(tool) is not None


@dataclass(frozen=True, slots=True)
class Call:
    """What a result answers: see `Segment` for the fields."""

    tool: str = ""
    call: str = ""
    path: str = ""
    goal: str = ""
    said: str = ""
    thought: str = ""


def call_of(tool: str, arguments: object, goal: str = "") -> Call:
    """-> the call of a tool with these arguments, decoded: an object, or a custom tool's text."""
    if isinstance(arguments, str):
        return Call(tool, _commands_in_script(arguments) or arguments, "", goal)
    if not isinstance(arguments, Mapping):
        return Call(tool, _plain(arguments), "", goal)
    path = path_of(tool, arguments)
    command = "" if path else _command(arguments)
    return Call(tool, command or " ".join(f"{name}={_plain(value)}" for name, value in arguments.items()), path, goal)


def decoded(arguments: object) -> object:
    """-> the object in a JSON text (the OpenAI wires send arguments so), anything else as it is."""
    if not isinstance(arguments, str) or not arguments.lstrip().startswith("{"):
        return arguments
    try:
        return json.loads(arguments, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return arguments


def path_of(tool: str, arguments: Mapping[str, Any]) -> str:
    """-> the file that a call names, "" where its path is a folder to search or list."""
    if not _SEARCHED.isdisjoint(arguments) or _lists(tool):
        return ""
    for name in _PATHS:
        if isinstance(arguments.get(name), str):
            return str(arguments[name])
    files = arguments.get("files")
    only = files[0] if isinstance(files, list) and len(files) == 1 else None
    named = only.get("path") if isinstance(only, Mapping) else only
    return named if isinstance(named, str) else ""


def _command(arguments: Mapping[str, Any]) -> str:
    for name in _COMMANDS:
        value = arguments.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            return joined(value)
    return ""


def joined(command: list[Any]) -> str:
    """-> a command given as a list of words; of `bash -lc SCRIPT`, the script."""
    words = [_plain(word) for word in command]
    if len(words) == 3 and words[1].lower() in {"-c", "-lc", "-ic", "-lic", "/c", "-command"}:
        return words[2]
    return " ".join(words)


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return ""


_CMD = re.compile(r"""\bcmd["']?\s*:\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)""")


def _commands_in_script(script: str) -> str:
    """-> the commands that a JavaScript of Codex's `exec` tool runs with `tools.exec_command({cmd: "…"})`, by line."""
    if "exec_command" not in script:
        return ""
    return "\n".join(_unquoted(match[1]) for match in _CMD.finditer(script))


def _unquoted(quoted: str) -> str:
    try:
        return str(json.loads(quoted)) if quoted[0] == '"' else re.sub(r"\\(.)", r"\1", quoted[1:-1])
    except ValueError:
        return quoted[1:-1]


def written_by(path: str, arguments: object, before: int) -> list[Written]:
    """-> the texts that a Write, Edit or patch call with these arguments put into files; `path` is the call's own."""
    if isinstance(arguments, str):
        return list(_patched(arguments, before))
    if not isinstance(arguments, Mapping):
        return []
    patches = [value for value in arguments.values() if isinstance(value, str) and _PATCH in value]
    if patches:
        return [written for patch in patches for written in _patched(patch, before)]
    return [Written(text, path, before) for text in _new_texts(arguments)] if path else []


def _new_texts(arguments: Mapping[str, Any], *, inner: bool = False) -> Iterator[str]:
    for name in _WRITTEN:
        text = arguments.get(name)
        if isinstance(text, str) and text:
            yield text
    for name in () if inner else ("edits", "changes", "replacements"):
        edits = arguments.get(name)
        for edit in edits if isinstance(edits, list) else ():
            if isinstance(edit, Mapping):
                yield from _new_texts(edit, inner=True)


_PATCH = "*** Begin Patch"
_FILE = re.compile(r"\*\*\* (?:Add|Update) File: (.+)|\*\*\* Move to: (.+)")


def _patched(patch: str, before: int) -> Iterator[Written]:
    """-> each run of added lines of a patch in the format of Codex's `apply_patch`."""
    start = patch.find(_PATCH)
    if start < 0:
        return
    path, run = "", list[str]()
    for line in [*patch[start:].split("\n"), ""]:
        if line.startswith("+"):
            run.append(line[1:])
            continue
        if run:
            yield Written("\n".join(run), path, before)
            run = []
        named = _FILE.match(line)
        path = (named[1] or named[2]).strip() if named else path


def goal_of(user: str, said: str) -> str:
    """-> the goal of a call: the last user text and the assistant text just before the call, each cut in its middle."""
    return "\n".join(cut(text) for text in (user, said) if text)


def cut(text: str) -> str:
    """-> a text without its middle where it has more than `GOAL_CHARS`."""
    tail = GOAL_CHARS // 3
    return text if len(text) <= GOAL_CHARS else text[: GOAL_CHARS - tail] + text[-tail:]


_REMINDER = "<system-reminder>"


def from_user(texts: list[str]) -> str:
    """-> what the user wrote in one message: agents add reminders of their own as further text blocks."""
    return "\n".join(text for text in texts if text and not text.lstrip().startswith(_REMINDER))


TEXT_TYPES = {"text", "input_text", "output_text"}


def texts_of(content: object) -> list[str]:
    """-> the texts of a message's plain content: itself, that of one text block, or those of a list of blocks."""
    blocks = content if isinstance(content, list) else [content]
    texts = (_text_of(block) if isinstance(block, dict) else block for block in blocks)
    return [text for text in texts if isinstance(text, str)]


def _text_of(block: dict[str, Any]) -> object:
    return block.get("text") if str(block.get("type")) in TEXT_TYPES else None


def names_of(tools: object) -> tuple[str, ...]:
    """-> the names in a list of tool definitions of any wire; a tool without a name is called by its type."""
    return tuple(dict.fromkeys(_names(tools))) if isinstance(tools, list) else ()


def _names(tools: list[Any], *, inner: bool = False) -> Iterator[str]:
    for tool in tools:
        if not isinstance(tool, Mapping):
            continue
        held = tool.get("function") or tool.get("custom")
        name = tool.get("name") or (held.get("name") if isinstance(held, Mapping) else None)
        nested = tool.get("tools") or tool.get("functionDeclarations") or tool.get("function_declarations")
        if isinstance(nested, list) and not inner:
            space = f"{name}." if isinstance(name, str) and name != "functions" else ""
            yield from (space + leaf for leaf in _names(nested, inner=True))
        elif isinstance(called := name or tool.get("type"), str):
            yield called
