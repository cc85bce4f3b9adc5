from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from headroom_wrap.agents import Listening, Server, Wish
from headroom_wrap.agents.led import (
    by_base,
    by_connect,
    by_either,
    either,
    endpoints,
    servers,
    unless_subcommand,
    without_server,
)
from headroom_wrap.refused import Refused

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")
NO_PROXY = {"NO_PROXY": "127.0.0.1,localhost,::1", "no_proxy": "127.0.0.1,localhost,::1"}


def wish(*arguments: str, upstream: str = "", via: str = "", **environment: str) -> Wish:
    return Wish(arguments, environment, upstream, via=via)


def test_by_connect_the_agent_keeps_its_providers_and_gets_a_proxy_and_roots() -> None:
    route = by_connect(wish("run", HOME="/home/dev"), arguments=("--flag",), more={"MORE": "1"})
    start = route.start(LISTENING)

    assert (route.upstream, route.hosts, start.arguments) == ("", (), ("--flag", "run"))
    assert start.environment == {
        "HTTPS_PROXY": "http://127.0.0.1:7002",
        "https_proxy": "http://127.0.0.1:7002",
        "SSL_CERT_FILE": "/roots.pem",
        "REQUESTS_CA_BUNDLE": "/roots.pem",
        "CURL_CA_BUNDLE": "/roots.pem",
        "NODE_EXTRA_CA_CERTS": "/roots.pem",
        "CODEX_CA_CERTIFICATE": "/roots.pem",
        "MORE": "1",
        **NO_PROXY,
    }


@pytest.mark.parametrize("name", ["*", ".example.com", "*.Example.com", "llm.example.com:443", "eu.llm.example.com"])
def test_by_connect_no_host_that_is_decrypted_goes_past_the_proxy(name: str) -> None:
    route = by_connect(wish(NO_PROXY=f"intra.example,{name},10.0.0.0/8,::1"))
    start = route.start(replace(LISTENING, hosts=("llm.example.com", "api.openai.com")))

    assert start.environment["NO_PROXY"] == "intra.example,10.0.0.0/8,::1,127.0.0.1,localhost"


def test_an_upstream_is_refused_where_the_agent_chooses_its_provider() -> None:
    with pytest.raises(Refused, match="can't be sent to another upstream"):
        by_connect(wish(upstream="https://llm.example.com"))


def test_by_base_url_without_a_provider_the_proxy_tells_by_the_path() -> None:
    route = by_base(wish(), {"A_BASE_URL": "", "B_BASE_URL": "/v1"})

    assert route.upstream == ""
    assert route.start(LISTENING).environment == {
        "A_BASE_URL": "http://127.0.0.1:7001",
        "B_BASE_URL": "http://127.0.0.1:7001/v1",
        **NO_PROXY,
    }


@pytest.mark.parametrize(
    ("given", "upstream", "base"),
    [
        ({}, "https://llm.example.com", "http://127.0.0.1:7001/v1"),
        ({}, "https://llm.example.com:444/own/", "http://127.0.0.1:7001/own"),
        ({"A_BASE_URL": "http://gateway.example/ai/v2"}, "", "http://127.0.0.1:7001/ai/v2"),
    ],
)
def test_the_path_of_an_upstream_or_of_the_users_own_url_stays_on_the_agents_side(
    given: dict[str, str], upstream: str, base: str
) -> None:
    route = by_base(wish(upstream=upstream, **given), {"A_BASE_URL": "/v1"}, "https://api.example.com/v1")

    assert route.upstream in ("https://llm.example.com", "https://llm.example.com:444", "http://gateway.example")
    assert route.start(LISTENING).environment["A_BASE_URL"] == base


def test_the_first_way_is_the_default_and_an_upstream_asks_for_a_base_url() -> None:
    ways = {"connect": by_connect, "base": lambda given: by_base(given, {"A_BASE_URL": ""})}

    taken = [
        "HTTPS_PROXY" in either(given, **ways).start(LISTENING).environment
        for given in (wish(), wish(via="connect"), wish(via="base"), wish(upstream="https://llm.example.com"))
    ]

    assert taken == [True, True, False, False]


@pytest.mark.parametrize(
    ("url", "via", "upstream"),
    [
        ("http://localhost:11434/v1", "", "http://localhost:11434"),
        ("https://llm.example.com/v1", "", ""),
        ("http://localhost:11434/v1", "connect", ""),
    ],
)
def test_an_endpoint_of_plain_http_is_led_by_base_url(url: str, via: str, upstream: str) -> None:
    route = by_either(wish(via=via, A_BASE_URL=url), {"A_BASE_URL": ""}, "https://api.example.com")

    assert route.upstream == upstream
    assert ("HTTPS_PROXY" in route.start(LISTENING).environment) == (not upstream)


def test_a_way_that_an_agent_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(Refused, match="can't be led by base; leave --via out, or take connect"):
        either(wish(via="base"), connect=by_connect)


def test_endpoints_are_found_in_every_kind_of_file_by_the_name_of_the_setting(tmp_path: Path) -> None:
    texts = {
        "a.json": '{"provider": {"options": {"baseURL": "https://Json.example.com/v1", "note": "https://no.example"}}}',
        "b.toml": 'api_base = "https://toml.example.com/v1"',
        "c.yaml": "models:\n  - apiBase: https://yaml.example.com:8443/v1/\n",
        "d.env": "AZURE_ENDPOINT=https://azure.example.com\nOTEL_EXPORTER_OTLP_ENDPOINT=https://traces.example.com",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    assert endpoints([tmp_path / name for name in (*texts, "missing")], {}) == (
        "json.example.com",
        "toml.example.com",
        "yaml.example.com",
        "azure.example.com",
    )


def test_endpoints_of_variables_count_but_not_addresses_or_plain_http() -> None:
    given = {
        "OPENAI_BASE_URL": "https://gateway.example.com/v1",
        "ANTHROPIC_BASE_URL": "http://plain.example.com",
        "LLM_BASE_URL": "https://10.0.0.7:8443/v1",
        "X_API_BASE": "https://localhost/v1",
    }

    assert endpoints([], given) == ("gateway.example.com",)


@pytest.mark.parametrize(
    ("arguments", "flags"),
    [((), ("-x",)), (("-p", "Look."), ("-x",)), (("Look at it.",), ("-x",)), (("mcp", "list"), ())],
)
def test_flags_are_for_sessions_not_for_subcommands(arguments: tuple[str, ...], flags: tuple[str, ...]) -> None:
    assert unless_subcommand(wish(*arguments), "-x") == flags


def test_our_server_goes_by_a_flag_or_is_refused() -> None:
    given = Wish((), {}, server=Server(("/bin/headroom", "mcp"), {"HEADROOM_HOME": "/data"}))

    assert servers(given, type="local") == (
        '{"mcpServers": {"headroom": {"type": "local", "command": "/bin/headroom", "args": ["mcp"], '
        '"env": {"HEADROOM_HOME": "/data"}}}}'
    )
    with pytest.raises(Refused, match="Some agent takes no MCP server for one run"):
        without_server(given, "Some agent")
    without_server(wish(), "Some agent")
