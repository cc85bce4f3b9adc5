from __future__ import annotations

from pathlib import Path

import pytest

from headroom_wrap.agents import Listening, Route, Server, Start, Wish
from headroom_wrap.agents.known import AGENTS
from headroom_wrap.refused import Refused

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")
BY_CONNECT = (
    "copilot",
    "gemini",
    "opencode",
    "qwen",
    "cline",
    "continue",
    "aider",
    "vibe",
    "openhands",
    "droid",
    "goose",
)
CONFIGURATION = {
    "opencode": ".config/opencode/opencode.json",
    "qwen": ".qwen/settings.json",
    "cline": ".cline/data/settings/providers.json",
    "continue": ".continue/config.yaml",
    "aider": ".aider.conf.yml",
    "vibe": ".vibe/config.toml",
    "openhands": ".openhands/agent_settings.json",
    "droid": ".factory/settings.json",
    "goose": ".config/goose/config.yaml",
}
BASES = {
    "copilot": ("https://api.githubcopilot.com", {"COPILOT_API_URL": ""}),
    "gemini": ("", {"GOOGLE_GEMINI_BASE_URL": "", "CODE_ASSIST_ENDPOINT": ""}),
    "qwen": ("https://dashscope.aliyuncs.com", {"OPENAI_BASE_URL": "/compatible-mode/v1"}),
    "aider": ("", {"OPENAI_API_BASE": "/v1", "ANTHROPIC_API_BASE": ""}),
}


def led(name: str, home: Path, *arguments: str, via: str = "", **environment: str) -> tuple[Route, Start]:
    route = AGENTS[name].route(Wish(arguments, {"HOME": str(home), **environment}, via=via))
    return route, route.start(LISTENING)


def test_every_agent_says_what_the_table_needs() -> None:
    assert all(agent.title and agent.executable and agent.install and agent.saved for agent in AGENTS.values())
    assert {name for name, agent in AGENTS.items() if not agent.version} == {"goose", "cursor"}
    assert {name for name, agent in AGENTS.items() if not agent.via} == {"cursor"}


@pytest.mark.parametrize("name", BY_CONNECT)
def test_the_default_is_a_proxy_that_leaves_the_agents_providers_as_they_are(name: str, tmp_path: Path) -> None:
    route, start = led(name, tmp_path, "--last", "Look at it.")

    assert (AGENTS[name].via[0], route.upstream, start.arguments[-2:]) == ("connect", "", ("--last", "Look at it."))
    assert start.environment["HTTPS_PROXY"] == "http://127.0.0.1:7002"
    assert start.environment["SSL_CERT_FILE"] == "/roots.pem"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "file"), CONFIGURATION.items())
def test_endpoints_in_an_agents_own_configuration_are_decrypted_too(name: str, file: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text('"base_url": "https://gateway.example.com/v1"')

    assert led(name, tmp_path)[0].hosts[-1:] == ("gateway.example.com",)


def test_of_the_hosts_that_belong_to_an_agent_only_those_that_were_run_are_decrypted(tmp_path: Path) -> None:
    assert {name: led(name, tmp_path)[0].hosts for name in BY_CONNECT if led(name, tmp_path)[0].hosts} == {
        "opencode": ("opencode.ai",)
    }


@pytest.mark.parametrize(("name", "origin", "paths"), [(name, *each) for name, each in BASES.items()])
def test_some_can_be_led_by_base_url(name: str, origin: str, paths: dict[str, str], tmp_path: Path) -> None:
    route, start = led(name, tmp_path, via="base")

    assert route.upstream == origin
    assert {key: value for key, value in start.environment.items() if key.upper() != "NO_PROXY"} == {
        variable: f"http://127.0.0.1:7001{path}" for variable, path in paths.items()
    }


@pytest.mark.parametrize("name", sorted(set(BY_CONNECT) - {"copilot"}))
def test_our_mcp_server_is_refused_where_it_can_not_be_had_for_one_run(name: str) -> None:
    with pytest.raises(Refused, match="takes no MCP server for one run"):
        AGENTS[name].route(Wish((), {"HOME": "/nowhere"}, server=Server(("headroom",), {})))
