from __future__ import annotations

import resource
import subprocess
import sys

from click.testing import CliRunner

from headroom_wrap.cli import COMMANDS, group

HEAVY = {"torch", "transformers", "mitmproxy", "mcp", "numpy", "tiktoken", "rich", "tree_sitter", "sqlite3", "asyncio"}

LOADED = """\
import sys
from headroom_wrap.cli import main
sys.argv = ["headroom", "--help"]
try:
    main()
finally:
    print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def help_run() -> str:
    return subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    text, _, loaded = help_run().partition("LOADED")

    assert [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.startswith("  ")] == [
        *COMMANDS
    ]
    assert HEAVY & set(loaded.split()) == set()


def test_help_takes_at_most_150_ms_of_a_processor() -> None:
    """Processor time: on a machine that is busy with other tests the clock says nothing about us."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        help_run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(5)) < 0.15


def test_every_command_has_its_module() -> None:
    for name in COMMANDS:
        ended = CliRunner().invoke(group, [name, "--help"])
        assert (name, ended.exit_code) == (name, 0)


def test_an_unknown_command_is_an_error_of_use() -> None:
    ended = CliRunner().invoke(group, ["rap"])

    assert ended.exit_code == 2
    assert "No such command 'rap'" in ended.output


def test_the_version_is_said_also_from_a_checkout() -> None:
    assert CliRunner().invoke(group, ["--version"]).output.startswith("headroom")
