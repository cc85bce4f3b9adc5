"""Which hosts serve inference, and which of them a request without a host of its own is for: names in, names out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

INFERENCE = (
    "api.anthropic.com",
    "api.cerebras.ai",
    "api.deepseek.com",
    "api.fireworks.ai",
    "api.groq.com",
    "api.minimax.io",
    "api.mistral.ai",
    "api.moonshot.ai",
    "api.moonshot.cn",
    "api.openai.com",
    "api.together.xyz",
    "api.x.ai",
    "api.z.ai",
    "chatgpt.com",
    "cloudcode-pa.googleapis.com",
    "codestral.mistral.ai",
    "dashscope-intl.aliyuncs.com",
    "dashscope.aliyuncs.com",
    "generativelanguage.googleapis.com",
    "githubcopilot.com",
    "open.bigmodel.cn",
    "openrouter.ai",
)
"""Each stands for itself and what is below it (api.individual.githubcopilot.com). Only these are decrypted."""

_LOGINS = ("sk-ant-oat", "eyJ", "ya29.", "tid=", "gho_", "ghu_")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)


def inference(own: Iterable[str] = ()) -> tuple[str, ...]:
    """-> all inference hosts, the user's own among them, sorted. Raises ValueError for what is no host name."""
    names = {name.strip().lower().removeprefix("*.") for name in own}
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} in hosts is no host name; give names like llm.example.com")
    return tuple(sorted(names | set(INFERENCE)))


def below(host: str, names: Iterable[str]) -> bool:
    """-> whether a host is one of the names or below one."""
    host = host.lower().rstrip(".")
    return any(host == name or host.endswith("." + name) for name in names)


def pattern(names: Iterable[str]) -> str:
    """-> the regular expression for `host:port` with which mitmproxy is told what to decrypt."""
    return rf"^(.+\.)?({'|'.join(map(re.escape, names))})\.?:\d+$"


def loopback(authority: str) -> bool:
    """-> whether a Host header names this machine: a page under another name must not reach the listener."""
    return _LOOPBACK.fullmatch(authority.strip()) is not None


def local_origin(origin: str) -> bool:
    """-> whether an Origin header was set by a page of this machine itself."""
    return origin.startswith(("http://", "https://")) and loopback(origin.partition("://")[2])


def upstream_for(path: str, headers: Mapping[str, str]) -> str:
    """-> the provider's origin for a path that came without one, told by path and then by the credential's header."""
    if path.startswith("/v1internal"):
        return "https://cloudcode-pa.googleapis.com"
    if path.startswith(("/v1beta", "/v1alpha")) or "x-goog-api-key" in headers:
        return "https://generativelanguage.googleapis.com"
    if path.startswith("/backend-api/"):
        return "https://chatgpt.com"
    anthropic = path == "/" or path.startswith(("/v1/messages", "/v1/complete", "/api/"))
    if anthropic or "anthropic-version" in headers or "x-api-key" in headers:
        return "https://api.anthropic.com"
    return "https://api.openai.com"


def by_login(headers: Mapping[str, str]) -> bool:
    """-> whether a request comes with a subscription's login and not with an API key, told by the credential's form.

    Claude's login tokens begin with sk-ant-oat; those of ChatGPT, Google and GitHub are JWTs, ya29. and tid= or gho_.
    Nothing of the credential is kept.
    """
    if headers.get("x-api-key") or headers.get("x-goog-api-key"):
        return False
    kind, _, credential = headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and credential.lstrip().startswith(_LOGINS)


def target(url: str) -> tuple[str, str, int, str]:
    """-> scheme, host, port and path prefix of an upstream URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"upstream {url!r} is no URL; give one like https://llm.example.com/v1")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme], parts.path.rstrip("/")
