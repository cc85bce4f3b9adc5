"""The proxy's own paths: asked on its port, answered without going upstream, only to programs of this machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headroom_wrap.ledger import Ledger, Totals
from headroom_wrap.ledger.view import View
from headroom_wrap.proxy.metrics import Said, answer, asked, exposition
from headroom_wrap.segment import Exchange, Outcome, Usage
from tests.proxy.bodies import conversation
from tests.proxy.loopback import Proxy, Upstream, ledger_rows, proxy, request, wait_until

LINE = re.compile(r'[a-z_]+\{([a-z_]+="([^"\\\n]|\\.)*"(,[a-z_]+="([^"\\\n]|\\.)*")*)?\} -?[0-9.e+-]+')


def get(running: Proxy, path: str, **headers: str) -> tuple[int, str, bytes]:
    answer = request(running.base, "GET", path, headers=headers)
    return answer.status, answer.headers.get("content-type", ""), answer.body


def test_health_and_figures_are_answered_here(running: Proxy, upstream: Upstream) -> None:
    running.post(conversation(3))
    assert wait_until(lambda: len(ledger_rows(running.home)) == 1)
    before = len(upstream.received)
    status, kind, body = get(running, "/headroom/health")
    assert (status, kind, json.loads(body)["status"]) == (200, "application/json", "ok")
    status, _, body = get(running, "/headroom/stats?x=1")
    assert (status, json.loads(body)["ever"]["exchanges"], json.loads(body)["version"]) == (200, 1, 1)
    status, kind, body = get(running, "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b'headroom_requests_total{model="' in body and b'answered="yes"} 1\n' in body
    assert len(upstream.received) == before


@pytest.mark.parametrize("headers", [{"Host": "headroom.example"}, {"Origin": "https://page.example"}])
def test_a_web_page_or_another_name_gets_nothing(running: Proxy, headers: dict[str, str]) -> None:
    status, _, body = get(running, "/headroom/stats", **headers)
    assert status == 403 and b"ever" not in body


def test_they_are_for_reading_only(running: Proxy, upstream: Upstream) -> None:
    assert running.post(b"{}", "/headroom/stats").status == 405
    assert upstream.received == []


def test_a_path_that_only_resembles_ours_goes_upstream(running: Proxy, upstream: Upstream) -> None:
    for path in ("/metrics/x", "/v1/headroom/stats"):
        assert get(running, path)[0] == 200
    assert [received.path for received in upstream.received] == ["/metrics/x", "/v1/headroom/stats"]
    assert [asked(path) for path in ("/metrics?a", "/metrics/", "/", "")] == ["/metrics", "", "", ""]


def test_a_ledger_that_cannot_be_read_is_503(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = answer("/headroom/stats", tmp_path / "file", {})
    assert said.status == 503 and b"unavailable" in said.body
    assert answer("/headroom/health", tmp_path / "file", {"busy": 0}) == Said(
        200, "application/json", b'{"status": "ok", "busy": 0}'
    )


def test_every_line_of_metrics_has_the_form_that_prometheus_reads(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    outcomes = (
        Outcome("…", 'odd"name\n\\', "9 lines", "ref", 900, 300, "", "Read"),
        Outcome(None, before=50, after=50, why="small"),
    )
    for model in ("gpt-5", 'quo"te\\d\n'):
        ledger.record(Exchange(model, "a", "w", model, 1.0, 2.0, 200, Usage(10, 5, 800, 200), outcomes))
    ledger.close()
    lines = answer("/metrics", tmp_path, {"busy": 2}).body.decode().splitlines()
    values = [line for line in lines if not line.startswith("#")]
    assert [line for line in values if not LINE.fullmatch(line)] == []
    assert 'headroom_reported_tokens_total{model="gpt-5",kind="cache_read"} 800' in values
    assert 'headroom_result_tokens_total{model="gpt-5",state="sent"} 350' in values
    assert r'headroom_compressor_removed_tokens_total{compressor="odd\"name\n\\"} 1200' in values
    assert "headroom_workers_busy{} 2" in values
    names = {line.split("{")[0] for line in values}
    assert names == {line.split()[2] for line in lines if line.startswith("# TYPE")}


def test_dollars_that_are_unknown_are_not_there() -> None:
    lines = list(exposition(View(models=(Totals("m", exchanges=1),)), {}))
    assert not any("dollars{" in line for line in lines) and "headroom_up{} 1" in lines


def test_the_paths_are_answered_with_an_upstream_of_its_own_prefix(upstream: Upstream, tmp_path: Path) -> None:
    with proxy(tmp_path, upstream=f"{upstream.url}/prefix") as running:
        assert get(running, "/headroom/health")[0] == 200
    assert upstream.received == []


def test_the_ledger_gets_conversation_login_calls_and_the_fixed_part(running: Proxy) -> None:
    running.post(conversation(2, extra='"system": "Be careful.",'), Authorization="Bearer sk-ant-oat01-x", x_api_key="")
    running.post(conversation(3, extra='"system": "Be careful.",'))
    assert wait_until(lambda: len(ledger_rows(running.home)) == 2)
    first, second = ledger_rows(running.home)
    assert first["conversation"] == second["conversation"] != ""
    assert [(row["login"], row["calls"], row["held"], row["fixed"]) for row in (first, second)] == [
        (1, 2, 0, 1),
        (0, 3, 0, 1),
    ]
    ledger = Ledger(running.home)
    assert {(row.name, row.calls, row.requests) for row in ledger.fixed()} == {("", 0, 2), ("Bash", 3, 2)}
    assert 0 < ledger.totals()[0].marks < ledger.totals()[0].after
    ledger.close()
    assert not any(b"sk-ant" in path.read_bytes() for path in running.home.glob("headroom.db*"))
