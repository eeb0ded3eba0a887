"""A job's progress as server-sent events (HTML standard, 9.2)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator

from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from ecr_audit.web.api.job_models import JobOut
from ecr_audit.web.messages import Receive, Scope, Send
from ecr_audit.web.problems import problem
from schedules.jobs import Job, Ledger

MEDIA_TYPE = "text/event-stream"
LOOK_SECONDS = 0.5
"""How often the ledger is looked at."""
HEARTBEAT_SECONDS = 15.0
"""After so long without anything to tell, a comment is sent: proxies drop silent connections."""
LONGEST_SECONDS = 300.0
"""Then the stream ends, and whoever asks again is looked at again: their token may be gone."""
EACH, TOGETHER = 8, 80
"""Connections that follow a job at once: of one person, and of all. Far below those that the server takes."""


class Followers:
    """How many follow jobs now. Used from the event loop alone."""

    def __init__(
        self,
        *,
        longest_seconds: float = LONGEST_SECONDS,
        look_seconds: float = LOOK_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        """How long a stream may be, how often it looks, and how long it may be silent."""
        self.longest_seconds, self.look_seconds = longest_seconds, look_seconds
        self.heartbeat_seconds = heartbeat_seconds
        self._by_name: Counter[str] = Counter()

    def enter(self, name: str) -> bool:
        """Let one more in, if there is room."""
        if self._by_name[name] >= EACH or self._by_name.total() >= TOGETHER:
            return False
        self._by_name[name] += 1
        return True

    def leave(self, name: str) -> None:
        """One went."""
        self._by_name[name] -= 1
        if not self._by_name[name]:
            del self._by_name[name]


def is_known_end(job: Job, last_event_id: str) -> bool:
    """Whether *job* has ended and the asker has been told."""
    return job.state.ended and last_event_id == _mark(job)


class Following(StreamingResponse):
    """The events of one job, while there is room for one more who follows."""

    def __init__(self, app: FastAPI, ledger: Ledger, job: Job, name: str, last_event_id: str) -> None:
        """From *job* as it is now on; *name*: who follows."""
        headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        super().__init__(_events(app, ledger, job, last_event_id), media_type=MEDIA_TYPE, headers=headers)
        self._followers: Followers = app.state.followers
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counted here, so that whoever goes before the first event is not counted for ever."""
        if not self._followers.enter(self._name):
            detail = "too many connections follow jobs already; close some"
            await problem(429, detail, scope["path"], headers={"Retry-After": "30"})(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._followers.leave(self._name)


async def _events(app: FastAPI, ledger: Ledger, job: Job, known: str) -> AsyncIterator[str]:
    followers: Followers = app.state.followers
    begun = told = time.monotonic()
    yield "retry: 2000\n\n"
    while True:
        if _mark(job) != known:
            known = _mark(job)
            told = time.monotonic()
            yield _event("job", job)
        if job.state.ended:
            yield _event("end", job)
            return
        if app.state.closing or time.monotonic() - begun > followers.longest_seconds:
            return
        if time.monotonic() - told > followers.heartbeat_seconds:
            told = time.monotonic()
            yield ": it goes on\n\n"
        await asyncio.sleep(followers.look_seconds)
        job = await run_sync(_again, ledger, job)


def _again(ledger: Ledger, job: Job) -> Job:
    return ledger.get(job.id) or job


def _event(kind: str, job: Job) -> str:
    """One event. JSON has no line breaks in it, so that a note cannot end an event."""
    return f"event: {kind}\nid: {_mark(job)}\ndata: {_data(job)}\n\n"


def _data(job: Job) -> str:
    return JobOut.of(job).model_dump_json()


def _mark(job: Job) -> str:
    """Names what is told of the job."""
    return hashlib.sha256(_data(job).encode()).hexdigest()[:16]
