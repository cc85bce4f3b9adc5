from __future__ import annotations

import pytest
from click.testing import CliRunner

from headroom_wrap.cli import group
from headroom_wrap.cli.session import usable_proxy
from headroom_wrap.refused import Refused


def test_without_an_agent_the_agents_are_listed_with_how_to_install_them() -> None:
    ended = CliRunner(env={"PATH": ""}).invoke(group, ["wrap"])

    assert (ended.exit_code, ended.output.splitlines()) == (
        0,
        [
            "Agents that headroom can wrap:",
            "  headroom wrap claude   Claude Code  not installed: npm install -g @anthropic-ai/claude-code",
            "  headroom wrap codex    Codex        not installed: npm install -g @openai/codex",
        ],
    )


def test_an_unknown_agent_is_refused_with_the_known_ones() -> None:
    ended = CliRunner().invoke(group, ["wrap", "cluade"])

    assert isinstance(ended.exception, Refused)
    assert str(ended.exception) == "headroom can't wrap 'cluade'; known are: claude, codex"


@pytest.mark.parametrize(
    ("given", "url"),
    [("", ""), ("http://proxy:1", "http://proxy:1"), ("proxy.example:3128", "http://proxy.example:3128")],
)
def test_a_proxy_may_be_given_without_a_scheme(given: str, url: str) -> None:
    assert usable_proxy(given) == url
