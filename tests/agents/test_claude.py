from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.agents import Listening, Server, Wish, claude
from headroom_wrap.refused import Refused

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")
ALLOWED = {"allow": ["Bash(headroom get:*)"]}
NO_PROXY = {"NO_PROXY": "127.0.0.1,localhost,::1", "no_proxy": "127.0.0.1,localhost,::1"}


def wish(folder: Path, *arguments: str, upstream: str = "", **environment: str) -> Wish:
    return Wish(arguments, {"HOME": str(folder / "home"), **environment}, upstream, folder / "project")


def by_connect(given: Wish) -> Wish:
    return replace(given, via="connect")


def settings(folder: Path, where: str, **env: str) -> None:
    file = folder / where
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"env": env}))


def started(given: Wish) -> tuple[str, dict[str, Any], tuple[str, ...], dict[str, str]]:
    """-> the upstream, the settings for this run, the other arguments, the environment."""
    route = claude.AGENT.route(given)
    start = route.start(LISTENING)
    flag, document, *rest = start.arguments
    assert flag == "--settings"
    return route.upstream, json.loads(document), tuple(rest), dict(start.environment)


def test_without_a_base_url_requests_go_to_anthropic_and_tools_stay_deferred(tmp_path: Path) -> None:
    added = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:7001", "ENABLE_TOOL_SEARCH": "true"}

    assert started(wish(tmp_path, "-p", "hello")) == (
        "https://api.anthropic.com",
        {"env": added, "permissions": ALLOWED},
        ("-p", "hello"),
        {**added, **NO_PROXY},
    )


def test_a_base_url_of_the_users_own_is_chained_with_its_path(tmp_path: Path) -> None:
    upstream, _, _, environment = started(wish(tmp_path, ANTHROPIC_BASE_URL="https://gateway.example/team/a/"))

    assert upstream == "https://gateway.example"
    assert environment["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:7001/team/a"


def test_a_base_url_in_the_users_settings_file_outranks_the_environment(tmp_path: Path) -> None:
    settings(tmp_path, "home/.claude/settings.json", ANTHROPIC_BASE_URL="https://file.example")

    assert started(wish(tmp_path, ANTHROPIC_BASE_URL="https://variable.example"))[0] == "https://file.example"


def test_the_settings_file_is_looked_for_where_claude_code_is_told_to_keep_it(tmp_path: Path) -> None:
    settings(tmp_path, "elsewhere/settings.json", ANTHROPIC_BASE_URL="https://file.example")

    assert started(wish(tmp_path, CLAUDE_CONFIG_DIR=str(tmp_path / "elsewhere")))[0] == "https://file.example"


def test_the_upstream_option_outranks_all(tmp_path: Path) -> None:
    settings(tmp_path, "home/.claude/settings.json", ANTHROPIC_BASE_URL="https://file.example")

    assert started(wish(tmp_path, upstream="http://127.0.0.1:9000"))[0] == "http://127.0.0.1:9000"


def test_a_users_own_choice_of_tool_search_stands(tmp_path: Path) -> None:
    _, document, _, environment = started(wish(tmp_path, ENABLE_TOOL_SEARCH="auto"))

    assert "ENABLE_TOOL_SEARCH" not in {**document["env"], **environment}


@pytest.mark.parametrize("form", ["two words", "one word", "a file"])
def test_the_users_own_settings_argument_is_kept_and_ours_added(tmp_path: Path, form: str) -> None:
    own = json.dumps({"model": "opus", "env": {"A": "1"}, "permissions": {"deny": ["Edit"], "allow": ["Read"]}})
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "own.json").write_text(own)
    arguments = {
        "two words": ("--settings", own),
        "one word": (f"--settings={own}",),
        "a file": ("--settings", "own.json"),
    }

    _, document, rest, _ = started(wish(tmp_path, "-p", *arguments[form], "hello"))

    assert rest == ("-p", "hello")
    assert document["model"] == "opus"
    assert document["env"]["A"] == "1"
    assert document["permissions"] == {"deny": ["Edit"], "allow": ["Read", "Bash(headroom get:*)"]}


def test_settings_after_two_dashes_are_a_prompt_and_not_an_option(tmp_path: Path) -> None:
    assert started(wish(tmp_path, "--", "--settings", "x"))[2] == ("--", "--settings", "x")


