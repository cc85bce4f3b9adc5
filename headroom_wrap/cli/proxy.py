"""`headroom proxy --port 8787`: the proxy alone, for agents that you point at it yourself."""

from __future__ import annotations

import contextlib
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import click

from headroom_wrap import launch
from headroom_wrap.agents import Listening, origin_and_path
from headroom_wrap.cli.session import proxy_options, session_name, summary_printed
from headroom_wrap.settings import environment, load

PORT = 8787
GIVES_BACK = """\
What is left out is printed by `headroom get`; allow it where an agent asks:
  Claude Code   --allowedTools "Bash(headroom get:*)"
"""
OFFERS = """\
Requests with tools and no other way back are offered `headroom_retrieve`, and its calls are answered here.
"""
KEEPS_ALL = """\
No `headroom` is on the PATH, so nothing is left out, only written shorter.
Put it there, or set HEADROOM_WAY_BACK=shell if the agents have it.
"""


@click.command("proxy")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help=f"Port to listen on; {PORT} by default.")
@click.option("--upstream", default="", metavar="URL", help="Where all requests go; told by their path by default.")
@click.option("--no-websocket", is_flag=True, help="Refuse WebSockets (426): Codex then uses HTTP at once.")
@click.option("--inject-tool", is_flag=True, help="Offer headroom_retrieve where there is no way back, and answer it.")
def command(port: int | None, upstream: str, no_websocket: bool, inject_tool: bool) -> None:
    """Run the proxy on 127.0.0.1 until Ctrl-C, and say how to point agents at it."""
    settings = load()
    given = environment()
    options = proxy_options(settings, given, session=session_name())
    upstream = upstream or settings.upstream
    if upstream:
        origin_and_path(upstream)
    port = (settings.port or PORT) if port is None else port
    options = replace(options, agent="proxy", upstream=upstream, base_port=port, websocket=not no_websocket)
    options = replace(options, inject_tool=inject_tool or settings.inject_tool)
    reachable = shutil.which("headroom", path=given.get("PATH")) is not None
    if options.way_back == "auto" and not reachable:
        options = replace(options, way_back="mcp")  # a shell without the command is no way back
    with interrupted() as over, launch.proxy(options, given) as listening:
        click.echo(directions(listening))
        click.echo(GIVES_BACK if reachable else OFFERS if options.inject_tool else KEEPS_ALL)
        over.wait()
    summary_printed(options)


def directions(listening: Listening) -> str:
    """-> how to point agents at the proxy, as commands to copy."""
    base, connect = f"http://127.0.0.1:{listening.base}", f"http://127.0.0.1:{listening.connect}"
    return f"""\
Headroom listens on {base}. Ctrl-C ends it. Point agents at it:

  Claude Code   ANTHROPIC_BASE_URL={base} ENABLE_TOOL_SEARCH=true claude
  Codex         codex -c openai_base_url="{base}/v1"
  Gemini CLI    GOOGLE_GEMINI_BASE_URL={base} gemini
  OpenAI SDK    OPENAI_BASE_URL={base}/v1
  Anthropic SDK ANTHROPIC_BASE_URL={base}
  anything else HTTPS_PROXY={connect}
                SSL_CERT_FILE={listening.ca}
"""


@contextlib.contextmanager
def interrupted() -> Iterator[threading.Event]:
    """-> an event that is set at Ctrl-C, SIGTERM and SIGHUP while the block runs."""
    over = threading.Event()
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: over.set()) for number in caught}
    try:
        yield over
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
