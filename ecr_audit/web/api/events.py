"""A job's progress as server-sent events (HTML standard, 9.2), which FastAPI encodes and keeps alive."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, HTTPException, Request, Response
from fastapi.sse import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from ecr_audit.web.api.dependencies import JobName, Reader, TheServices
from ecr_audit.web.api.job_models import JobOut
from schedules.jobs.queue import Job, JobQueue

LOOK_SECONDS = 0.5
"""How often the ledger is looked at."""
LONGEST_SECONDS = 300.0
"""Then the stream ends, and the client asks again and is checked again: its token may be gone."""
EACH, TOGETHER = 8, 80
"""Connections that follow a job at once: of one person, and of all. Far below those that the server takes."""


class Followers:
    """How many follow jobs now. Used from the event loop alone."""

    def __init__(self, *, longest_seconds: float = LONGEST_SECONDS, look_seconds: float = LOOK_SECONDS) -> None:
        """How long a stream may be, and how often it looks."""
        self.longest_seconds, self.look_seconds = longest_seconds, look_seconds
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


LastEventId = Annotated[str, Header(max_length=100)]


def _followed(services: TheServices, job: JobName, response: Response, last_event_id: LastEventId = "") -> Job:
    now = services.job(job)
    if is_known_end(now, last_event_id):
        response.status_code = 204
    return now


FollowedJob = Annotated[Job, Depends(_followed)]
"""The job; the answer is 204 where it has ended and the client has been sent its end."""


async def _counted(request: Request, user: Reader) -> AsyncIterator[None]:
    followers: Followers = request.app.state.followers
    if not followers.enter(user.name):
        detail = "too many connections follow jobs already; close some"
        raise HTTPException(429, detail, headers={"Retry-After": "30"})
    try:
        yield
    finally:
        followers.leave(user.name)


Counted = Annotated[None, Depends(_counted)]
"""Room for one more connection, until it is closed. Otherwise 429."""


def is_known_end(job: Job, last_event_id: str) -> bool:
    """Whether *job* has ended and the client has been sent its end."""
    return job.state.ended and last_event_id == _mark(job)


async def job_events(request: Request, queue: JobQueue, job: Job, known: str) -> AsyncIterator[ServerSentEvent]:
    """The events of a job from *job*, as it is now, on. *known*: id of the last event that the client has."""
    state, begun = request.app.state, time.monotonic()
    yield ServerSentEvent(retry=2000)
    while True:
        if _mark(job) != known:
            known = _mark(job)
            yield _event("job", job)
        if job.state.ended:
            yield _event("end", job)
            return
        if state.closing or time.monotonic() - begun > state.followers.longest_seconds:
            return
        await asyncio.sleep(state.followers.look_seconds)
        now = await run_in_threadpool(queue.get, job.id)
        job = now or job


def _event(kind: str, job: Job) -> ServerSentEvent:
    return ServerSentEvent(event=kind, id=_mark(job), data=JobOut.of(job))


def _mark(job: Job) -> str:
    """Identifies what an event says of the job."""
    return hashlib.sha256(JobOut.of(job).model_dump_json().encode()).hexdigest()[:16]
