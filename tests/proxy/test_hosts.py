from __future__ import annotations

import re

import pytest

from headroom_wrap.proxy import hosts


@pytest.mark.parametrize(
    ("host", "decrypted"),
    [
        ("api.anthropic.com:443", True),
        ("api.anthropic.com.:443", True),
        ("API.OpenAI.com:443", True),
        ("api.individual.githubcopilot.com:443", True),
        ("anthropic.com:443", False),
        ("api.anthropic.com.evil.example:443", False),
        ("evil-api.anthropic.com.example:443", False),
        ("notapi.anthropic.com:443", False),
        ("github.com:443", False),
        ("llm.example.com:443", True),
        ("llmXexample.com:443", False),
    ],
)
def test_only_inference_hosts_and_what_is_below_them_are_decrypted(host: str, decrypted: bool) -> None:
    names = hosts.inference(["LLM.example.com"])
    assert (re.search(hosts.pattern(names), host, re.IGNORECASE) is not None) == decrypted
    assert hosts.below(host.rpartition(":")[0], names) == decrypted


@pytest.mark.parametrize("name", ["", "a b", "https://x.example", "x.example:443", "x.example/p", ".*", "-x"])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no host name"):
        hosts.inference([name])


@pytest.mark.parametrize(
    ("path", "headers", "origin"),
    [
        ("/", {}, "https://api.anthropic.com"),
        ("/v1/messages?beta=true", {}, "https://api.anthropic.com"),
        ("/v1/models", {"x-api-key": "k"}, "https://api.anthropic.com"),
        ("/v1/models", {"authorization": "Bearer k"}, "https://api.openai.com"),
        ("/v1/responses", {}, "https://api.openai.com"),
        ("/v1/chat/completions", {}, "https://api.openai.com"),
        ("/backend-api/codex/responses", {}, "https://chatgpt.com"),
        ("/v1beta/models/g:streamGenerateContent?alt=sse", {}, "https://generativelanguage.googleapis.com"),
        ("/v1internal:streamGenerateContent", {}, "https://cloudcode-pa.googleapis.com"),
    ],
)
def test_a_base_url_request_goes_to_the_provider_of_its_path(path: str, headers: dict[str, str], origin: str) -> None:
    assert hosts.upstream_for(path, headers) == origin


def test_an_upstream_keeps_its_port_and_path() -> None:
    assert hosts.target("http://gw.example:8080/a/b/") == ("http", "gw.example", 8080, "/a/b")
    assert hosts.target("https://gw.example") == ("https", "gw.example", 443, "")


@pytest.mark.parametrize("url", ["gw.example", "ftp://gw.example", "https://"])
def test_an_upstream_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no URL; give one like"):
        hosts.target(url)


@pytest.mark.parametrize(
    ("headers", "login"),
    [
        ({"x-api-key": "sk-ant-api03-x"}, False),
        ({"authorization": "Bearer sk-ant-oat01-x"}, True),
        ({"authorization": "Bearer sk-proj-x"}, False),
        ({"authorization": "Bearer eyJhbGciOi.x.y"}, True),
        ({"authorization": "bearer ya29.x"}, True),
        ({"authorization": "Bearer tid=x;exp=1"}, True),
        ({"x-goog-api-key": "AIza", "authorization": "Bearer ya29.x"}, False),
        ({"authorization": "Basic eyJ4"}, False),
        ({}, False),
    ],
)
def test_a_subscriptions_login_is_told_from_a_key_by_its_form(headers: dict[str, str], login: bool) -> None:
    assert hosts.by_login(headers) is login
