"""How far a job is, written into the ledger for those who follow it."""

from __future__ import annotations

import time

import sqlalchemy as sa
import structlog

from audit.progress import ProgressEvent, Step
from reports.words import progress_text
from schedules.jobs import Ledger

SECONDS_BETWEEN = 0.5
"""People do not see more, and each is a write into the database."""


class Steps:
    """The progress of a job, as people can follow it. What comes too quickly is left out, never the last word."""

    def __init__(self, ledger: Ledger, job: str, holder: str) -> None:
        self._ledger, self._job, self._holder = ledger, job, holder
        self._note, self._done, self._total = "", 0, 0
        self._told = 0.0

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
        """So many pieces are ahead."""
        self._done, self._total = 0, total
        self._tell(now=True)

    def done(self) -> None:
        """One is done."""
        self._done += 1
        self._tell(now=self._done == self._total)

    def note(self, text: str) -> None:
        """What is being done."""
        self._note = text
        self._tell(now=True)

    def _tell(self, *, now: bool) -> None:
        moment = time.monotonic()
        if now or moment - self._told >= SECONDS_BETWEEN:
            self._told = moment
            try:
                self._ledger.tell(self._job, self._holder, note=self._note, done=self._done, total=self._total)
            except sa.exc.SQLAlchemyError as error:
                # That nobody can see how far it is must not end what it does; keeping the run will tell.
                structlog.get_logger().warning("progress-not-recorded", reason=type(error).__name__)
