"""What the log has of an audit's progress."""

from __future__ import annotations

from structlog.testing import capture_logs

from audit.progress import Phase, ProgressEvent, Step
from schedules.service.progress import log_progress


def test_events_name_account_and_region_and_everything_is_handed_on() -> None:
    told = [
        ProgressEvent(Phase.ORGANIZATION),
        ProgressEvent(Phase.ORGANIZATION, Step.RESUMED, count=2),
        ProgressEvent(Phase.DETAILS, Step.PLANNED, count=3),
        ProgressEvent(Phase.DETAILS, Step.READ, "111122223333", "eu-west-1"),
        ProgressEvent(Phase.DETAILS, Step.LOST, "111122223333", "eu-west-1", reason="the process that read it\nended"),
        ProgressEvent(Phase.DETAILS, Step.LOST, "111122223333", reason="no role"),
    ]
    handed_on: list[ProgressEvent] = []
    progress = log_progress(handed_on.append)
    with capture_logs() as events:
        for event in told:
            progress(event)
    assert events == [
        {"event": "phase", "doing": "reading the organization", "log_level": "info"},
        {"event": "phase", "doing": "resuming: 2 completed reads are reused", "log_level": "info"},
        {"event": "reads-ahead", "registries": 3, "log_level": "info"},
        {"event": "registry-read", "account": "111122223333", "region": "eu-west-1", "log_level": "debug"},
        {
            "event": "registry-lost", "account": "111122223333", "region": "eu-west-1",
            "reason": "the process that read it\nended", "log_level": "warning",
        },
        {
            "event": "registry-lost", "account": "111122223333", "region": "", "reason": "no role",
            "log_level": "warning",
        },
    ]  # fmt: skip
    assert handed_on == told
