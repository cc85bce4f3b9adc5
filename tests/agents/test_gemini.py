from __future__ import annotations

from pathlib import Path

import pytest

from headroom_wrap.agents import Listening, Wish, gemini

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")


def arguments(home: Path, *given: str) -> tuple[str, ...]:
    return gemini.AGENT.route(Wish(given, {"HOME": str(home)})).start(LISTENING).arguments


def test_a_session_gets_leave_for_headroom_get_alone(tmp_path: Path) -> None:
    assert arguments(tmp_path, "-i", "Look.") == (f"--policy={gemini.POLICY}", "-i", "Look.")
    assert [line for line in gemini.POLICY.read_text().splitlines() if line.startswith("command")] == [
        'commandPrefix = "headroom get"'
    ]


def test_the_users_own_policies_stay_in_force(tmp_path: Path) -> None:
    own = tmp_path / ".gemini" / "policies"
    own.mkdir(parents=True)

    assert arguments(tmp_path) == (f"--policy={gemini.POLICY}", f"--policy={own}")
    assert arguments(tmp_path, "--policy", "mine.toml") == (f"--policy={gemini.POLICY}", "--policy", "mine.toml")


def test_a_subcommand_is_run_as_it_was_given(tmp_path: Path) -> None:
    assert arguments(tmp_path, "mcp", "list") == ("mcp", "list")


@pytest.mark.parametrize("prompt", [("-p", "Look."), ("--prompt", "Look."), ("--prompt=Look.",)])
def test_a_session_without_a_person_gets_no_shell_that_it_would_not_have(
    prompt: tuple[str, ...], tmp_path: Path
) -> None:
    assert arguments(tmp_path, *prompt) == prompt
