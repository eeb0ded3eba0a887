"""Progress of a job: as log events, and in the job queue."""

from __future__ import annotations

import time

import sqlalchemy as sa
import structlog

from audit.progress import Progress, ProgressEvent, Step
from reports.text import progress_text
from schedules.jobs.queue import JobQueue

SECONDS_BETWEEN = 0.5
"""Minimum time between updates: each is a write into the database."""


class Steps:
    """The progress of a job, for display. Updates in quick succession are omitted, but never the last one."""

    def __init__(self, queue: JobQueue, job: str, holder: str) -> None:
        self._queue, self._job, self._holder = queue, job, holder
        self._note, self._done, self._total = "", 0, 0
        self._written_at = 0.0

    def __call__(self, event: ProgressEvent) -> None:
        """The next step of an audit."""
        match event.step:
            case Step.PLANNED:
                self.planned(event.count)
            case Step.READ:
                self.done()
            case _:
                self.note(progress_text(event))

    def planned(self, total: int) -> None:
        """Set the number of steps."""
        self._done, self._total = 0, total
        self._write(now=True)

    def done(self) -> None:
        """Count a finished step."""
        self._done += 1
        self._write(now=self._done == self._total)

    def note(self, text: str) -> None:
        """Set the current step."""
        self._note = text
        self._write(now=True)

    def _write(self, *, now: bool) -> None:
        moment = time.monotonic()
        if now or moment - self._written_at >= SECONDS_BETWEEN:
            self._written_at = moment
            try:
                self._queue.report_progress(
                    self._job, self._holder, note=self._note, done=self._done, total=self._total
                )
            except sa.exc.SQLAlchemyError as error:
                # Progress is only for display: the job goes on, and reports the error when it stores the run.
                structlog.get_logger().warning("progress-not-recorded", reason=type(error).__name__)


log = structlog.get_logger()


def log_progress(progress: Progress) -> Progress:
    """*progress*, with a log event for each phase (info), registry read (debug) and registry lost (warning)."""

    def logged(event: ProgressEvent) -> None:
        match event.step:
            case Step.PLANNED:
                log.info("reads-ahead", registries=event.count)
            case Step.READ:
                log.debug("registry-read", account=event.account, region=event.region)
            case Step.LOST:
                log.warning("registry-lost", account=event.account, region=event.region, reason=event.reason)
            case _:
                log.info("phase", doing=progress_text(event))
        progress(event)

    return logged
