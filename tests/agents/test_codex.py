from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from headroom_wrap.agents import Listening, Server, Start, Wish, codex
from headroom_wrap.refused import Refused

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")
OURS = 'openai_base_url="http://127.0.0.1:7001/v1"'
CHATGPT = {"tokens": {"access_token": "t"}, "OPENAI_API_KEY": None}


def wish(folder: Path, *arguments: str, upstream: str = "", **environment: str) -> Wish:
    return Wish(arguments, {"HOME": str(folder), "CODEX_HOME": str(folder), **environment}, upstream, folder)


def config(folder: Path, text: str, name: str = "config.toml") -> None:
    (folder / name).write_text(text)


def login(folder: Path, document: object) -> None:
    (folder / "auth.json").write_text(json.dumps(document))


def started(given: Wish) -> tuple[str, Start]:
    route = codex.AGENT.route(given)
    return route.upstream, route.start(LISTENING)


def test_with_an_api_key_the_base_url_is_overridden_for_this_run(tmp_path: Path) -> None:
    login(tmp_path, {"OPENAI_API_KEY": "sk-x"})

    upstream, start = started(wish(tmp_path, "exec", "hello"))

    assert (upstream, start.arguments) == ("https://api.openai.com", ("-c", OURS, "exec", "hello"))
    assert set(start.environment) == {"NO_PROXY", "no_proxy"}


@pytest.mark.parametrize(
    ("document", "arguments", "environment", "signed_in"),
    [
        (CHATGPT, (), {}, True),
        (CHATGPT, (), {"CODEX_API_KEY": "sk-x"}, True),
        (CHATGPT, ("exec", "hello"), {"CODEX_API_KEY": "sk-x"}, False),
        (None, (), {}, True),
        (None, (), {"OPENAI_API_KEY": "sk-x"}, False),
    ],
)
def test_a_chatgpt_login_goes_through_the_connect_listener(
    tmp_path: Path, document: object, arguments: tuple[str, ...], environment: dict[str, str], signed_in: bool
) -> None:
    if document:
        login(tmp_path, document)

    upstream, start = started(wish(tmp_path, *arguments, **environment))

    assert (upstream == "", "HTTPS_PROXY" in start.environment) == (signed_in, signed_in)


def test_behind_the_connect_listener_every_variable_with_roots_names_ours(tmp_path: Path) -> None:
    login(tmp_path, CHATGPT)

    _, start = started(wish(tmp_path, NO_PROXY="intra.example", HTTPS_PROXY="http://corp.example:3128"))

    proxy, no_proxy = "http://127.0.0.1:7002", "intra.example,127.0.0.1,localhost,::1"
    roots = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE")
    assert start == Start(
        (),
        {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            **dict.fromkeys(roots, "/roots.pem"),
        },
    )


@pytest.mark.parametrize(
    ("text", "arguments", "upstream", "override"),
    [
        ('openai_base_url = "https://eu.example/v1"', (), "https://eu.example", OURS),
        (
            'model_provider = "corp"\n[model_providers.corp]\nbase_url = "https://llm.corp.example/openai/v1"',
            (),
            "https://llm.corp.example",
            'model_providers.corp.base_url="http://127.0.0.1:7001/openai/v1"',
        ),
        (
            '[model_providers.corp]\nbase_url = "https://llm.corp.example"',
            ("-c", "model_provider=corp"),
            "https://llm.corp.example",
            'model_providers.corp.base_url="http://127.0.0.1:7001"',
        ),
        ("", ('-copenai_base_url="https://own.example/v1"',), "https://own.example", OURS),
        ("", ("exec", "--config", "openai_base_url=https://own.example/v1"), "https://own.example", OURS),
    ],
)
def test_a_base_url_of_the_users_own_is_chained(
    tmp_path: Path, text: str, arguments: tuple[str, ...], upstream: str, override: str
) -> None:
    config(tmp_path, text)

    found, start = started(wish(tmp_path, *arguments))

    assert (found, start.arguments[:2]) == (upstream, ("-c", override))
    assert not any("own.example" in argument for argument in start.arguments)


def test_the_file_of_a_profile_lies_over_the_config(tmp_path: Path) -> None:
    config(tmp_path, 'openai_base_url = "https://one.example/v1"')
    config(tmp_path, 'openai_base_url = "https://two.example/v1"', "work.config.toml")

    assert started(wish(tmp_path, "-p", "work"))[0] == "https://two.example"


def test_the_upstream_option_outranks_a_login_and_needs_no_path(tmp_path: Path) -> None:
    login(tmp_path, CHATGPT)

    upstream, start = started(wish(tmp_path, upstream="http://127.0.0.1:9000"))

    assert (upstream, start.arguments) == ("http://127.0.0.1:9000", ("-c", OURS))


def test_what_stands_after_two_dashes_is_the_agents(tmp_path: Path) -> None:
    login(tmp_path, {"OPENAI_API_KEY": "sk-x"})
    arguments = ("exec", "--", "-c", "openai_base_url=https://own.example/v1")

    assert started(wish(tmp_path, *arguments)) == ("https://api.openai.com", started(wish(tmp_path, *arguments))[1])
    assert started(wish(tmp_path, *arguments))[1].arguments[2:] == arguments


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        ('model_provider = "local"', (), "'local' can't be chained: it has no base_url"),
        ("", ("--oss",), "a model on this machine"),
        ("not toml", (), "can't be read"),
    ],
)
def test_what_can_not_be_chained_is_refused_in_one_line(
    tmp_path: Path, text: str, arguments: tuple[str, ...], says: str
) -> None:
    config(tmp_path, text)

    with pytest.raises(Refused) as refused:
        started(wish(tmp_path, *arguments))

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("login", [{"OPENAI_API_KEY": "sk"}, {}])
def test_our_mcp_server_comes_by_overrides_for_this_run(tmp_path: Path, login: dict[str, str]) -> None:
    server = Server(("/data/bin/headroom", "mcp"), {"HEADROOM_HOME": "/my data"})
    start = codex.AGENT.route(replace(wish(tmp_path, "exec", "hi", **login), server=server)).start(LISTENING)
    ours = [value for value in start.arguments if value.startswith("mcp_servers.")]
    assert ours == [
        'mcp_servers.headroom.command="/data/bin/headroom"',
        'mcp_servers.headroom.args=["mcp"]',
        'mcp_servers.headroom.default_tools_approval_mode="approve"',
        'mcp_servers.headroom.env={ HEADROOM_HOME = "/my data" }',
    ]
    assert start.arguments[-2:] == ("exec", "hi")


def test_an_api_key_can_be_led_by_connect_too(tmp_path: Path) -> None:
    login(tmp_path, {"OPENAI_API_KEY": "sk-x"})
    config(tmp_path, 'openai_base_url = "https://gateway.example.com/v1"')
    route = codex.AGENT.route(replace(wish(tmp_path, "exec", "hello"), via="connect"))
    start = route.start(LISTENING)

    assert (route.upstream, route.hosts, start.arguments) == ("", ("gateway.example.com",), ("exec", "hello"))
    assert start.environment["HTTPS_PROXY"] == "http://127.0.0.1:7002"


def test_what_can_not_be_had_together_is_refused(tmp_path: Path) -> None:
    login(tmp_path, CHATGPT)
    with pytest.raises(Refused, match="a ChatGPT login is led by CONNECT"):
        codex.AGENT.route(replace(wish(tmp_path), via="base"))
    with pytest.raises(Refused, match="an upstream goes with a base URL"):
        codex.AGENT.route(replace(wish(tmp_path, upstream="https://llm.example.com"), via="connect"))
