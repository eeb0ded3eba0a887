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
"""Seconds between two polls of the job queue."""
LONGEST_SECONDS = 300.0
"""Then the stream ends; the client reconnects and is authenticated again, since its token may have been removed."""
EACH, TOGETHER = 8, 80
"""Concurrent event streams: per user, and in total. Far below the connection limit of the server."""


class Followers:
    """Number of current event streams. Used from the event loop only."""

    def __init__(self, *, longest_seconds: float = LONGEST_SECONDS, look_seconds: float = LOOK_SECONDS) -> None:
        """Maximum duration of a stream, and seconds between polls."""
        self.longest_seconds, self.look_seconds = longest_seconds, look_seconds
        self._by_name: Counter[str] = Counter()

    def enter(self, name: str) -> bool:
        """Admit one more stream. False if a limit is reached."""
        if self._by_name[name] >= EACH or self._by_name.total() >= TOGETHER:
            return False
        self._by_name[name] += 1
        return True

    def leave(self, name: str) -> None:
        """A stream ended."""
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
"""The job; the status is 204 if it has ended and the client has received its end."""


async def _counted(request: Request, user: Reader) -> AsyncIterator[None]:
    followers: Followers = request.app.state.followers
    if not followers.enter(user.name):
        detail = "too many event streams are open; close some"
        raise HTTPException(429, detail, headers={"Retry-After": "30"})
    try:
        yield
    finally:
        followers.leave(user.name)


Counted = Annotated[None, Depends(_counted)]
"""Admits one more stream until it is closed. Otherwise 429."""


def is_known_end(job: Job, last_event_id: str) -> bool:
    """Whether *job* has ended and the client has received its end."""
    return job.state.ended and last_event_id == _mark(job)


async def job_events(request: Request, queue: JobQueue, job: Job, known: str) -> AsyncIterator[ServerSentEvent]:
    """The events of a job from *job*, its current state, on. *known*: id of the last event that the client received."""
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
    """Identifies the state of the job in an event."""
    return hashlib.sha256(JobOut.of(job).model_dump_json().encode()).hexdigest()[:16]
