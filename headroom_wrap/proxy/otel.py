"""Exchanges in; OpenTelemetry metrics out, to where the user's own OTEL_* variables say, and nowhere without them.

Needs the extra `otel`. Numbers with the names of agent, model, wire and compressor; no prompt, no project, no session.
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from headroom_wrap.segment import Exchange

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider

PROVIDERS = {"anthropic": "anthropic", "openai_chat": "openai", "openai_responses": "openai", "gemini": "gcp.gemini"}
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")


class Telemetry:
    """Counts every exchange with the instruments of a meter provider."""

    def __init__(self, provider: MeterProvider) -> None:
        self._provider = provider
        meter = provider.get_meter("headroom")
        self._requests = meter.create_counter("headroom.requests", "{request}", "Requests through the proxy.")
        self._usage = meter.create_histogram("gen_ai.client.token.usage", "{token}", "As the provider reported it.")
        self._results = meter.create_counter("headroom.result.tokens", "{token}", "Of tool results, each once, o200k.")
        self._removed = meter.create_counter("headroom.removed.tokens", "{token}", "Missing from all bodies, o200k.")

    def record(self, exchange: Exchange) -> None:
        """Count one exchange."""
        who = {
            "gen_ai.provider.name": PROVIDERS.get(exchange.wire, exchange.wire),
            "gen_ai.request.model": exchange.model,
            "headroom.agent": exchange.agent,
        }
        self._requests.add(1, {**who, "http.response.status_code": exchange.status})
        usage = exchange.usage
        prompt = [usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h]
        if any(count is not None for count in prompt):
            whole = sum(count or 0 for count in prompt)
            self._usage.record(whole, {**who, "gen_ai.token.type": "input", "gen_ai.operation.name": "chat"})
        if usage.output is not None:
            self._usage.record(usage.output, {**who, "gen_ai.token.type": "output", "gen_ai.operation.name": "chat"})
        for outcome in exchange.outcomes:
            if not outcome.replayed:
                by = {**who, "headroom.compressor": outcome.compressor}
                self._results.add(outcome.before, {**by, "headroom.state": "came"})
                self._results.add(
                    outcome.before if outcome.text is None else outcome.after, {**by, "headroom.state": "sent"}
                )
        removed = sum(o.before - o.after for o in exchange.outcomes if o.text is not None)
        self._removed.add(max(removed, 0), who)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def configured(environment: Mapping[str, str]) -> bool:
    """-> whether the user has said where metrics go, and has not switched them off."""
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_METRICS_EXPORTER") == "none"
    )
    return not off and any(environment.get(name) for name in _ENDPOINTS)


def telemetry(environment: Mapping[str, str]) -> Telemetry | None:
    """-> what counts exchanges; None: nothing is configured, or the extra is not installed."""
    if not configured(environment) or find_spec("opentelemetry") is None:
        return None
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - optional
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415

    return Telemetry(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
