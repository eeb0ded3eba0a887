"""Where the time of a job goes, as OpenTelemetry spans: job → collect, tables, judge, keep, render, deliver.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT (or its variant for traces) says where spans go, and then the extra `tracing`
must be installed. The other OTEL_* variables hold as usual; spans go by OTLP over HTTP with protobuf, the one protocol
that the extra brings. What an exception said is never exported, only its type: texts of errors stay on this machine.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import structlog

from audit.describe import program_version
from audit.progress import Phase, Progress, ProgressEvent, Step
from reports.visible import one_line

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Attribute = str | bool | int | float

SPANS = {
    Phase.ORGANIZATION: "collect",
    Phase.TABLES: "tables",
    Phase.JUDGING: "judge",
    Phase.KEEPING: "keep",
}
"""Phase of an audit → the span that it begins; the other phases are events of the span at hand."""

_LONGEST = 300
"""Characters of an attribute."""

_EXPORT_SECONDS = 5.0
"""How long a collector may take to answer: a worker that ends waits for it."""


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[None]:
    """Measure what is done inside. *attributes*: exported as `ecr_audit.NAME`; no secrets.

    A thread of its own begins a trace of its own, unless it is started with `contextvars.copy_context().run`.
    """
    tracer = _tracer()
    if tracer is None:
        yield
        return
    _end_phases()
    mark = _followed.set(())
    try:
        with tracer.start_as_current_span(
            name, attributes=_named(attributes), record_exception=False, set_status_on_exception=False
        ) as opened:
            try:
                yield
            except BaseException as error:
                _failed(opened, error)
                raise
            finally:
                _end_phases()
    finally:
        _followed.reset(mark)


def follow(progress: Progress) -> Progress:
    """*progress*, with a span for each phase of the run inside the present span.

    A phase ends with the next one, with the next `span`, or with the span that it lies in.
    """
    tracer = _tracer()
    if tracer is None:
        return progress
    followed = _Followed(progress, tracer)
    _followed.set((*_followed.get(), followed))
    return followed


def flush() -> None:
    """Export what is still held. Needed only before a process ends without its exit handlers."""
    if _tracer() is not None:
        from opentelemetry.sdk.trace import TracerProvider

        provider = _provider()
        if isinstance(provider, TracerProvider):
            provider.force_flush(int(_EXPORT_SECONDS * 1000))


class _Followed:
    """A progress that opens and ends spans on its way."""

    def __init__(self, progress: Progress, tracer: Tracer) -> None:
        self._progress, self._tracer = progress, tracer
        self._phase: Span | None = None
        self._read = 0

    def __call__(self, event: ProgressEvent) -> None:
        """The next span, or an event of this one. What an exception said stays here."""
        self._progress(event)
        name = SPANS.get(event.phase) if event.step is Step.BEGUN else None
        if name is not None:
            self.end()
            self._phase = self._tracer.start_span(name)
        elif event.step is Step.READ:
            self._read += 1
        elif self._phase is not None:
            self._phase.add_event(event.phase if event.step is Step.BEGUN else event.step, _named(_about(event)))

    def end(self) -> None:
        """The phase at hand is over."""
        if self._phase is not None:
            if self._read:
                self._phase.set_attribute("ecr_audit.registry_reads", self._read)
            self._phase.end()
        self._phase, self._read = None, 0


_followed: ContextVar[tuple[_Followed, ...]] = ContextVar("followed", default=())


def _about(event: ProgressEvent) -> dict[str, Attribute]:
    """What a step is about, as far as it is known."""
    values: dict[str, Attribute] = {"account": event.account, "region": event.region, "count": event.count}
    return {name: value for name, value in values.items() if value}


def _end_phases() -> None:
    for one in _followed.get():
        one.end()


def _failed(opened: Span, error: BaseException) -> None:
    from opentelemetry.trace import StatusCode

    opened.add_event("exception", {"exception.type": type(error).__qualname__})
    opened.set_status(StatusCode.ERROR, type(error).__qualname__)


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {
        f"ecr_audit.{name}": _short(value) if isinstance(value, str) else value for name, value in attributes.items()
    }


def _short(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _wanted() -> bool:
    """Whether the environment says where spans go."""
    said = {name: os.environ.get(f"OTEL_{name}", "").strip().lower() for name in ("SDK_DISABLED", "TRACES_EXPORTER")}
    if said["SDK_DISABLED"] == "true" or said["TRACES_EXPORTER"] == "none":
        return False
    return any(
        os.environ.get(name, "").strip()
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


@functools.cache
def _provider() -> object | None:
    """Made once a process, and flushed when it ends."""
    if not _wanted():
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        advice = "pip install 'ecr-audit[tracing]', or unset OTEL_EXPORTER_OTLP_ENDPOINT"
        structlog.get_logger().warning("tracing-off", missing=str(error.name), advice=advice)
        return None
    about = {"service.version": program_version()}
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name" not in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        about["service.name"] = "ecr-audit"
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_timeout())))
    return provider


def _timeout() -> float | None:
    """None leaves it to OTEL_EXPORTER_OTLP_TIMEOUT, where that is set."""
    names = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
    return None if any(map(os.environ.get, names)) else _EXPORT_SECONDS


def _tracer() -> Tracer | None:
    provider = _provider()
    if provider is None:
        return None
    from opentelemetry.sdk.trace import TracerProvider

    assert isinstance(provider, TracerProvider)
    return provider.get_tracer("ecr-audit", program_version())
