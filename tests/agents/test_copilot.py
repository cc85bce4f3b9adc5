from __future__ import annotations

from headroom_wrap.agents import Listening, Server, Wish, copilot

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")
OWN = {"COPILOT_PROVIDER_BASE_URL": "https://llm.example.com/openai/v1"}


def test_an_own_provider_is_chained_by_its_base_url() -> None:
    route = copilot.AGENT.route(Wish((), OWN))

    assert route.upstream == "https://llm.example.com"
    assert route.start(LISTENING).environment["COPILOT_PROVIDER_BASE_URL"] == "http://127.0.0.1:7001/openai/v1"


def test_an_own_provider_can_be_led_by_a_proxy() -> None:
    route = copilot.AGENT.route(Wish((), OWN, via="connect"))

    assert (route.upstream, route.hosts) == ("", ("llm.example.com",))
    assert "COPILOT_PROVIDER_BASE_URL" not in route.start(LISTENING).environment


def test_our_server_is_added_for_the_run_and_never_asked_about() -> None:
    route = copilot.AGENT.route(Wish(("-p", "Look."), {}, server=Server(("headroom", "mcp"), {"A": "b"})))

    assert route.start(LISTENING).arguments == (
        '--additional-mcp-config={"mcpServers": {"headroom": {"type": "local", "tools": ["*"], '
        '"command": "headroom", "args": ["mcp"], "env": {"A": "b"}}}}',
        "--allow-tool=headroom",
        "-p",
        "Look.",
    )
