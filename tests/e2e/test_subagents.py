"""Claude Code with a subagent: two conversations of one process, each with a prefix that holds, and one session."""

from __future__ import annotations

import json
import os
import re

import pytest

from headroom_wrap.demo.script import Step, read, run, say, use
from headroom_wrap.demo.upstream import Received, Upstream
from headroom_wrap.ledger import Ledger

from .compared import changes, sent_again
from .conftest import Ran, World
from .hop import listening_pids

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ASKED = "Why did job 211 fail, and which worker lost its connection?"
TOOLS = ("--allowedTools", "Agent,Bash,Read,Grep")
BEGINS = "Find out about the lost job."
FINDINGS = [
    "Job 211 failed because worker 3 lost its connection while it wrote the result.",
    "The worker had been idle for nine seconds before that job was given to it.",
    "No other worker lost a connection on that day, as far as the log goes back.",
    "The handlers in app.py add up latencies and never close what they were given.",
]
REPORT = "\n\n".join(" ".join(f"{number}. {each}" for each in FINDINGS) for number in range(1, 7))
"""In prose, under a question: of a page that was fetched to answer it, more than half would go."""


def delegates(**more: object) -> Step:
    return use("Agent", description="Look at the log", prompt=BEGINS, **more)


def wrapped(world: World, parent: list[Step], child: list[Step], *arguments: str) -> Ran:
    with Upstream(parent, others={BEGINS: child}) as upstream:
        ran = world.wrap(upstream, "claude", "-p", ASKED, *TOOLS, *arguments)
    assert (ran.code, ran.out.strip()) == (0, "All done."), ran.err
    assert changes(ran.sent, ran.received)
    assert listening_pids(str(world.folder)) == []
    return ran


def of_child(request: Received) -> bool:
    return request.header("x-claude-code-agent-id") != ""


def results(requests: list[Received]) -> list[str]:
    """-> the texts of all results in the last of these requests, as the provider got them."""
    blocks = [block for message in requests[-1].json()["messages"] for block in message["content"]]
    found = [block["content"] for block in blocks if isinstance(block, dict) and block["type"] == "tool_result"]
    return [text if isinstance(text, str) else "".join(part["text"] for part in text) for text in found]


def both(ran: Ran) -> tuple[list[Received], list[Received]]:
    """-> the requests of the parent and those of the subagent."""
    return [each for each in ran.received if not of_child(each)], [each for each in ran.received if of_child(each)]


def looks(world: World, *more: Step) -> list[Step]:
    return [read(str(world.project / "src" / "app.py")), run("cat build.log"), *more, say(REPORT)]


def assert_one_session(world: World, results: int) -> None:
    """All results stand in the ledger once, in two conversations of one session."""
    ledger = Ledger(world.folder / "headroom")
    (session,) = ledger.sessions("", 9)
    turns = ledger.turns(session)
    ledger.close()
    assert len({turn.conversation for turn in turns}) == 2
    assert sum(len(turn.sent) for turn in turns) == results


def test_a_subagents_report_arrives_whole_and_what_both_read_is_compressed(world: World) -> None:
    """The model does not think aloud: then a lone question at the top has prose pruned by it."""
    world.has({}, {"MAX_THINKING_TOKENS": "0"})
    parent = [delegates(), run("cat big.json"), run("cat build.log"), say("All done.")]
    ran = wrapped(world, parent, looks(world))

    above, below = both(ran)
    assert REPORT in results(above)[0]
    assert all("folded" in text for text in (results(below)[1], *results(above)[1:]))
    assert len(sent_again((ran.sent, ran.received))) >= 2
    assert_one_session(world, 6)


def test_a_subagent_in_the_background_and_its_parent_do_not_move_each_others_prefix(world: World) -> None:
    """They wait for each other at two pipes, so that each is asked while the other's conversation goes on."""
    for name in ("down", "up"):
        os.mkfifo(world.project / name)
    above = [run("cat big.json; echo go > down"), run("cat build.log; read -r word < up"), say("All done.")]
    below = [run("cat build.log; read -r word < down"), run("cat big.json; echo go > up")]
    ran = wrapped(world, [delegates(run_in_background=True), *above], looks(world, *below))

    order = "".join("c" if of_child(request) else "p" for request in ran.received)
    assert order.count("cp") >= 2
    assert json.dumps(REPORT)[1:-1] in both(ran)[0][-1].body.decode()
    assert len(sent_again((ran.sent, ran.received))) >= 4
    assert_one_session(world, 7)


def test_of_a_subagent_without_a_shell_nothing_is_left_out(world: World) -> None:
    """Its parent's way back is not its own: only forms that lose nothing."""
    reader = {"reader": {"description": "Reads.", "prompt": "You read.", "tools": ["Read", "Grep"]}}
    parent = [delegates(subagent_type="reader"), run("cat build.log"), say("All done.")]
    child = [read(str(world.project / "build.log")), read(str(world.project / "src" / "app.py")), say(REPORT)]
    ran = wrapped(world, parent, child, "--agents", json.dumps(reader))

    above, below = both(ran)
    assert not re.search("headroom|folded", "".join(results(below)))
    assert any("[every 10th line" in text for text in results(below))
    assert "folded" in results(above)[-1]
