from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.agents import claude
from headroom_wrap.cli import group
from headroom_wrap.cli.session import summary_printed
from headroom_wrap.cli.wrap import warned
from headroom_wrap.proxy.options import Options
from headroom_wrap.refused import Refused


def test_an_option_that_wrap_has_not_is_called_an_option() -> None:
    ended = CliRunner().invoke(group, ["wrap", "--bad", "claude"])

    assert isinstance(ended.exception, Refused)
    assert (
        str(ended.exception)
        == "wrap has no option '--bad'; see headroom wrap --help; an agent's own stand after its name"
    )


@pytest.mark.parametrize("arguments", [("--port", "1"), ("-p", "x", "--port=1")])
def test_an_option_of_ours_after_the_agents_name_is_said(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    warned(claude.AGENT, arguments)

    assert capsys.readouterr().err == (
        "headroom: --port after the agent's name goes to Claude Code; for headroom it stands before: "
        "headroom wrap --port … claude\n"
    )


@pytest.mark.parametrize("arguments", [(), ("-p", "x"), ("--", "--port", "1"), ("--model", "x")])
def test_the_agents_own_options_are_not(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    warned(claude.AGENT, arguments)

    assert capsys.readouterr().err == ""


def test_a_quiet_summary_says_nothing_where_nobody_sees_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary_printed(Options(str(tmp_path), session="none"), quiet=True)

    assert capsys.readouterr().err == ""
