from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap.agents.known import AGENTS
from headroom_wrap.cli import group, wrap
from headroom_wrap.cli.session import proxy_options
from headroom_wrap.refused import Refused
from headroom_wrap.running import Running
from headroom_wrap.settings import Settings, environment


def test_without_an_agent_the_agents_are_listed_with_how_to_install_them() -> None:
    ended = CliRunner(env={"PATH": ""}).invoke(group, ["wrap"])

    said = ended.output.splitlines()
    assert (ended.exit_code, len(said)) == (0, len(AGENTS) + 2)
    assert said[:2] == [
        "headroom wrap AGENT, one of:",
        "  claude     Claude Code   not installed: npm install -g @anthropic-ai/claude-code",
    ]
    assert said[-2] == "  cursor     Cursor        can't be wrapped: wrap cursor says why"
    assert said[-1] == "  -- COMMAND any command that calls a model"


def test_the_agents_own_version_is_printed_without_a_word_of_ours(tmp_path: Path) -> None:
    (tmp_path / "claude").write_text("#!/bin/sh\necho 1.2.3\n")
    (tmp_path / "claude").chmod(0o755)
    given = {"PATH": f"{tmp_path}:{os.defpath}", "HEADROOM_HOME": str(tmp_path / "home")}
    ended = CliRunner(env=given).invoke(group, ["wrap", "claude", "--", "--version"])

    assert (ended.exit_code, ended.stderr, (tmp_path / "home").exists()) == (0, "", False)


def test_a_command_that_is_not_there_is_refused_with_what_to_do() -> None:
    ended = CliRunner(env={"PATH": ""}).invoke(group, ["wrap", "--", "no-such"])

    assert str(ended.exception) == "no-such is not installed: no 'no-such' on PATH; install it, or give its path"


def test_an_unknown_agent_is_refused_with_the_known_ones() -> None:
    ended = CliRunner().invoke(group, ["wrap", "cluade"])

    assert isinstance(ended.exception, Refused)
    assert str(ended.exception) == (
        f"can't wrap 'cluade'; known are: {', '.join(AGENTS)}; any other command: headroom wrap -- cluade"
    )


@pytest.mark.parametrize(
    ("given", "title", "arguments"),
    [
        (["claude", "-p", "x"], "Claude Code", ("-p", "x")),
        (["claude", "--", "-p", "x"], "Claude Code", ("-p", "x")),
        (["--via", "base", "gemini", "--", "--", "x"], "Gemini CLI", ("--", "x")),
        (["--", "python", "x.py"], "python", ("x.py",)),
        (["--upstream", "https://llm.example.com", "--", "claude", "--", "x"], "claude", ("--", "x")),
    ],
)
def test_a_command_of_the_users_own_follows_dashes_in_the_agents_place(
    given: list[str], title: str, arguments: tuple[str, ...]
) -> None:
    with wrap.command.make_context("wrap", given) as context:
        agent, rest = wrap.chosen(context.params["agent"], context.params["arguments"])

    assert (agent.title, rest) == (title, arguments)


def test_dashes_with_nothing_behind_them_are_refused() -> None:
    ended = CliRunner().invoke(group, ["wrap", "--"])

    assert str(ended.exception) == "no command follows the --; say what to run: headroom wrap -- python my_agent.py"


@pytest.mark.parametrize(
    ("given", "url", "no_proxy"),
    [
        ({}, "", ()),
        ({"HTTPS_PROXY": "proxy.example:3128"}, "proxy.example:3128", ()),
        ({"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:1"}, "http://upper:1", ()),
        (
            {"HTTPS_PROXY": "", "https_proxy": "http://lower:1", "NO_PROXY": "", "no_proxy": "a, b"},
            "http://lower:1",
            ("a", "b"),
        ),
    ],
)
def test_the_users_own_proxy_is_chained(
    given: dict[str, str], url: str, no_proxy: tuple[str, ...], tmp_path: Path
) -> None:
    options = proxy_options(Settings(home=tmp_path), given, "s")

    assert (options.upstream_proxy, options.no_proxy) == (url, no_proxy)


@pytest.mark.slow
def test_a_proxy_that_can_not_be_chained_is_said_before_the_agent_starts(tmp_path: Path) -> None:
    options = proxy_options(Settings(home=tmp_path), {"HTTPS_PROXY": "socks5://127.0.0.1:1080"}, "s")

    with pytest.raises(Refused, match="the upstream proxy is no http:// or https:// URL"):
        Running(options, environment())
