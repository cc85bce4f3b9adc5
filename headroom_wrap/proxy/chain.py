"""The user's own proxy: its URL in, `via` and the credential on the flows that must go through it out."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Literal
from urllib.parse import unquote, urlsplit

from mitmproxy import http
from mitmproxy.net.server_spec import ServerSpec

from headroom_wrap.proxy import hosts


class Chain:
    """Chains to a proxy `http://user:password@host:port`, except for `no_proxy` hosts. Raises ValueError for others."""

    def __init__(self, url: str, no_proxy: Iterable[str] = ()) -> None:
        self.via: ServerSpec | None = None
        self.mode = "regular"
        self._authorization = ""
        self._except = tuple(name.strip().lstrip("*.").lower() for name in no_proxy if name.strip())
        if url:
            self._read(url if "://" in url else f"http://{url}")

    def _read(self, url: str) -> None:
        wrong = ValueError("the upstream proxy is no http:// or https:// URL; give one like http://proxy.example:3128")
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80}.get(parts.scheme, 443)
        except ValueError:  # its words would quote a password that holds a slash
            raise wrong from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise wrong
        scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
        self.via = (scheme, (parts.hostname, port))
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.mode = f"upstream:{scheme}://{host}:{port}"
        if parts.username:
            secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._authorization = "Basic " + base64.b64encode(secret.encode()).decode()

    def attach(self, flow: http.HTTPFlow) -> None:
        """Send a request through the proxy, or not."""
        if self.via:
            flow.server_conn.via = None if self._direct(flow.request.host) else self.via

    def authorize(self, flow: http.HTTPFlow) -> None:
        """Add the credential to a CONNECT to the proxy."""
        if self._authorization:
            flow.request.headers["proxy-authorization"] = self._authorization

    def _direct(self, host: str) -> bool:
        return "" in self._except or hosts.below(host, self._except) or hosts.loopback(host)
