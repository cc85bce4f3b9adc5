from __future__ import annotations

from headroom_wrap.agents import Listening, Wish, anything

LISTENING = Listening(base=7001, connect=7002, ca="/roots.pem")


def test_a_command_goes_by_its_own_name() -> None:
    agent = anything.agent("./bin/my-agent")

    assert (agent.name, agent.executable) == ("my-agent", "./bin/my-agent")


def test_by_default_it_gets_a_proxy_and_with_an_upstream_the_variables_of_the_sdks() -> None:
    route = anything.agent("x").route
    by_connect = route(Wish(("a",), {})).start(LISTENING)
    by_base = route(Wish(("a",), {}, upstream="https://llm.example.com")).start(LISTENING)

    assert by_connect.environment["HTTPS_PROXY"] == "http://127.0.0.1:7002"
    assert {name: value for name, value in by_base.environment.items() if name in anything.BASES} == {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:7001",
        "OPENAI_BASE_URL": "http://127.0.0.1:7001/v1",
        "OPENAI_API_BASE": "http://127.0.0.1:7001/v1",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:7001",
    }
