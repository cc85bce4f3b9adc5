"""Real agents that put a summary in the place of their history: what follows leans on nothing that is gone with it."""

from __future__ import annotations

import pytest

from headroom_wrap.demo.script import read, run, say
from headroom_wrap.demo.upstream import Upstream

from .compared import changes, sent_again, turns
from .conftest import Ran, World
from .hop import listening_pids

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TOOLS = ("--allowedTools", "Bash,Read,Grep")
CODEX = ("exec", "--skip-git-repo-check", "--sandbox", "read-only")
LIMIT = 22_000
"""Tokens above which Codex compacts: about half way between what it counts before and after the big file is read."""

LEANS = "above]"
"""How a reference to an earlier result ends."""


def results(ran: Ran) -> list[str]:
    """-> each turn of a run that holds a result, once, as the provider got it."""
    arrived = dict.fromkeys(turn for request in ran.received for turn in turns(request.body))
    return [turn for turn in arrived if '"tool_result"' in turn or '_call_output"' in turn]


def test_after_claude_codes_compact_nothing_refers_to_what_it_took_away(world: World) -> None:
    """The request for the summary still has the whole prefix; its prompt is a further block of the last result."""
    app = str(world.project / "src" / "app.py")
    before = [read(app), run("cat src/app.py"), run("cat build.log"), say("The sum of it.")]
    after = [run("cat src/app.py"), read(app), run("cat build.log"), say("All done.")]
    prompts = ("Look at it.", "/compact", "And now?")
    with Upstream(before, others={"The sum of it.": after}) as upstream:
        first, compacting, then = (
            world.wrap(upstream, "claude", *(["--continue"] if number else []), "-p", prompt, *TOOLS)
            for number, prompt in enumerate(prompts)
        )

    assert all(changes(ran.sent, ran.received) for ran in (first, compacting, then))
    assert [LEANS in text for text in results(first)] == [False, True, False]
    pairs = zip(results(first), results(compacting), strict=True)
    assert all(last.startswith(turn.removesuffix("]}")) for turn, last in pairs)
    assert [LEANS in text for text in results(then)] == [False, True, False]
    assert sent_again((then.sent, then.received))
    assert (then.out.strip(), listening_pids(str(world.folder))) == ("All done.", [])


def test_after_codex_has_compacted_by_itself_nothing_refers_to_what_it_took_away(world: World) -> None:
    """The provider keeps the summary in one item; the requests after it stand on a chain of their own."""
    look, again = run("head -120 src/app.py"), run("head -120 ./src/app.py")
    before, after = [look, again, run("cat big.json"), say("Too late.")], [again, look, say("All done.")]
    with Upstream(before, others={'"compaction"': after}) as upstream:
        ran = world.wrap(upstream, "codex", *CODEX, "-c", f"model_auto_compact_token_limit={LIMIT}", "Look at it.")

    assert (ran.code, ran.out.strip()) == (0, "All done."), ran.err
    assert changes(ran.sent, ran.received)
    assert sum(b"compaction_trigger" in body for body in ran.sent) == 1
    assert [LEANS in text for text in results(ran)] == [False, True, False, False, True]
    assert listening_pids(str(world.folder)) == []
