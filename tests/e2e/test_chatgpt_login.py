"""The real Codex with a ChatGPT login, behind a company's proxy: CONNECT, our certificate, the login's own host."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from headroom_wrap.demo.upstream import Upstream

from .conftest import World
from .corporate import HOST, corporate_proxy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def signed_in(folder: Path) -> None:
    """A login as Codex keeps it, with tokens that nobody has signed."""
    claims = {"chatgpt_account_id": "acc", "chatgpt_plan_type": "pro", "chatgpt_user_id": "user"}
    body = {"email": "dev@example.com", "exp": 4_102_444_800, "https://api.openai.com/auth": claims}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, body)
    ]
    token = ".".join([*parts, "c2ln"])
    tokens = {"id_token": token, "access_token": token, "refresh_token": "none", "account_id": "acc"}
    login = {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": "2099-01-01T00:00:00Z"}
    (folder / "auth.json").write_text(json.dumps(login))


def encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@pytest.mark.parametrize(("options", "method"), [((), "WS"), (("--no-websocket",), "POST")])
def test_a_chatgpt_login_is_wrapped_behind_a_companys_proxy(
    world: World, options: tuple[str, ...], method: str
) -> None:
    signed_in(world.home / "codex")
    with Upstream(world.script()) as upstream, corporate_proxy(world.folder, upstream.server.server_port) as corporate:
        given = {**world.environment(), "HTTPS_PROXY": corporate.url, "SSL_CERT_FILE": str(corporate.root)}
        given["PATH"] = f"{world.agents}:{given['PATH']}"
        del given["CODEX_API_KEY"]
        codex = ("codex", "exec", "--skip-git-repo-check", "Look.")
        ended = subprocess.run(
            [sys.executable, "-m", "headroom_wrap", "wrap", *options, *codex],
            cwd=world.project,
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    asked = upstream.inference()
    assert (ended.returncode, ended.stdout.strip()) == (0, "All done."), ended.stderr[-2000:]
    assert {(request.method, request.path, request.header("Host")) for request in asked} == {
        (method, "/backend-api/codex/responses", HOST)
    }
    assert "JSON as tables" in "".join(json.dumps(request.json()) for request in asked)
