"""Spans of a job: what they are called, how they nest, that no text of an error leaves, and that nothing is needed."""

from __future__ import annotations

import datetime as dt
import http.server
import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from audit import spans
from audit.aws import AwsSettings
from audit.evidence import CallCounts, Evidence, Scope
from audit.progress import Phase, Progress, ProgressEvent, Step
from audit.run import Request, run_audit
from audit.store import open_store
from schedules.service import tracing
from tests.audit.tables.worlds import evidence


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    monkeypatch.setattr(spans, "_tracer", lambda: provider.get_tracer("tests"))
    return memory


def by_name(memory: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {one.name: one for one in memory.get_finished_spans()}


def test_the_phases_of_a_run_lie_in_its_job_and_do_not_overlap(
    exporter: InMemorySpanExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ("111122223333", "eu-west-1")
    collected = [
        ProgressEvent(Phase.ORGANIZATION),
        ProgressEvent(Phase.SUMMARIES, Step.PLANNED, count=2),
        ProgressEvent(Phase.SUMMARIES, Step.LOST, *here, reason="postgresql://u:hunter2@db"),
        ProgressEvent(Phase.SUMMARIES, Step.READ, *here),
        ProgressEvent(Phase.SUMMARIES, Step.READ, "111122223333", "eu-west-2"),
        ProgressEvent(Phase.DETAILS),
    ]

    def collect(*_: object, progress: Progress, **__: object) -> Evidence:
        for event in collected:
            progress(event)
        return evidence(calls=CallCounts())

    monkeypatch.setattr("audit.run.collect", collect)
    handed_on: list[ProgressEvent] = []
    with tracing.span("job", job="j1", schedule="nightly", attempt=1):
        request = Request(AwsSettings(), Scope(), "defaults", "")
        run_audit(request, open_store(str(tmp_path)), handed_on.append, lambda: dt.datetime.now(dt.UTC))
        with tracing.span("render", format="pdf"):
            pass
        with tracing.span("deliver", delivery="mail"):
            pass
    found = by_name(exporter)
    assert set(found) == {"job", "collect", "tables", "judge", "keep", "render", "deliver"}
    job = found.pop("job")
    assert dict(job.attributes or {}) == {
        "ecr_audit.job": "j1", "ecr_audit.schedule": "nightly", "ecr_audit.attempt": 1
    }  # fmt: skip
    for one in found.values():
        assert one.parent is not None
        assert one.parent.span_id == job.get_span_context().span_id
    ordered = [found[name] for name in ("collect", "tables", "judge", "keep", "render", "deliver")]
    for first, second in itertools.pairwise(ordered):
        assert (first.end_time or 0) <= (second.start_time or 0)
    assert dict(found["collect"].attributes or {}) == {"ecr_audit.registry_reads": 2}
    assert [(event.name, dict(event.attributes or {})) for event in found["collect"].events] == [
        ("organization", {}),
        ("planned", {"ecr_audit.count": 2}),
        ("lost", {"ecr_audit.account": here[0], "ecr_audit.region": here[1]}),
        ("details", {}),
    ]
    assert "hunter2" not in found["collect"].to_json()
    assert handed_on == [*collected, *map(ProgressEvent, (Phase.TABLES, Phase.JUDGING, Phase.KEEPING))]


def test_a_failure_is_told_by_its_type_alone(exporter: InMemorySpanExporter) -> None:
    def fails() -> None:
        with tracing.span("job"), spans.span("judge"):
            raise ValueError("postgresql://u:hunter2@db")

    with pytest.raises(ValueError, match="hunter2"):
        fails()
    found = by_name(exporter)
    assert set(found) == {"job", "judge"}
    for one in found.values():
        assert one.status.status_code is StatusCode.ERROR
        assert one.status.description == "ValueError"
        assert "hunter2" not in one.to_json()


def test_hostile_and_long_names_are_made_visible_and_cut(exporter: InMemorySpanExporter) -> None:
    with tracing.span("job", account="a\n\u202eb", long="x" * 5_000):
        pass
    attributes = by_name(exporter)["job"].attributes or {}
    assert attributes["ecr_audit.account"] == "a <U+202E>b"
    assert len(str(attributes["ecr_audit.long"])) == 300


def test_without_configuration_nothing_is_measured_or_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import sys
from schedules.service import tracing
tracing.set_up()
with tracing.span("job", x=1):
    pass
heavy = ("opentelemetry.sdk", "opentelemetry.exporter")
assert not any(name.startswith(heavy) for name in sys.modules), "imported"
"""
    for settings in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "TRUE"}):
        subprocess.run([sys.executable, "-c", code], check=True, env={"PATH": "/usr/bin", **settings}, timeout=60)


def test_without_the_extra_a_job_goes_on_and_says_so() -> None:
    code = """
import sys
sys.modules["opentelemetry.sdk"] = None
sys.modules["opentelemetry.exporter.otlp.proto.http.trace_exporter"] = None
from schedules.service import tracing
tracing.set_up()
with tracing.span("job"):
    print("worked")
with tracing.span("job"):
    pass
"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={"PATH": "/usr/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "worked" in ended.stdout
    assert (ended.stdout + ended.stderr).count("tracing-off") == 1


class Receiver(http.server.BaseHTTPRequestHandler):
    """An OTLP receiver: keeps what it is sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]  # our own server
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got = []  # type: ignore[attr-defined]  # read by the handler
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def traced_process(endpoint: str, **settings: str) -> subprocess.CompletedProcess[str]:
    code = """
from schedules.service import tracing
tracing.set_up()
with tracing.span("job", schedule="nightly"):
    with tracing.span("render"):
        pass
print("ended")
"""
    env = {"PATH": "/usr/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **settings}
    return subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True, text=True, timeout=60)


def test_spans_reach_a_collector_before_the_process_ends(receiver: http.server.ThreadingHTTPServer) -> None:
    traced_process(f"http://127.0.0.1:{receiver.server_port}", OTEL_EXPORTER_OTLP_HEADERS="x-team=audit")
    path, headers, body = receiver.got[0]  # type: ignore[attr-defined]  # our own server
    assert path == "/v1/traces"
    assert headers["x-team"] == "audit"
    request = ExportTraceServiceRequest.FromString(body)
    resource = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "ecr-audit"
    assert resource["service.version"]
    spans = {one.name: one for scope in request.resource_spans[0].scope_spans for one in scope.spans}
    assert set(spans) == {"job", "render"}
    assert spans["render"].parent_span_id == spans["job"].span_id


def test_the_name_of_the_service_is_the_operators(receiver: http.server.ThreadingHTTPServer) -> None:
    traced_process(f"http://127.0.0.1:{receiver.server_port}", OTEL_SERVICE_NAME="nightly-audits")
    request = ExportTraceServiceRequest.FromString(receiver.got[0][2])  # type: ignore[attr-defined]  # our own server
    names = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert names["service.name"] == "nightly-audits"


def test_a_collector_that_is_away_does_not_end_the_job() -> None:
    assert "ended" in traced_process("http://127.0.0.1:1").stdout
