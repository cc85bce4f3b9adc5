"""A user's installation in; what was checked, what is wrong and how to mend it, out. Nothing is changed here.

Each check is a function from a `Patient` to findings; `CHECKS` has them in order. A finding may bring the call that
mends it, where that is safe: what belongs to others is only named.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from headroom_wrap import journal, nested, service, shim
from headroom_wrap.agents import Agent
from headroom_wrap.launch import found
from headroom_wrap.ledger import Ledger
from headroom_wrap.prices import BadPrices
from headroom_wrap.proxy.options import Options
from headroom_wrap.refused import Refused, reason
from headroom_wrap.store import Unavailable, unavailable
from headroom_wrap.store.database import NAME
from headroom_wrap.trial import tried

State = Literal["ok", "note", "wrong"]
VERSION_SECONDS = 60.0
AT_ONCE = 2
SLOW = "?"
SPACE = 200_000_000
WEEK = 7 * 86400.0
OTHERS = re.compile(r"\b(rtk|llmtrim|lean-ctx|caveman|claude-code-router|ccr|headroom)\b", re.I)
BASE_URLS = ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "COPILOT_API_URL")
START_FILES = (".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".zprofile", ".config/fish/config.fish")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says. `mend` is for the user; `fix` does it, where that is safe."""

    about: str
    state: State
    says: str
    mend: str = ""
    fix: Callable[[], object] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: the agents, the user's environment and home, our data folder, how the proxy would run."""

    agents: Sequence[Agent]
    environment: Mapping[str, str]
    home: Path
    options: Options

    @property
    def user(self) -> Path:
        """-> the user's home folder."""
        return Path(self.environment.get("HOME") or Path.home())


def agents(patient: Patient) -> Iterator[Finding]:
    """-> each installed agent with its version, beside the one that the tests run."""
    missing = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        versions = pool.map(lambda agent: version(agent, patient.environment), patient.agents)
        for agent, said in zip(patient.agents, versions, strict=True):
            if said is None:
                missing.append(agent.name)
            else:
                yield _agent(agent, said)
    if len(missing) == len(patient.agents):
        mend = "; ".join(agent.install for agent in patient.agents[:2])
        yield Finding("agents", "wrong", "none is installed", f"install one: {mend}")
    elif missing:
        yield Finding("agents", "note", f"not installed: {', '.join(missing)}")


def _agent(agent: Agent, said: str) -> Finding:
    """-> what is found of an agent that is installed, by what it `said` its version is."""
    if said == SLOW:
        says = f"did not say its version in {VERSION_SECONDS:.0f} s"
        return Finding(agent.title, "note", says, "is the machine busy?")
    if not said:
        mend = f"run {agent.executable} --version yourself"
        return Finding(agent.title, "wrong", "is installed but does not say its version", mend)
    tested = f"tested with {agent.version}" if agent.version else ""
    return Finding(agent.title, "ok", f"{said}; {tested}" if tested and said != agent.version else said)


def version(agent: Agent, environment: Mapping[str, str]) -> str | None:
    """-> the first number with dots in what `--version` prints, "" where it prints none, SLOW where it takes too long;
    None: not installed."""
    try:
        command = [found(agent, environment), "--version"]
        ran = subprocess.run(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            check=False,
        )
    except Refused:
        return None
    except subprocess.TimeoutExpired:
        return SLOW
    except OSError:
        return ""
    number = re.search(r"\d+\.\d+(?:[\w.-]*\w)?", ran.stdout + ran.stderr)
    return number[0].rstrip(".") if number else ""


def chain(patient: Patient) -> Iterator[Finding]:
    """-> whether the user's own proxy and upstream can be reached."""
    for name, url in (("your proxy", patient.options.upstream_proxy), ("upstream", patient.options.upstream)):
        if not url:
            continue
        mend = "correct HTTPS_PROXY, or upstream and upstream_proxy in the settings"
        address = _address(url if "://" in url else f"http://{url}")
        where = f"{address[0]}:{address[1]}"  # never the credential in it
        if not address[0]:
            yield Finding(name, "wrong", "is no URL with a host and a port", mend)
            continue
        try:
            with socket.create_connection(address, timeout=5):
                yield Finding(name, "ok", f"{where} accepts")
        except OSError as problem:
            yield Finding(name, "wrong", f"{where} can't be reached: {reason(problem)}", mend)


