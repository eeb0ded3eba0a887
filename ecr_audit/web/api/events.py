"""A job's progress as server-sent events (HTML standard, 9.2)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from anyio.to_thread import run_sync
from fastapi import FastAPI, HTTPException

from ecr_audit.web.api.models import JobOut
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

    def __init__(self, *, longest_seconds: float = LONGEST_SECONDS, look_seconds: float = LOOK_SECONDS) -> None:
        """*longest_seconds*: of one stream."""
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


def is_known_end(job: Job, last_event_id: str) -> bool:
    """Whether *job* has ended and the asker has been told."""
    return job.state.ended and last_event_id == _mark(job)


def follow(app: FastAPI, ledger: Ledger, job: Job, name: str, last_event_id: str) -> AsyncIterator[str]:
    """Events from *job* as it is now on; *name*: who follows. Raises HTTPException 429 where too many do."""
    followers: Followers = app.state.followers
    if not followers.enter(name):
        raise HTTPException(429, "too many connections follow jobs already; close some", headers={"Retry-After": "30"})
    return _events(app, ledger, job, name, last_event_id)


async def _events(app: FastAPI, ledger: Ledger, job: Job, name: str, known: str) -> AsyncIterator[str]:
    followers: Followers = app.state.followers
    begun = told = time.monotonic()
    try:
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
            if time.monotonic() - told > HEARTBEAT_SECONDS:
                told = time.monotonic()
                yield ": it goes on\n\n"
            await asyncio.sleep(followers.look_seconds)
            job = await run_sync(_again, ledger, job)
    finally:
        followers.leave(name)


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


__all__: list[Any] = ["MEDIA_TYPE", "Followers", "follow", "is_known_end"]
