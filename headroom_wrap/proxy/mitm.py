"""The five things of mitmproxy that are not as we need them, changed in one place; versions 11.0 and 12.2.

- `mitmproxy.addons` imports all its addons: 543 instead of 863 modules, 54 instead of 70 MB without (measured).
- QUIC, which we never speak, imports `service_identity` to verify servers by it: 0.04 s of processor time without.
- Its own errors are HTML pages: agents show the first line of them. Ours are JSON in the shape that the wires share.
- An error while connecting doesn't say to where.
- A changed WebSocket message is cut into 4,000-byte frames, each decoded alone: that breaks a character that stands
  across the cut. Ours leave in one frame.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from typing import Any

MEND = "check the network, HTTPS_PROXY and headroom's upstream"
"""What to do about a provider that doesn't answer."""


def import_lean() -> None:
    """Make `mitmproxy.addons` and QUIC import only what we need; before anything else of mitmproxy is imported.

    Should anything verify a certificate with what stands in for `service_identity`, it raises AttributeError.
    """
    sys.modules.setdefault("service_identity", types.ModuleType("service_identity"))
    spec = importlib.util.find_spec("mitmproxy")
    if spec and spec.submodule_search_locations and "mitmproxy.addons" not in sys.modules:
        package = types.ModuleType("mitmproxy.addons")
        package.__path__ = [f"{place}/addons" for place in spec.submodule_search_locations]
        sys.modules[package.__name__] = package


def error_body(status: int, message: str) -> bytes:
    """-> an error that the Anthropic, OpenAI and Gemini clients all read: one object `error` with a message."""
    text = f"headroom proxy: {' '.join(message.split())}"
    error = {"type": "api_error", "message": text, "code": status, "status": "UNAVAILABLE", "param": None}
    return json.dumps({"type": "error", "error": error}).encode()


def adapt() -> None:
    """Change what is said above; after the import, before the first connection."""
    from mitmproxy import http  # noqa: PLC0415
    from mitmproxy.net.http import http1  # noqa: PLC0415
    from mitmproxy.proxy.layers import websocket  # noqa: PLC0415
    from mitmproxy.proxy.layers.http import HttpStream, _http1, _http2  # noqa: PLC0415
    from mitmproxy.proxy.layers.http._events import ResponseProtocolError  # noqa: PLC0415

    def response(status_code: int, message: str = "") -> bytes:
        headers = http.Headers(Connection="close", Content_Type="application/json")
        made = http.Response.make(status_code, error_body(status_code, message), headers)
        return bytes(http1.assemble_response(made))  # type: ignore[no-untyped-call]

    protocol_error = HttpStream.handle_protocol_error

    def unanswered(stream: HttpStream, event: Any) -> Any:
        if isinstance(event, ResponseProtocolError) and not stream.flow.response:
            event.message = f"{stream.flow.request.host} can't be reached: {event.message}; {MEND}"
        return protocol_error(stream, event)

    HttpStream.handle_protocol_error = unanswered  # type: ignore[assignment,method-assign]
    _http1.make_error_response = response
    _http2.format_error = error_body  # type: ignore[attr-defined,assignment]
    websocket.Fragmentizer.FRAGMENT_SIZE = sys.maxsize
