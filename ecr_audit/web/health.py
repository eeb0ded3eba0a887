"""Whether this process is alive (`/healthz`), and whether it can do its work (`/readyz`).

Both answer without sign-in, because orchestrators have none. They name components and their state, never an address,
a path or a user.
"""

from __future__ import annotations

import concurrent.futures
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from audit.store import Store, StoreError, schema
from audit.store.errors import DatabaseError
from ecr_audit.web.security.roles import anonymous

log = structlog.get_logger()
router = APIRouter()

ANSWER_SECONDS = 5.0
"""A component that takes longer counts as not answering."""
FRESH_SECONDS = 2.0
"""How long a result is reused, so that many requests cost no more than one."""
SILENT_SECONDS = 60.0
"""A scheduler that has not polled the job queue for this long counts as stopped."""
FREE_BYTES = 64 * 2**20
"""Minimum free space for files."""


class Heartbeat(Protocol):
    """State that the scheduler reports."""

    beat: float
    """`time.monotonic()` of its last successful poll of the job queue; 0 before the first."""
    trouble: str
    """Why the last poll failed; empty if it succeeded."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component and its state."""

    ok: bool
    detail: str
    """A short text without sensitive details."""


@router.get("/healthz", include_in_schema=False, dependencies=[Depends(anonymous)])
async def healthz() -> dict[str, str]:
    """The process answers. Nothing else is checked, so that an unavailable database causes no restart."""
    return {"status": "alive"}


@router.get("/readyz", include_in_schema=False, dependencies=[Depends(anonymous)])
def readyz(request: Request) -> Response:
    """200 if every component works, else 503. The body lists every component in both cases."""
    state = request.app.state
    parts = dict(_examination(state).parts())
    if getattr(state, "closing", False):
        parts["web"] = Component(False, "is shutting down")
    ready = all(part.ok for part in parts.values())
    body = {"ready": ready, "parts": {name: {"ok": part.ok, "detail": part.detail} for name, part in parts.items()}}
    return JSONResponse(body, 200 if ready else 503, headers={"Cache-Control": "no-store"})


def _examination(state: Any) -> Examination:
    """The examination of this application. Its scheduler, if it runs one, is `app.state.service`."""
    if not hasattr(state, "examination"):
        state.examination = Examination(state.services.store, lambda: getattr(state, "service", None))
    examination: Examination = state.examination
    return examination


class Examination:
    """Checks every component in one thread: a database that hangs blocks one check, however many requests arrive."""

    def __init__(self, store: Store, service: Callable[[], Heartbeat | None]) -> None:
        self._store, self._service = store, service
        self._lock = threading.Lock()
        self._threads = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._check: concurrent.futures.Future[Mapping[str, Component]] | None = None
        self._done_at = 0.0

    def parts(self) -> Mapping[str, Component]:
        """Every component by name."""
        with self._lock:
            if self._check is None or (self._check.done() and time.monotonic() - self._done_at > FRESH_SECONDS):
                self._check = self._threads.submit(self._examine)
            check = self._check
        try:
            stored = check.result(ANSWER_SECONDS)
        except concurrent.futures.TimeoutError:
            stored = {"database": Component(False, f"no answer within {ANSWER_SECONDS:g} seconds")}
        return {**stored, "scheduler": scheduler(self._service(), time.monotonic())}

    def _examine(self) -> Mapping[str, Component]:
        try:
            return {**database(self._store), "files": room(self._store.folder)}
        finally:
            self._done_at = time.monotonic()


def database(store: Store) -> dict[str, Component]:
    """Whether the database answers, its schema revision is supported, and the evidence store belongs to it."""
    try:
        about = store.about()
    except (DatabaseError, StoreError) as error:
        log.warning("database-not-ready", reason=type(error).__name__)
        return {"database": Component(False, f"does not answer: {type(error).__name__}")}
    known = about.get("revision") == schema.REVISION
    said = f"revision {schema.REVISION}" if known else f"not revision {schema.REVISION}, which this version requires"
    evidence = place(store, about.get("identity", ""))
    return {"database": Component(True, "answers"), "schema": Component(known, said), "evidence": evidence}


def place(store: Store, identity: str) -> Component:
    """Whether the evidence store answers and belongs to the store *identity*."""
    try:
        store.evidence_store.claim(identity)
    except (StoreError, OSError) as error:
        log.warning("evidence-not-ready", reason=str(error))
        return Component(False, "the evidence store does not answer or belongs to another store; see the log")
    return Component(True, "answers")


def room(folder: Path) -> Component:
    """Whether *folder* can be written and has enough free space."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return Component(False, f"the folder cannot be reached: {error.strerror}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Component(False, "the folder is not writable")
    if disk.f_bavail * disk.f_frsize < FREE_BYTES:
        return Component(False, f"less than {FREE_BYTES // 2**20} MiB are free")
    return Component(True, "writable")


def scheduler(service: Heartbeat | None, now: float) -> Component:
    """Whether the scheduler runs. *now*: `time.monotonic()`."""
    if service is None:
        return Component(True, "not part of this process")
    if service.trouble:
        return Component(False, service.trouble)
    if not service.beat:
        return Component(False, "has not started yet")
    silent = now - service.beat
    return Component(silent <= SILENT_SECONDS, f"polled the job queue {silent:.0f} seconds ago")