def test_no_proxy_is_kept_and_this_machine_added(tmp_path: Path) -> None:
    environment = started(wish(tmp_path, NO_PROXY="intra.example, localhost"))[3]

    assert environment["NO_PROXY"] == "intra.example,localhost,127.0.0.1,::1"


def test_the_no_proxy_of_a_settings_file_is_given_as_the_settings_are(tmp_path: Path) -> None:
    settings(tmp_path, "home/.claude/settings.json", HTTP_PROXY="http://corp.example:3128", NO_PROXY="intra.example")

    _, document, _, environment = started(wish(tmp_path))

    assert document["env"]["NO_PROXY"] == environment["NO_PROXY"] == "intra.example,127.0.0.1,localhost,::1"


@pytest.mark.parametrize(
    ("where", "environment", "says"),
    [
        ("project/.claude/settings.json", {}, "a project does not choose where your key is sent"),
        ("project/.claude/settings.local.json", {}, "headroom wrap --upstream https://repo.example claude"),
        ("", {"CLAUDE_CODE_USE_BEDROCK": "1"}, "Amazon Bedrock"),
        ("", {"ANTHROPIC_BASE_URL": "gateway.example"}, "'gateway.example' is no URL of a provider"),
        ("", {"ANTHROPIC_BASE_URL": "http://h:99999"}, "'http://h:99999' is no URL of a provider"),
        ("", {"ANTHROPIC_BASE_URL": "https://[::1"}, "'https://[::1' is no URL of a provider"),
    ],
)
def test_what_would_go_past_the_proxy_or_to_a_stranger_is_refused_in_one_line(
    tmp_path: Path, where: str, environment: dict[str, str], says: str
) -> None:
    if where:
        settings(tmp_path, where, ANTHROPIC_BASE_URL="https://repo.example")

    with pytest.raises(Refused) as refused:
        started(wish(tmp_path, **environment))

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_settings_argument_that_is_not_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="correct the file or the JSON"):
        started(wish(tmp_path, "--settings", "{no"))


def test_our_mcp_server_comes_by_flag_before_another_option_and_is_never_asked_about(tmp_path: Path) -> None:
    server = Server(("/data/bin/headroom", "mcp"), {"HEADROOM_HOME": "/data"})
    given = replace(wish(tmp_path, "-p", "hello"), server=server)
    flag, servers, settings_flag, document, *rest = claude.AGENT.route(given).start(LISTENING).arguments
    assert (flag, settings_flag, rest) == ("--mcp-config", "--settings", ["-p", "hello"])
    assert json.loads(servers) == {
        "mcpServers": {
            "headroom": {
                "type": "stdio",
                "alwaysLoad": True,
                "command": "/data/bin/headroom",
                "args": ["mcp"],
                "env": {"HEADROOM_HOME": "/data"},
            }
        }
    }
    assert json.loads(document)["permissions"] == {"allow": [*ALLOWED["allow"], "mcp__headroom"]}


def test_by_connect_the_proxy_outranks_the_users_settings_and_no_base_url_is_set(tmp_path: Path) -> None:
    upstream, document, rest, environment = started(by_connect(wish(tmp_path, "-p", "hello")))

    assert (upstream, rest) == ("", ("-p", "hello"))
    assert environment["HTTPS_PROXY"] == document["env"]["HTTPS_PROXY"] == "http://127.0.0.1:7002"
    assert document["permissions"] == ALLOWED
    assert not {"ANTHROPIC_BASE_URL", "ENABLE_TOOL_SEARCH"} & (set(environment) | set(document["env"]))


def test_by_connect_a_gateway_of_the_users_own_is_decrypted(tmp_path: Path) -> None:
    given = by_connect(wish(tmp_path, ANTHROPIC_BASE_URL="https://gateway.example/team"))

    assert claude.AGENT.route(given).hosts == ("gateway.example",)


@pytest.mark.parametrize("url", ["http://gateway.example", "http://127.0.0.1:9"])
def test_by_connect_a_gateway_without_tls_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="can't be led by CONNECT"):
        claude.AGENT.route(by_connect(wish(tmp_path, ANTHROPIC_BASE_URL=url)))
