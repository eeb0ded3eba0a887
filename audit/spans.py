"""Where the time of an audit goes, as OpenTelemetry spans.

They use the OpenTelemetry API, which does nothing where the process has no tracer provider
(`schedules.service.tracing` sets one up). A span records the type of an exception, never its message: error messages
stay on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.trace import Span, StatusCode, Tracer, get_tracer

from audit.describe import program_version
from audit.progress import Progress, ProgressEvent, Step

Attribute = str | bool | int | float


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[Span]:
    """Measure the block. *attributes*: exported as `ecr_audit.NAME`; no secrets.

    A new thread starts a new trace, unless it is started with `contextvars.copy_context().run`.
    """
    with _tracer().start_as_current_span(
        name, attributes=_named(attributes), record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except BaseException as error:
            opened.add_event("exception", {"exception.type": type(error).__qualname__})
            opened.set_status(StatusCode.ERROR, type(error).__qualname__)
            raise


def observed(progress: Progress, opened: Span) -> Progress:
    """*progress*; also records the number of registry reads as a span attribute, other events as span events."""
    reads = 0

    def both(event: ProgressEvent) -> None:
        nonlocal reads
        progress(event)
        if event.step is Step.READ:
            reads += 1
            opened.set_attribute("ecr_audit.registry_reads", reads)
            return
        about: dict[str, Attribute] = {"account": event.account, "region": event.region, "count": event.count}
        known = {name: value for name, value in about.items() if value}
        opened.add_event(event.phase if event.step is Step.BEGUN else event.step, _named(known))

    return both


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {f"ecr_audit.{name}": value for name, value in attributes.items()}


def _tracer() -> Tracer:
    return get_tracer("ecr-audit", program_version())