def _address(url: str) -> tuple[str, int]:
    """-> the host and the port of a URL; no host for what is none. What is wrong is not said: it may hold a secret."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or {"http": 80}.get(parts.scheme, 443)
    except ValueError:
        return "", 0


def store(patient: Patient) -> Iterator[Finding]:
    """-> whether the data folder is the user's alone, has space, and its database is whole."""
    home = patient.home
    above = next(folder for folder in (home, *home.parents) if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        why = f"{above} is {'not yours to write to' if above.is_dir() else 'no folder'}"
        yield Finding("store", "wrong", f"{home} can't be used: {why}", "mend that, or set HEADROOM_HOME")
        return
    if above != home:
        yield Finding("store", "ok", f"{home} is made by the first run")
        return
    if home.stat().st_mode & 0o077:
        yield Finding("store", "wrong", f"others can read {home}", f"chmod 700 {home}", lambda: home.chmod(0o700))
    free = shutil.disk_usage(home).free
    if free < SPACE:
        yield Finding("store", "wrong", f"{free / 1e6:,.0f} MB are free at {home}", "headroom purge --older-than 7d")
    try:
        probe = home / ".doctor"
        probe.touch()
        probe.unlink()
        said = _integrity(home / NAME)
    except (OSError, sqlite3.Error) as problem:
        what, _, mend = str(unavailable(home, problem)).rpartition("; ")
        yield Finding("store", "wrong", what, mend)
        return
    if said == "ok":
        yield Finding("store", "ok", f"{home}, whole and writable, {free / 1e9:,.0f} GB free")
    else:
        mend = "the next run sets it aside and begins a new one; originals stay"
        yield Finding("store", "wrong", f"{home / NAME} is damaged: {said}", mend)


def _integrity(file: Path) -> str:
    if not file.exists():
        return "ok"
    connection = sqlite3.connect(file.as_uri() + "?mode=ro", uri=True, timeout=3)
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as problem:
        return str(problem)
    finally:
        connection.close()


def ledger(patient: Patient) -> Iterator[Finding]:
    """-> whether the ledger can be read, and its alarms of the last seven days."""
    if not (patient.home / NAME).exists():
        return
    rows = Ledger(patient.home)
    try:
        alarms = rows.alarms(time.time() - WEEK)
    except (Unavailable, BadPrices) as problem:
        what, _, mend = str(problem).rpartition("; ")
        yield Finding("ledger", "wrong", what, mend)
        return
    finally:
        rows.close()
    for alarm in alarms:
        yield Finding("ledger", "wrong", alarm, "headroom stats shows why; report it where the reason is ours")
    if not alarms:
        yield Finding("ledger", "ok", "no alarm in 7 days")


def others(patient: Patient) -> Iterator[Finding]:
    """-> what other tools have left where agents read it: hooks and base URLs; theirs to remove, not ours."""
    folder = Path(patient.environment.get("CLAUDE_CONFIG_DIR") or patient.user / ".claude")
    for name in ("settings.json", "settings.local.json"):
        yield from _claude_settings(folder / name)
    codex = Path(patient.environment.get("CODEX_HOME") or patient.user / ".codex") / "config.toml"
    for number, line in _lines(codex):
        if re.match(r"\s*(openai_)?base_url\s*=", line) and (url := _local(line)):
            yield _foreign(f"{codex}:{number}", url)
    for name in START_FILES:
        for number, line in _lines(patient.user / name):
            if any(variable in line for variable in BASE_URLS) and (url := _local(line)):
                yield _foreign(f"{patient.user / name}:{number}", url)
    outside = nested.outside(patient.environment)
    for variable in BASE_URLS:
        if url := _local(outside.get(variable, "")):
            yield _foreign(variable, url)


def _claude_settings(file: Path) -> Iterator[Finding]:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        variables, hooks = settings.get("env") or {}, json.dumps(settings.get("hooks") or {})
    except (OSError, ValueError, AttributeError):
        return
    if isinstance(variables, dict) and (url := _local(str(variables.get(BASE_URLS[0], "")))):
        yield _foreign(f"{file} (env.{BASE_URLS[0]})", url)
    for tool in sorted({match.lower() for match in OTHERS.findall(hooks)}):
        says = f"{file} has a hook of {tool}: it changes commands or results before headroom sees them"
        yield Finding("others", "note", says, "keep one of the two; remove it with its own uninstall")


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    yield from enumerate((line for line in text.splitlines()), 1)


def _local(text: str) -> str:
    """-> an address of this machine in a text."""
    match = re.search(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", text)
    return match[0] if match else ""


def _foreign(where: str, url: str) -> Finding:
    """-> a base URL on this machine: another proxy; wrong where nobody listens there."""
    try:
        with socket.create_connection(_address(url), timeout=2):
            return Finding("others", "note", f"{where} leads to another proxy, {url}", "wrap chains to it")
    except OSError:
        mend = "remove it: the agent reaches nobody"
        return Finding("others", "wrong", f"{where} leads to {url}, where nobody listens", mend)


def leftovers(patient: Patient) -> Iterator[Finding]:
    """-> changes of ours that stand in other people's files, shims, and the service; what is broken of them."""
    for name, entry in journal.entries(patient.home).items():
        yield _journalled(patient.home, name, entry)
    for each in shim.installed(patient.agents, patient.home, patient.environment):
        command = each.agent.executable
        if each.works:
            yield Finding("shims", "ok", f"{command} is wrapped")
        else:
            mend = f"headroom shim install --rc {each.agent.name}"
            yield Finding("shims", "wrong", f"{command} runs {each.runs or 'nothing'}", mend)
    recorded = service.recorded(patient.home)
    if recorded and recorded.runs:
        yield Finding("service", "ok", f"runs on port {recorded.base} (pid {recorded.pid})")
    elif recorded:
        clear = (patient.home / service.STATE).unlink
        yield Finding("service", "wrong", "was ended from outside", "headroom proxy --daemon, or --stop", clear)


def _journalled(home: Path, name: str, entry: journal.Entry) -> Finding:
    try:
        state = entry.state
    except Refused as problem:
        return Finding("journal", "wrong", str(problem), "")
    forget = partial(journal.forget, home, name)
    if state == "taken out":
        return Finding("journal", "wrong", f"{entry.file} no longer has our lines ({name})", "forget it", forget)
    if state == "lost":
        says = f"{entry.file} was rewritten since {name}: our lines can't be told in it"
        return Finding("journal", "note", says, "uninstall finds ours by name, or remove it yourself")
    return Finding("journal", "ok", f"{name} stands in {entry.file}")


def way(patient: Patient) -> Iterator[Finding]:
    """-> whether a real request gets through a proxy compressed, and TLS behind CONNECT is trusted."""
    try:
        came = tried(patient.options, nested.outside(patient.environment))
    except Refused as problem:
        yield Finding("route", "wrong", f"{problem.what}: {problem.why}", problem.mend)
        return
    except (OSError, http.client.HTTPException, StopIteration) as problem:
        yield Finding("route", "wrong", f"the proxy did not answer: {reason(problem)}", "headroom demo shows more")
        return
    says = f"a request went through the proxy to a stub, {came.before:,} → {came.after:,} tokens"
    if came.after < came.before:
        yield Finding("route", "ok", says)
    else:
        yield Finding("route", "wrong", f"{says}: nothing was compressed", "headroom demo shows more; please report it")
    if came.tls:
        mend = "delete the ca folder in the data folder: the next run makes a new one"
        yield Finding("certificate", "wrong", came.tls, mend)
    else:
        yield Finding("certificate", "ok", "trusted with the bundle that agents get")


def authority(patient: Patient) -> Iterator[Finding]:
    """-> whether the keys of the local authority are the user's alone."""
    for key in (patient.home / "ca").glob("*/mitmproxy-ca.pem"):
        if key.stat().st_mode & 0o077:
            yield Finding(
                "certificate", "wrong", f"others can read {key}", f"chmod 600 {key}", partial(key.chmod, 0o600)
            )


def chosen(patient: Patient) -> Iterator[Finding]:
    """-> settings with which nothing is compressed."""
    if not patient.options.enabled:
        yield Finding("settings", "note", "enabled is off: everything passes unchanged", "set HEADROOM_ENABLED=1")


CHECKS: Sequence[Callable[[Patient], Iterator[Finding]]] = (
    agents,
    chosen,
    way,
    authority,
    chain,
    store,
    ledger,
    others,
    leftovers,
)


def examined(patient: Patient) -> Iterator[Finding]:
    """-> the findings of all checks, as they come."""
    for check in CHECKS:
        yield from check(patient)
