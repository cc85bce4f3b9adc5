"""The documents say what the code does, and the code keeps the rules that keep it readable."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headroom_wrap import __all__ as public_names
from headroom_wrap.cli import COMMANDS
from headroom_wrap.settings import FIELDS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "headroom_wrap"
MODULES = sorted(PACKAGE.rglob("*.py"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROMISES = (
    "Nothing else moves",
    "History stays put",
    "Everything comes back",
    "Never in the way",
    "Never larger",
    "Errors survive",
    "Total and near-linear",
)
BROAD = {("rewrite.py", "rewrite"), ("route.py", "route")}
"""The two places that may fail open: around one request, around the compressors of one segment."""

modules = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@modules
def test_a_file_has_at_most_400_lines_and_a_function_60(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert {function.name: length(function) for function in functions(parsed(path)) if length(function) > 60} == {}


def test_the_median_function_has_at_most_ten_lines() -> None:
    assert statistics.median(length(function) for path in MODULES for function in functions(parsed(path))) <= 10


@modules
def test_nothing_is_left_to_do(path: Path) -> None:
    assert re.findall(r"\b(?:TODO|FIXME|XXX|HACK)\b", _comments(path)) == []


def _comments(path: Path) -> str:
    return "\n".join(re.findall(r"#.*", path.read_text(encoding="utf-8")))


def test_broad_excepts_stand_in_two_places_only() -> None:
    found = {
        (str(path.relative_to(PACKAGE)), function.name)
        for path in MODULES
        for function in functions(parsed(path))
        for node in ast.walk(function)
        if isinstance(node, ast.ExceptHandler) and _broad(node.type)
    }
    assert found == BROAD


def _broad(caught: ast.expr | None) -> bool:
    names = {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)} if caught else {"BaseException"}
    return bool(names & {"Exception", "BaseException"})


@modules
def test_a_module_says_in_its_first_line_what_it_is(path: Path) -> None:
    said = ast.get_docstring(parsed(path))
    assert said
    assert said.splitlines()[0].endswith((".", ";", ":", "?"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("promise", PROMISES)
def test_each_promise_is_linked_to_its_property(promise: str) -> None:
    (row,) = [line for line in README.splitlines() if line.startswith(f"| {promise} |")]
    (target,) = re.findall(r"\]\((tests/properties/test_\w+\.py)\)", row)
    assert promise.lower().replace("-", "_").replace(" ", "_") in target
    assert "@given" in (ROOT / target).read_text(encoding="utf-8") or "parametrize" in (ROOT / target).read_text()


def test_every_command_and_setting_stands_in_the_readme() -> None:
    assert [name for name in COMMANDS if f"headroom {name}" not in README] == []
    assert [name for name in FIELDS if f"`HEADROOM_{name.upper()}`" not in README] == []


def test_every_public_name_is_documented() -> None:
    library = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    assert [name for name in public_names if f"`{name}" not in library] == []


def test_generated_parts_of_the_readme_are_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, "scripts/readme", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout


@pytest.mark.parametrize(
    "path", [path for path in (ROOT / "scripts").iterdir() if path.is_file()], ids=lambda p: p.name
)
def test_a_shell_script_is_one_screen(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    if "bash" in lines[0]:
        assert len(lines) <= 60
