"""`headroom proxy --port 8787`: the proxy alone, for agents that you point at it yourself."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import click

from headroom_wrap import host, launch, nested, service
from headroom_wrap.agents import Listening, origin_and_path
from headroom_wrap.cli.session import one_of, proxy_options, session_name, summary_printed
from headroom_wrap.proxy.options import Options
from headroom_wrap.refused import Refused
from headroom_wrap.running import proxy
from headroom_wrap.settings import environment, load

PORT = 8787
MODES = ("--daemon", "--stop", "--status", "--unit", "--service")
"""Options of which one at most can be given: each says what is done instead of running the proxy here."""
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
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=None,
    help=f"Port to listen on, {PORT} by default; the next one serves HTTPS_PROXY and must be free too.",
)
@click.option("--upstream", default="", metavar="URL", help="Where all requests go; told by their path by default.")
@click.option("--no-websocket", is_flag=True, help="Refuse WebSockets (426): Codex then uses HTTP at once.")
@click.option("--inject-tool", is_flag=True, help="Offer headroom_retrieve where there is no way back, and answer it.")
@click.option("--daemon", is_flag=True, help="Run it in the background; it stays until --stop.")
@click.option("--stop", is_flag=True, help="End the one in the background.")
@click.option("--status", is_flag=True, help="Say whether one runs in the background (exit code 3: none).")
@click.option("--unit", type=click.Choice(tuple(service.UNITS)), help="Print a unit that runs it at login.")
@click.option("--service", "serves", is_flag=True, help="Run as the service, in the foreground: what a unit starts.")
def command(port: int | None, upstream: str, no_websocket: bool, unit: str | None, **wish: bool) -> None:
    """Run the proxy on 127.0.0.1 until Ctrl-C, and say how to point agents at it."""
    one_of(MODES, {f"--{name}" for name, on in (*wish.items(), ("service", wish["serves"]), ("unit", unit)) if on})
    settings = load()
    given = nested.outside(environment())
    upstream = upstream or settings.upstream
    if upstream:
        origin_and_path(upstream)
    port = (settings.port or PORT) if port is None else port
    words = ["--port", str(port), *(["--upstream", upstream] if upstream else [])]
    words += ["--no-websocket"] if no_websocket else []
    words += ["--inject-tool"] if wish["inject_tool"] else []
    if unit:
        place = launch.private_commands(settings.home) / host.script("headroom", ())[0]
        click.echo(service.UNITS[unit]([str(place), "proxy", "--service", *words], settings.home), nl=False)
    elif wish["stop"]:
        stopped(settings.home)
    elif wish["status"]:
        told(settings.home)
    elif wish["daemon"]:
        started = service.start(settings.home, words, given)
        click.echo(directions(started.listening, "headroom proxy --stop ends it", started.pid))
    else:
        options = proxy_options(settings, given, session="" if wish["serves"] else session_name())
        options = replace(options, agent="" if wish["serves"] else "proxy", upstream=upstream, base_port=port)
        options = replace(options, websocket=not no_websocket, idle_exit=settings.idle_exit)
        options = replace(options, inject_tool=wish["inject_tool"] or settings.inject_tool)
        serve(replace(options, connect_port=port + 1 if 0 < port < 65535 else 0), given, wish["serves"])


def serve(options: Options, given: Mapping[str, str], serves: bool) -> None:
    """Run the proxy until Ctrl-C, until nobody uses it, or until it dies again and again (exit code 1)."""
    reachable = shutil.which("headroom", path=given.get("PATH")) is not None
    if options.way_back == "auto" and not reachable:
        options = replace(options, way_back="mcp")  # a shell without the command is no way back
    with proxy(options, given) as running, contextlib.ExitStack() as meanwhile:
        over = meanwhile.enter_context(interrupted())
        meanwhile.enter_context(running.watched(over))
        if serves:
            meanwhile.enter_context(service.record(Path(options.home), running.listening))
        else:
            click.echo(directions(running.listening))
            click.echo(GIVES_BACK if reachable else OFFERS if options.inject_tool else KEEPS_ALL)
        over.wait()
    if not serves:
        summary_printed(options)
    if running.given_up:
        raise Refused("the proxy ends again and again", running.falls[-1], "please report it")


def stopped(home: Path) -> None:
    """End the service, and say so."""
    ended = service.stop(home)
    done = f"Stopped the proxy on port {ended.base} (pid {ended.pid})." if ended else "No proxy ran in the background."
    click.echo(done)


def told(home: Path) -> None:
    """Say whether the service runs, since when and where; exit code 3 where none does."""
    runs = service.found(home)
    if runs is None:
        click.echo("No proxy runs in the background; headroom proxy --daemon starts one.")
        sys.exit(3)
    minutes = int(time.time() - runs.since) // 60
    click.echo(f"Running for {minutes // 60} h {minutes % 60} min: pid {runs.pid}, http://127.0.0.1:{runs.base}")


def directions(listening: Listening, end: str = "Ctrl-C ends it", pid: int = 0) -> str:
    """-> how to point agents at the proxy, as commands to copy."""
    base, connect = f"http://127.0.0.1:{listening.base}", f"http://127.0.0.1:{listening.connect}"
    return f"""\
Headroom listens on {base}{f" (pid {pid})" if pid else ""}. {end}. Point agents at it:

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
    caught = host.heeded("SIGINT", "SIGTERM", "SIGHUP")
    before = {number: signal.signal(number, lambda *_: over.set()) for number in caught}
    try:
        yield over
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
