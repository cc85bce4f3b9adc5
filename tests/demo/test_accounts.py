from __future__ import annotations

import pytest

from headroom_wrap.demo import accounts


def test_codex_learns_that_its_account_is_bound_to_no_place() -> None:
    assert accounts.answer("/backend-api/wham/accounts/check", {"chatgpt-account-id": "acc"}) == {
        "accounts": [
            {"id": "acc", "workspace_backend_origin": "NO_CONSTRAINT", "account_routing_override": "NO_CONSTRAINT"}
        ]
    }


def test_copilot_is_offered_a_model_for_each_wire_and_nobody_else_is() -> None:
    offered = accounts.answer("/models", {"copilot-integration-id": "copilot-developer-cli"})

    assert offered is not None
    assert {model["id"]: model["supported_endpoints"] for model in offered["data"]} == {
        name: [endpoint] for name, endpoint in accounts.COPILOT.items()
    }
    assert accounts.answer("/v1/models", {}) == {"object": "list", "data": [], "models": []}


def test_copilot_learns_its_host_from_the_account() -> None:
    account = accounts.answer("/copilot_internal/user", {})

    assert account is not None
    assert account["endpoints"]["api"] == "https://api.individual.githubcopilot.com"


@pytest.mark.parametrize(
    "path", ["/tokeninfo", "/oauth2/v2/userinfo", "/v1internal:loadCodeAssist", "/v1internal:retrieveUserQuota"]
)
def test_a_google_login_is_answered(path: str) -> None:
    assert accounts.answer(path, {})


def test_anything_else_is_not_known() -> None:
    assert accounts.answer("/v1/files", {}) is None
