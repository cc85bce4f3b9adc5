"""A run's settings in, the proxy's options out; its name in, its summary printed; a name's beginning in, whose out."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from headroom_wrap.launch import Title, chained
from headroom_wrap.ledger import Ledger
from headroom_wrap.proxy.options import Options
from headroom_wrap.refused import Refused
from headroom_wrap.settings import DEFAULT, Settings
from headroom_wrap.store import Unavailable
from headroom_wrap.store.database import NAME

NAMED = 5
"""Sessions that are named where the beginning of an id is that of several."""
EMPTY = "run `headroom wrap claude` first"


def session_name() -> str:
    """-> a name for this run: when it began, and a few letters."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"


def session_called(home: Path, start: str) -> str:
    """-> the one session whose name begins so. Raises Refused where none or several do."""
    with closing(Ledger(home)) as ledger:
        found, latest = ledger.sessions(start, NAMED + 1), ledger.latest()
    if start in found or len(found) == 1:
        return found[0]
    if found:
        mend = f"say which: {', '.join(found[:NAMED])}"
        more = ", …; headroom stats --sessions lists them" if len(found) > NAMED else ""
        raise Refused(f"session {start}", "several begin so", mend + more)
    mend = f"the latest is {latest}, headroom stats --sessions lists all" if latest else EMPTY
    raise Refused(f"session {start}", "not in the ledger", mend)


def one_of(alternatives: Sequence[str], given: Collection[str]) -> None:
    """Raise UsageError where more than one of these options is given."""
    found = [option for option in alternatives if option in given]
    if len(found) > 1:
        raise click.UsageError(f"{' and '.join(found)} exclude each other; give one of them")


def proxy_options(settings: Settings, environment: Mapping[str, str], session: str) -> Options:
    """-> how the proxy is to run: as the settings say, and through the proxy and with the roots the user has."""
    if settings.compressors:
        from headroom_wrap.route import policy  # noqa: PLC0415 - loads them all, 0.3 s; in a worker it would be too late

        policy(settings)
    options = Options(
        home=str(settings.home),
        session=session,
        project=Path.cwd().name,
        upstream=settings.upstream,
        upstream_proxy=settings.upstream_proxy,
        hosts=settings.hosts,
        base_port=settings.port,
        enabled=settings.enabled,
        way_back=settings.way_back,
        stop_after=settings.stop_after,
        floor=settings.floor,
        compressors=settings.compressors,
        skip_tools=settings.skip_tools,
        holdout=settings.holdout,
        keep_days=settings.keep_days,
        keep_bytes=settings.keep_bytes,
        lossless=learnt(settings.home),
    )
    options = chained(options, environment)
    return ordered(options, settings) if settings.scorer else options


def ordered(options: Options, settings: Settings) -> Options:
    """-> the options with the folder of the user's scorer, looked up once for the run, and with the time that it needs
    where the user has set none. Raises Refused for a scorer that can't be used."""
    from headroom_wrap.kompress import hub, scorer  # noqa: PLC0415 - only for who has set one

    folder = hub.found(settings.scorer).folder
    stop = scorer.STOP_AFTER if settings.origin("stop_after") == DEFAULT else settings.stop_after
    return replace(options, scorer=str(folder), stop_after=stop, backstop=scorer.BACKSTOP)


def learnt(home: Path) -> tuple[str, ...]:
    """-> what past runs have taught, read once: all of this run leaves out the same. Nothing where it is unreadable."""
    if not (home / NAME).exists():
        return ()
    ledger = Ledger(home)
    try:
        return tuple(sorted(f"{compressor} {tool}" for compressor, tool in ledger.lossless()))
    except Unavailable:
        return ()
    finally:
        ledger.close()


def title_for(options: Options) -> Title:
    """-> what says in a few words what this session saved, for the terminal's title."""

    def title() -> str:
        from headroom_wrap.dashboard.summary import live_line  # noqa: PLC0415 - rich, once the agent runs

        return live_line(Path(options.home), options.session)

    return title


def summary_printed(options: Options, quiet: bool = False) -> None:
    """Print what the session saved, on stderr: an agent's own output may be piped. `quiet`: only on a terminal, and
    only where requests passed, so that `claude --version` looks as without us."""
    if quiet and not (sys.stderr.isatty() and Ledger(Path(options.home)).totals(session=options.session)):
        return
    from headroom_wrap.cli.output import console  # noqa: PLC0415 - rich, after the agent has ended
    from headroom_wrap.dashboard.summary import summary  # noqa: PLC0415

    if not options.enabled:
        click.echo("headroom is switched off (enabled = false): every request passed unchanged.", err=True)
        return
    console(sys.stderr).print(summary(Path(options.home), options.session))
