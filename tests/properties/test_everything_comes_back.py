"""Promise: every reference resolves to the exact original, from any process, also after kill -9."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings

from headroom_wrap.rewrite import rewrite
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import Wire
from tests.properties.captured import captured, every_capture
from tests.properties.promises import everything_comes_back
from tests.strategies import LONG, Style, Turn, body, conversations, styles, wires

ROOT = Path(__file__).parents[2]
CHILD = """
import json, os, signal, sys
from pathlib import Path
from headroom_wrap.rewrite import rewrite
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import anthropic
from tests.strategies import LONG, POLICY, body
made = rewrite(body(anthropic, [LONG]), anthropic, LocalStore.open(Path(sys.argv[1])), POLICY)
print(json.dumps([outcome.ref for outcome in made.outcomes if outcome.text is not None]), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@given(conversations(), wires, styles)
@settings(max_examples=25, derandomize=True, deadline=None)
def test_every_reference_that_is_sent_gives_the_exact_text(conversation: list[Turn], wire: Wire, style: Style) -> None:
    assert everything_comes_back(rewrite, body(wire, conversation, style), wire) >= 1


def test_what_a_killed_process_sent_can_be_fetched_by_another(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert [LocalStore.open(tmp_path).restore(ref) for ref in json.loads(ran.stdout)] == [LONG.result]


@every_capture
def test_what_real_agents_were_not_shown_comes_back(agent: str) -> None:
    assert sum(everything_comes_back(rewrite, came, wire) for came, wire in captured(agent)) >= 1
