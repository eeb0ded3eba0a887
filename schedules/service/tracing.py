"""OpenTelemetry spans of a job: job → collect, tables, judge, keep, render, deliver.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT (or its variant for traces) is set, which requires the extra `tracing`. The other
OTEL_* variables have their usual meaning; spans are exported by OTLP over HTTP with protobuf, the only protocol of the
extra. Of an exception, only its type is exported, never its message.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from opentelemetry.trace import set_tracer_provider

from audit import spans
from audit.describe import program_version
from reports.sanitize import one_line

_LONGEST = 300
"""Characters of an attribute."""

_EXPORT_SECONDS = 5.0
"""Timeout of the export: a worker waits for it when it exits."""


@contextmanager
def span(name: str, **attributes: spans.Attribute) -> Iterator[None]:
    """As `audit.spans.span`, with texts from outside."""
    with spans.span(name, **{key: _short(one) if isinstance(one, str) else one for key, one in attributes.items()}):
        yield


def _short(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _configured() -> bool:
    """Whether the environment configures the export of spans."""
    values = {name: os.environ.get(f"OTEL_{name}", "").strip().lower() for name in ("SDK_DISABLED", "TRACES_EXPORTER")}
    if values["SDK_DISABLED"] == "true" or values["TRACES_EXPORTER"] == "none":
        return False
    return any(
        os.environ.get(name, "").strip()
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


def set_up() -> None:
    """Export the spans of this process, if configured; called once. They are flushed when the process ends."""
    if not _configured():
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        advice = "pip install 'ecr-audit[tracing]', or unset OTEL_EXPORTER_OTLP_ENDPOINT"
        structlog.get_logger().warning("tracing-off", missing=str(error.name), advice=advice)
        return
    about = {"service.version": program_version()}
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name" not in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        about["service.name"] = "ecr-audit"
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_timeout())))
    set_tracer_provider(provider)


def _timeout() -> float | None:
    """None where OTEL_EXPORTER_OTLP_TIMEOUT is set, which the exporter reads."""
    names = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
    return None if any(map(os.environ.get, names)) else _EXPORT_SECONDS
