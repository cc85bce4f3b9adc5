"""What a worker's reply says of a request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headroom_wrap.proxy.frames import Frame
from headroom_wrap.proxy.options import Options
from headroom_wrap.proxy.worker import Answers
from headroom_wrap.store.local import LocalStore

ASKED = [{"role": "user", "parts": [{"text": "hi"}]}]


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/v1beta/models/gemini-3.1-pro:streamGenerateContent?alt=sse", {"contents": ASKED}, "gemini-3.1-pro"),
        ("/v1internal:generateContent", {"model": "gemini-3.1-pro", "request": {"contents": ASKED}}, "gemini-3.1-pro"),
        ("/v1/messages", {"model": "claude-x", "messages": []}, "claude-x"),
    ],
)
def test_the_model_is_named_wherever_the_provider_has_it_named(
    path: str, body: dict[str, object], model: str, tmp_path: Path
) -> None:
    answers = Answers(Options(str(tmp_path)), LocalStore.open(tmp_path))
    head = {"kind": "body", "path": path, "encoding": "", "decide": True, "unsettled": {}}
    assert answers.answer(Frame(head, json.dumps(body).encode())).head["model"] == model
