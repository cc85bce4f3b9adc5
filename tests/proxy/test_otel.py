"""Exchanges in; what OpenTelemetry's own reader collects of them out."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from headroom_wrap.proxy.account import Account, Accounts
from headroom_wrap.proxy.otel import Telemetry, configured, telemetry
from headroom_wrap.segment import Exchange, Outcome, Usage

sdk = pytest.importorskip("opentelemetry.sdk.metrics", reason="the extra otel is not installed")
export = pytest.importorskip("opentelemetry.sdk.metrics.export")

OUTCOMES = (
    Outcome("…", "logs", "9 lines", "ref", 900, 300, "", "Bash"),
    Outcome("…", "logs", "9 lines", "old", 500, 100, "", "Bash", replayed=True),
    Outcome(None, before=50, after=50, why="small"),
)
EXCHANGE = Exchange(
    "a-session", "claude", "anthropic", "claude-x", 1.0, 2.0, 200, Usage(10, 5, 800, 200), OUTCOMES, project="secret"
)


def collected(reader: object) -> dict[str, float]:
    """-> the sum of each instrument, by the attributes that tell its points apart."""
    sums: dict[str, float] = defaultdict(float)
    data = reader.get_metrics_data()  # type: ignore[attr-defined]
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            told = point.attributes
            part = told.get("gen_ai.token.type") or told.get("headroom.state") or ""
            sums[f"{metric.name} {part}".strip()] += getattr(point, "sum", None) or getattr(point, "value", 0)
    return dict(sums)


def test_an_exchange_is_counted_once_by_what_is_new_in_it() -> None:
    reader = export.InMemoryMetricReader()
    counted = Telemetry(sdk.MeterProvider([reader]))
    counted.record(EXCHANGE)
    assert collected(reader) == {
        "headroom.requests": 1,
        "gen_ai.client.token.usage input": 1010,
        "gen_ai.client.token.usage output": 5,
        "headroom.result.tokens came": 950,
        "headroom.result.tokens sent": 350,
        "headroom.removed.tokens": 1000,
    }
    counted.close()


def test_no_project_and_no_session_is_told() -> None:
    reader = export.InMemoryMetricReader()
    counted = Telemetry(sdk.MeterProvider([reader]))
    counted.record(EXCHANGE)
    told = reader.get_metrics_data().to_json()
    assert "claude-x" in told and "secret" not in told and "a-session" not in told
    counted.close()


def test_the_proxys_accounts_count_what_they_write(tmp_path: Path) -> None:
    reader = export.InMemoryMetricReader()
    accounts = Accounts(tmp_path, Telemetry(sdk.MeterProvider([reader])))
    written = Account("s", "codex", "p", "openai_responses", accounts.write, model="gpt-5")
    written.status, written.usage = 200, Usage(3, 4)
    written.finish()
    accounts._thread.submit(lambda: None).result()
    assert collected(reader)["gen_ai.client.token.usage output"] == 4
    accounts.close()


@pytest.mark.parametrize(
    ("given", "on"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318/v1/metrics"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_METRICS_EXPORTER": "none"}, False),
    ],
)
def test_nothing_is_sent_unless_the_user_says_where_to(given: dict[str, str], on: bool) -> None:
    assert configured(given) is on
    assert on or telemetry(given) is None
