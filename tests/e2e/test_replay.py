"""The logs that real agents write are the ones that `headroom replay` reads."""

from __future__ import annotations

import json

import pytest

from headroom_wrap.demo.upstream import Upstream
from headroom_wrap.replay import claude, codex
from headroom_wrap.replay.run import Logs

from .conftest import World, big_json

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize(
    ("logs", "arguments"),
    [
        (claude, ("-p", "Look at it.", "--allowedTools", "Bash,Read,Grep")),
        (codex, ("exec", "--skip-git-repo-check", "Look at it.")),
    ],
    ids=["claude", "codex"],
)
def test_the_log_of_a_real_agent_gives_back_its_requests(world: World, logs: Logs, arguments: tuple[str, ...]) -> None:
    with Upstream(world.script()) as upstream:
        ran = world.wrap(upstream, logs.AGENT, *arguments)
    assert ran.code == 0, ran.err
    (log,) = logs.files(world.home, world.environment())
    (found,) = logs.conversations(log)
    assert json.dumps(big_json())[1:-1] in json.dumps(found.items)
    assert len(found.requests) == len(world.script())
    assert all(request.counted and request.at and request.model for request in found.requests)
