"""A session of a real agent that is taken up again after wrapper, proxy and workers have ended: what was sent stays."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest

from headroom_wrap.demo.script import read, run, say
from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.ledger import Ledger
from headroom_wrap.store.local import LocalStore

from .compared import changes, sent_again, turns
from .conftest import Ran, World, log
from .hop import listening_pids

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ID = "6f1f6f0e-4a55-4d3c-9d0e-0a8f5a1c7b11"
TOOLS = ("--allowedTools", "Bash,Read,Grep")
CODEX = ("exec", "--skip-git-repo-check", "--sandbox", "read-only")
FIRST = ("-p", "Look at it.", *TOOLS)
AGAIN = ("--continue", "-p", "And now?", *TOOLS)
REF = re.compile(r"(?:headroom get|headroom_retrieve) ([0-9a-hjkmnp-tv-z]{11,})")


@dataclass(frozen=True)
class Chosen:
    """What a user chose for one run: options of `headroom wrap`, and settings."""

    options: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


def taken_up(
    world: World,
    name: str,
    arguments: tuple[tuple[str, ...], tuple[str, ...]],
    chosen: tuple[Chosen, Chosen] = (Chosen(), Chosen()),
    purge: bool = False,
) -> tuple[Ran, Ran]:
    """-> what came of a session, and of its continuation with a log that was read before and one that was not."""
    given, ran = world.given, []
    script = world.script()
    with Upstream(script) as upstream:
        for run_arguments, wish in zip(arguments, chosen, strict=True):
            world.given = {**given, **wish.settings}
            ran.append(world.wrap(upstream, name, *run_arguments, options=wish.options))
            assert ran[-1].code == 0, ran[-1].err
            assert changes(ran[-1].sent, ran[-1].received)
            assert listening_pids(str(world.folder)) == []
            upstream.script = [*script[:-1], run("cat src/../build.log"), run("cat other.log"), say("All done.")]
            if purge and len(ran) == 1:
                purged(world)
    return ran[0], ran[1]


def purged(world: World) -> None:
    command = [sys.executable, "-m", "headroom_wrap", "purge", "--all", "--yes"]
    subprocess.run(command, env=world.environment(), cwd=world.project, check=True, capture_output=True)


@pytest.fixture(autouse=True)
def other_file(world: World) -> None:
    (world.project / "other.log").write_text(other_log())


def other_log() -> str:
    return "\n".join(f"10:00:{number % 60:02} worker {number % 7} took job {number}" for number in range(500))


def held(first: Ran, again: Ran) -> list[str]:
    """-> the changed results of the first run, after asserting that they stand the same in the second."""
    return sent_again((first.sent, first.received), (again.sent, again.received))


def new(first: Ran, again: Ran) -> list[str]:
    """-> the changed results of the second run that the first run did not have."""
    known = {turn for body in first.sent for turn in turns(body)}
    bodies = zip(again.sent, again.received, strict=True)
    pairs = {pair for sent, got in bodies for pair in zip(turns(sent), turns(got.body), strict=True)}
    return [arrived for sent, arrived in pairs if sent not in {*known, arrived}]


def results(ran: Ran) -> list[str]:
    """-> the results in the last request of a run with Claude Code, as the provider got them."""
    blocks = [block for message in ran.received[-1].json()["messages"] for block in message["content"]]
    return [block["content"] for block in blocks if isinstance(block, dict) and block["type"] == "tool_result"]


def assert_all_come_back(world: World, texts: list[str]) -> None:
    refs = {ref for text in texts for ref in REF.findall(text)}
    store = LocalStore.open(world.folder / "headroom")
    assert refs
    assert all(store.restore(ref) for ref in refs)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("claude", (FIRST, AGAIN)),
        ("claude", (("--session-id", ID, *FIRST), ("--resume", ID, *AGAIN[1:]))),
        ("codex", ((*CODEX, "Look at it."), (*CODEX, "resume", "--last", "And now?"))),
    ],
    ids=["claude --continue", "claude --resume", "codex resume"],
)
def test_what_the_first_run_sent_is_sent_again_and_new_results_are_compressed(
    world: World, name: str, arguments: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    first, again = taken_up(world, name, arguments)

    assert len(held(first, again)) >= 4
    assert len(new(first, again)) == 2


def test_the_provider_reads_the_whole_prompt_of_the_first_run_from_its_cache(world: World) -> None:
    """Where no model is named, Claude Code itself names another one in the system prompt when it goes on."""
    model = ("--model", "claude-sonnet-4-5")
    taken_up(world, "claude", ((*model, *FIRST), (*model, *AGAIN)))

    ledger = Ledger(world.folder / "headroom")
    again, first = (ledger.turns(session) for session in ledger.sessions("", 9))
    ledger.close()
    assert again[0].cache_read == first[-1].prompt
    assert [sent.replayed for sent in again[0].sent] == [True] * 5
    assert [sent.replayed for turn in again[1:] for sent in turn.sent] == [False] * 2


@pytest.mark.parametrize(
    "chosen",
    [
        (Chosen(settings={"HEADROOM_COMPRESSORS": "records"}), Chosen()),
        (Chosen(), Chosen(settings={"HEADROOM_FLOOR": "1000000"})),
        (Chosen(), Chosen(settings={"HEADROOM_WAY_BACK": "none"})),
        (Chosen(("--mcp",)), Chosen()),
    ],
    ids=["fewer compressors first", "a floor then", "no way back then", "--mcp first"],
)
def test_other_settings_decide_what_is_new_and_move_nothing_that_was_sent(
    world: World, chosen: tuple[Chosen, Chosen]
) -> None:
    """As an older version might have decided otherwise."""
    first, again = taken_up(world, "claude", (FIRST, AGAIN), chosen)

    assert held(first, again)
    assert (results(again)[1] == log().strip()) == bool(chosen[0].settings)
    assert (REF.search(results(again)[-1]) is None) == bool(chosen[1].settings)


@pytest.mark.parametrize("settings", [{}, {"HEADROOM_COMPRESSORS": "records"}], ids=["as before", "other settings"])
def test_after_a_purge_everything_that_is_referred_to_can_be_fetched_again(
    world: World, settings: dict[str, str]
) -> None:
    """All is decided anew. That comes to the same, so the prefix holds, unless the settings are others."""
    first, again = taken_up(world, "claude", (FIRST, AGAIN), (Chosen(), Chosen(settings=settings)), purge=True)

    assert_all_come_back(world, results(again))
    assert sent_again((again.sent, again.received))
    with pytest.raises(AssertionError) if settings else nullcontext():
        assert len(held(first, again)) >= 4


def test_a_way_back_that_is_gone_is_not_named_any_more(world: World) -> None:
    """Without a shell, and with our MCP tool in the first run only: the provider's cache is lost with the tool."""
    arguments = tuple((*given, "--tools", "Read,Grep") for given in (FIRST, AGAIN))
    script = [read(str(world.project / "build.log")), say("All done.")]
    with Upstream(script) as upstream:
        first = world.wrap(upstream, "claude", *arguments[0], options=("--mcp",))
        again = world.wrap(upstream, "claude", *arguments[1])

    assert changes(first.sent, first.received)
    assert "headroom_retrieve" in results(first)[0]
    changes(again.sent, again.received)
    assert not REF.search(results(again)[0])
