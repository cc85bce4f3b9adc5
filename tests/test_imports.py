"""What a command loads: nothing heavy before it is needed, and nothing of ours that is not asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import headroom_wrap

HEAVY = {"mitmproxy", "mcp", "numpy", "tiktoken", "torch", "transformers", "tree_sitter", "litellm", "onnxruntime"}
ELSEWHERE = {"HOME": "/none", "PYTHONPATH": str(Path(headroom_wrap.__file__).parents[1])}
LOADED = "import json, sys; print(); print(json.dumps(sorted(sys.modules)))"
HELP = """
import sys
from headroom_wrap.cli import main
sys.argv = ["headroom", "--help"]
try:
    main()
except SystemExit:
    pass
"""


def loaded_by(script: str) -> set[str]:
    """-> the modules in a fresh interpreter after a script."""
    command = [sys.executable, "-c", f"{script}\n{LOADED}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=ELSEWHERE)
    return set(json.loads(ran.stdout.splitlines()[-1]))


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by(HELP)
    assert "headroom_wrap.cli" in loaded
    assert not tops(loaded) & (HEAVY | {"rich", "sqlite3", "asyncio"})


def test_importing_the_package_loads_none_of_its_modules() -> None:
    loaded = loaded_by("import headroom_wrap")
    assert {name for name in loaded if name.startswith("headroom_wrap")} == {"headroom_wrap"}


@pytest.mark.parametrize("name", headroom_wrap.__all__)
def test_a_public_name_brings_neither_the_proxy_nor_the_command(name: str) -> None:
    loaded = loaded_by(f"from headroom_wrap import {name}")
    assert not tops(loaded) & {"mitmproxy", "numpy", "mcp", "click", "rich", "asyncio"}
    assert not {"headroom_wrap.cli", "headroom_wrap.proxy", "headroom_wrap.launch"} & loaded


def test_settings_are_read_without_a_tokenizer_or_a_database() -> None:
    assert not tops(loaded_by("import headroom_wrap.settings")) & (HEAVY | {"sqlite3", "rich", "click"})
