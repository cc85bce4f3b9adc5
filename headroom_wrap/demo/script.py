"""What the scripted model does next: a request's own tools and tool results in, a call of one of those tools out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the scripted model. `do` is "run" (a command), "read" (a path), "search" (a pattern), "say",
    or "use": the tool whose name ends with `what`, with the arguments that `where` holds as JSON.
    """

    do: str
    what: str
    where: str = ""


def run(command: str) -> Step:
    """-> a turn that runs a shell command."""
    return Step("run", command)


def read(path: str) -> Step:
    """-> a turn that reads a file with the agent's own tool, or with `cat` where it has none."""
    return Step("read", path)


def search(pattern: str, where: str = ".") -> Step:
    """-> a turn that searches with the agent's own tool, or with `grep` where it has none."""
    return Step("search", pattern, where)


def use(tool: str, **arguments: object) -> Step:
    """-> a turn that calls the offered tool whose name ends so."""
    return Step("use", tool, json.dumps(arguments))


def say(text: str) -> Step:
    """-> the final turn."""
    return Step("say", text)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that a request offers: its name, the names of its parameters, and whether it takes free text instead."""

    name: str
    parameters: tuple[str, ...] = ()
    free_text: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The call that a step becomes in an agent's own tools; `text` is the input of a free-text tool."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    text: str = ""


NAMES = {
    "run": (
        *("Bash", "exec", "exec_command", "shell", "run_shell_command", "bash", "execute_bash", "terminal"),
        *("Execute", "run_commands"),
    ),
    "read": ("Read", "read_file", "read", "view", "read_files", "file_editor"),
    "search": ("Grep", "search_file_content", "grep_search", "grep", "search_codebase"),
}
COMMAND = ("command", "cmd", "commands")
PATH = ("file_path", "absolute_path", "filePath", "filepath", "path", "files")
PATTERN = ("pattern", "queries")
WHERE = ("path", "dir_path", "paths")
ALSO = {
    "description": "Look closer",
    "summary": "Look closer",
    "security_risk": "LOW",
    "riskLevel": "low",
    "riskLevelReason": "It only reads",
    "output_mode": "content",
}
"""Parameters that an agent's tools want besides, with what they get."""


def next_step(script: Sequence[Step], results: int) -> Step:
    """-> the step for a conversation in which `results` tool results have come in; past the end, the last one."""
    return script[min(results, len(script) - 1)]


def call_for(step: Step, tools: Sequence[Tool]) -> ToolCall | None:
    """-> the step as a call of a tool that is offered; None for a step that says something, or without such a tool."""
    if step.do == "say":
        return None
    if step.do == "use":
        return _used(step, tools)
    own = _offered(NAMES[step.do], tools)
    if own is None or own.free_text:
        own, step = _offered(NAMES["run"], tools), _as_command(step)
    return _filled(own, step) if own else None


def _used(step: Step, tools: Sequence[Tool]) -> ToolCall | None:
    """-> a call by name; where only Codex's `exec` is offered, JavaScript that calls the MCP tool."""
    own = next((tool for tool in tools if tool.name.endswith(step.what)), None)
    if own is not None:
        return ToolCall(own.name, json.loads(step.where))
    script = next((tool for tool in tools if tool.free_text), None)
    if script is None:
        return None
    find = f"Object.keys(tools).find((name) => name.endswith({json.dumps(step.what)}))".replace("endswith", "endsWith")
    return ToolCall(script.name, text=f"const r = await tools[{find}]({step.where});\ntext(JSON.stringify(r));\n")


def _offered(names: Sequence[str], tools: Sequence[Tool]) -> Tool | None:
    by_name = {tool.name: tool for tool in tools}
    return next((by_name[name] for name in names if name in by_name), None)


def _as_command(step: Step) -> Step:
    if step.do == "read":
        return run(f"cat {shlex.quote(step.what)}")
    if step.do == "search":
        return run(f"grep -rn {shlex.quote(step.what)} {shlex.quote(step.where)}")
    return step


def _filled(tool: Tool, step: Step) -> ToolCall:
    """-> a call of `tool`; Codex's `exec` takes JavaScript that calls the shell tool."""
    if tool.free_text:
        source = f"const r = await tools.exec_command({{cmd: {json.dumps(step.what)}}});\ntext(r.output ?? r);\n"
        return ToolCall(tool.name, text=source)
    first = {"run": COMMAND, "read": PATH, "search": PATTERN}[step.do]
    given = {_first(first, tool): step.what, **({_first(WHERE, tool): step.where} if step.do == "search" else {})}
    if step.do == "read" and "command" in tool.parameters:
        given["command"] = "view"
    given |= {name: value for name, value in ALSO.items() if name in tool.parameters}
    return ToolCall(tool.name, {name: _shaped(name, value) for name, value in given.items() if name})


def _first(names: Sequence[str], tool: Tool) -> str:
    return next((name for name in names if name in tool.parameters), "")


def _shaped(name: str, value: str) -> Any:
    """-> the value as a parameter of this name takes it: some tools take several commands, files or patterns."""
    if name == "files":
        return [{"path": value}]
    return [value] if name in ("commands", "queries", "paths") else value
