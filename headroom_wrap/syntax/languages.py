"""A path in, the name of its language out; a name in, its tree-sitter grammar out (grammars load when first needed)."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language

_GRAMMARS = {
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "python": ("tree_sitter_python", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
_ENDINGS = {
    "bash": "sh bash bats",
    "c": "c h",
    "cpp": "cc cpp cxx c++ hh hpp hxx h++ inl ipp cu cuh",
    "go": "go",
    "java": "java",
    "javascript": "js mjs cjs jsx",
    "python": "py pyi pyw",
    "rust": "rs",
    "tsx": "tsx",
    "typescript": "ts mts cts",
}
_BY_ENDING = {ending: name for name, endings in _ENDINGS.items() for ending in endings.split()}


def language_of(path: str) -> str:
    """-> the language of a file by the ending of its name; empty: none that we parse."""
    name = path.rsplit("/", 1)[-1]
    return _BY_ENDING.get(name.rsplit(".", 1)[-1].lower(), "") if "." in name else ""


@cache
def grammar(language: str) -> Language:
    """-> the grammar of a language that `language_of` names; ImportError where its package is missing."""
    from tree_sitter import Language  # noqa: PLC0415

    module, function = _GRAMMARS[language]
    return Language(getattr(importlib.import_module(module), function)())
