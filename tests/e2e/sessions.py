"""How each agent is started for a session without a person: arguments, keys that nobody checks, its own settings."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from headroom_wrap.agents import gemini


@dataclass(frozen=True)
class Session:
    """`name`: the agent's for headroom; `hosts`: its provider's, which the company's proxy leads to the script.

    `files`: what stands in the home folder beforehand, JSON where it isn't a text. `leaves`: what the agent itself puts
    there. `asks`: the arguments of a session in which it asks before it runs a command and takes a rule for one run, or
    in which it never asks (`free`).
    """

    name: str
    arguments: tuple[str, ...]
    hosts: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    leaves: frozenset[str] = frozenset()
    command: str = ""
    asks: tuple[str, ...] = ()
    free: bool = False

    def texts(self) -> dict[str, str]:
        """-> the files, as they are to be written."""
        return {name: what if isinstance(what, str) else json.dumps(what) for name, what in self.files.items()}


QUIET = {"privacy": {"usageStatisticsEnabled": False}, "general": {"enableAutoUpdate": False}}
GEMINI = ("--skip-trust", "-m", "gemini-2.5-pro", "-p", "Look at it.")
ASKS = (f"--policy={gemini.POLICY}", *GEMINI)
"""With what a session with a person would get; this one would have no shell otherwise."""
GOOGLE_LOGIN = {
    **{"access_token": "dummy", "refresh_token": "none", "token_type": "Bearer", "expiry_date": 4_102_444_800_000},
    "scope": "https://www.googleapis.com/auth/cloud-platform",
}
GITHUB_TOKEN = f"github_pat_11AAAAAAA0aaaaaaaaaaaa_{'b' * 59}"
COPILOT = ("--allow-all-tools", "--allow-all-paths", "-p", "Look at it.")
QWEN = ("--auth-type", "openai", "-m", "qwen3-coder-plus", "-p", "Look at it.")
CONTINUE = """\
name: test
version: 0.0.1
schema: v1
models:
  - {name: scripted, provider: openai, model: gpt-4o, apiKey: dummy, roles: [chat], capabilities: [tool_use]}
"""
DROID_MODEL = {
    **{"model": "claude-sonnet-4-5", "id": "custom:scripted-0", "index": 0, "displayName": "scripted"},
    **{"provider": "anthropic", "baseUrl": "https://api.anthropic.com", "apiKey": "dummy", "maxOutputTokens": 8000},
}


def _gemini(selected: str, hosts: tuple[str, ...], environment: dict[str, str], **files: Any) -> Session:
    settings = {**QUIET, "security": {"auth": {"selectedType": selected}}}
    given = {".gemini/settings.json": settings, **{f".gemini/{name}.json": file for name, file in files.items()}}
    return Session("gemini", ("--yolo", *GEMINI), hosts, environment, given, frozenset({".gemini"}), asks=ASKS)


def _copilot(model: str) -> Session:
    hosts = ("api.github.com", "api.individual.githubcopilot.com")
    given = {"COPILOT_GITHUB_TOKEN": GITHUB_TOKEN, "COPILOT_AUTO_UPDATE": "false"}
    arguments = ("--model", model, *COPILOT)
    return Session("copilot", arguments, hosts, given, {}, frozenset({".copilot", ".cache"}))


def _opencode(model: str, host: str, key: str) -> Session:
    quiet = dict.fromkeys(("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH"), "1")
    arguments = ("run", "-m", model, "Look at it.")
    leaves = frozenset({".cache", ".config", ".local"})
    return Session("opencode", arguments, (host,), {**quiet, key: "dummy"}, {}, leaves, asks=arguments, free=True)


SESSIONS = {
    "copilot-messages": _copilot("claude-sonnet-4.5"),
    "copilot-responses": _copilot("gpt-5"),
    "copilot-chat": _copilot("gemini-3.1-pro-preview"),
    "gemini-key": _gemini("gemini-api-key", ("generativelanguage.googleapis.com",), {"GEMINI_API_KEY": "dummy"}),
    "gemini-login": _gemini(
        "oauth-personal",
        ("cloudcode-pa.googleapis.com", "oauth2.googleapis.com", "www.googleapis.com"),
        {},
        oauth_creds=GOOGLE_LOGIN,
    ),
    "opencode": _opencode("anthropic/claude-sonnet-4-5", "api.anthropic.com", "ANTHROPIC_API_KEY"),
    "opencode-responses": _opencode("openai/gpt-5", "api.openai.com", "OPENAI_API_KEY"),
    "opencode-gemini": _opencode(
        "google/gemini-2.5-pro", "generativelanguage.googleapis.com", "GOOGLE_GENERATIVE_AI_API_KEY"
    ),
    "qwen": Session(
        "qwen",
        ("--yolo", *QWEN),
        ("dashscope.aliyuncs.com",),
        {"OPENAI_API_KEY": "dummy", "OPENAI_BASE_URL": "https://dashscope.aliyuncs.com/compatible-mode/v1"},
        {".qwen/settings.json": QUIET},
        frozenset({".qwen"}),
        asks=QWEN,
    ),
    "cline": Session(
        "cline",
        ("-P", "openai-native", "-k", "dummy", "-m", "gpt-4o", "Look at it."),
        ("api.openai.com",),
        leaves=frozenset({".cline"}),
        asks=("-P", "openai-native", "-k", "dummy", "-m", "gpt-4o", "Look at it."),
        free=True,
    ),
    "continue": Session(
        "continue",
        ("--auto", "-p", "Look at it."),
        ("api.openai.com",),
        {"CONTINUE_TELEMETRY_ENABLED": "0"},
        {".continue/config.yaml": CONTINUE},
        frozenset({".continue"}),
        command="cn",
    ),
    "vibe": Session(
        "vibe",
        ("--auto-approve", "--trust", "-p", "Look at it."),
        ("api.mistral.ai",),
        {"MISTRAL_API_KEY": "dummy"},
        {".vibe/config.toml": "enable_telemetry = false\nenable_update_checks = false\n"},
        frozenset({".vibe"}),
    ),
    "openhands": Session(
        "openhands",
        ("--headless", "--yolo", "--override-with-envs", "-t", "Look at it."),
        ("api.openai.com",),
        {"LLM_API_KEY": "dummy", "LLM_MODEL": "openai/gpt-4o", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        leaves=frozenset({".openhands", ".bash_history"}),
    ),
    "droid": Session(
        "droid",
        ("exec", "--auto", "high", "-m", "custom:scripted-0", "Look at it."),
        ("api.anthropic.com",),
        {},
        {".factory/settings.json": {"customModels": [DROID_MODEL]}},
        frozenset({".factory"}),
    ),
}
