"""What providers answer besides inference: a request's path and headers in; an account, a catalogue of models out.

Agents ask before their first turn, and give up where the answer lacks what they look for.
"""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

ROUTING = ("workspace_backend_origin", "account_routing_override")
"""What Codex wants to know of a ChatGPT account before its first turn: where its data may be."""

COPILOT = {"claude-sonnet-4.5": "/v1/messages", "gpt-5": "/responses", "gemini-3.1-pro-preview": "/chat/completions"}
"""Models that Copilot offers, with the wire that each is asked by."""


def answer(path: str, header: dict[str, str]) -> JSON | None:
    """-> the answer to a GET, or to a POST that is no inference; None: not known. Header names in lower case."""
    if path.endswith("/accounts/check"):
        account = {"id": header.get("chatgpt-account-id", ""), **dict.fromkeys(ROUTING, "NO_CONSTRAINT")}
        return {"accounts": [account]}
    if path.endswith("/copilot_internal/user"):
        return _copilot_user()
    if path.endswith("/models"):
        offered = COPILOT.items() if "copilot-integration-id" in header else ()
        return {"object": "list", "data": [_copilot_model(*each) for each in offered], "models": []}
    return _google(path)


def _copilot_user() -> JSON:
    names = ("api", "proxy", "telemetry")
    endpoints = {name: f"https://{name}.individual.githubcopilot.com" for name in names}
    account = {"login": "dev", "access_type_sku": "monthly_subscriber", "copilot_plan": "individual"}
    return {**account, "chat_enabled": True, "endpoints": endpoints, "organization_list": [], "quota_snapshots": {}}


def _copilot_model(name: str, endpoint: str) -> JSON:
    limits = {"max_context_window_tokens": 200_000, "max_output_tokens": 16_000, "max_prompt_tokens": 128_000}
    supports = {"parallel_tool_calls": True, "streaming": True, "tool_calls": True}
    kind = {"family": name, "object": "model_capabilities", "tokenizer": "o200k_base", "type": "chat"}
    return {
        **{"id": name, "name": name, "version": name, "object": "model", "vendor": "scripted", "preview": False},
        **{"model_picker_enabled": True, "policy": {"state": "enabled", "terms": ""}},
        **{"supported_endpoints": [endpoint], "billing": {"is_premium": False, "multiplier": 0}},
        "capabilities": {**kind, "limits": limits, "supports": supports},
    }


def _google(path: str) -> JSON | None:
    """-> what a Google login and Code Assist say of an account on the free tier."""
    if path.endswith("/tokeninfo"):
        return {"email": "dev@example.com", "expires_in": 3600, "scope": "email", "audience": "scripted"}
    if path.endswith("/userinfo"):
        return {"id": "1", "email": "dev@example.com", "name": "dev"}
    if path.endswith(":loadCodeAssist"):
        tier = {"id": "free-tier", "name": "free", "description": "", "isDefault": True}
        return {"currentTier": tier, "allowedTiers": [tier], "cloudaicompanionProject": "scripted"}
    if path.endswith(":retrieveUserQuota"):
        return {"buckets": []}
    return {"experimentIds": [], "flags": []} if path.endswith(":listExperiments") else None
