"""Whether this process is alive (`/healthz`), and whether it can do its work (`/readyz`).

Both answer without sign-in, because orchestrators have none; so they name parts and what is wrong with them, never an
address, a path or a user.
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
"""A part that takes longer counts as not answering."""
FRESH_SECONDS = 2.0
"""For so long an answer is given again, so that many who ask cost no more than one."""
SILENT_SECONDS = 60.0
"""A scheduler that has not looked at the ledger for so long is not at work."""
FREE_BYTES = 64 * 2**20
"""Less room for files than this is none."""


class Heartbeat(Protocol):
    """What the service says of itself."""

    beat: float
    """`time.monotonic()` of its last successful look at the ledger; 0 before the first."""
    trouble: str
    """Why the last look did not succeed; empty where it did."""


@dataclass(frozen=True, slots=True)
class Component:
    """Something that must work."""

    ok: bool
    detail: str
    """In a few words, fit for everybody."""


@router.get("/healthz", include_in_schema=False, dependencies=[Depends(anonymous)])
async def healthz() -> dict[str, str]:
    """The process answers; nothing else is looked at, so that a database that is away restarts nobody."""
    return {"status": "alive"}


@router.get("/readyz", include_in_schema=False, dependencies=[Depends(anonymous)])
def readyz(request: Request) -> Response:
    """200 where every part works, else 503; each part told either way."""
    state = request.app.state
    parts = dict(_examination(state).parts())
    if getattr(state, "closing", False):
        parts["web"] = Component(False, "is being stopped")
    ready = all(part.ok for part in parts.values())
    body = {"ready": ready, "parts": {name: {"ok": part.ok, "said": part.detail} for name, part in parts.items()}}
    return JSONResponse(body, 200 if ready else 503, headers={"Cache-Control": "no-store"})


def _examination(state: Any) -> Examination:
    """The one of this application. Its service, where it runs one, is `app.state.service`."""
    if not hasattr(state, "examination"):
        state.examination = Examination(state.services.store, lambda: getattr(state, "service", None))
    examination: Examination = state.examination
    return examination


class Examination:
    """Looks at every part, in one thread: however many ask, a database that hangs holds up one look."""

    def __init__(self, store: Store, service: Callable[[], Heartbeat | None]) -> None:
        self._store, self._service = store, service
        self._lock = threading.Lock()
        self._threads = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._look: concurrent.futures.Future[Mapping[str, Component]] | None = None
        self._done_at = 0.0

    def parts(self) -> Mapping[str, Component]:
        """Every part by name."""
        with self._lock:
            if self._look is None or (self._look.done() and time.monotonic() - self._done_at > FRESH_SECONDS):
                self._look = self._threads.submit(self._examine)
            look = self._look
        try:
            stored = look.result(ANSWER_SECONDS)
        except concurrent.futures.TimeoutError:
            stored = {"database": Component(False, f"no answer within {ANSWER_SECONDS:g} seconds")}
        return {**stored, "scheduler": scheduler(self._service(), time.monotonic())}

    def _examine(self) -> Mapping[str, Component]:
        try:
            return {**database(self._store), "files": room(self._store.folder)}
        finally:
            self._done_at = time.monotonic()


def database(store: Store) -> dict[str, Component]:
    """Whether it answers, its tables are those that this program knows, and the evidence is where it says."""
    try:
        about = store.about()
    except (DatabaseError, StoreError) as error:
        log.warning("database-not-ready", reason=type(error).__name__)
        return {"database": Component(False, f"does not answer: {type(error).__name__}")}
    known = about.get("revision") == schema.REVISION
    said = f"revision {schema.REVISION}" if known else f"another than this program's revision {schema.REVISION}"
    evidence = place(store, about.get("identity", ""))
    return {"database": Component(True, "answers"), "schema": Component(known, said), "evidence": evidence}


def place(store: Store, identity: str) -> Component:
    """Whether the place of the evidence answers, and belongs to the store called *identity*."""
    try:
        store.evidence_store.claim(identity)
    except (StoreError, OSError) as error:
        log.warning("evidence-not-ready", reason=str(error))
        return Component(False, "its place does not answer, or is another store's; the log says which")
    return Component(True, "answers")


def room(folder: Path) -> Component:
    """Whether runs can be completed in *folder*."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return Component(False, f"the folder cannot be reached: {error.strerror}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Component(False, "the folder cannot be written")
    if disk.f_bavail * disk.f_frsize < FREE_BYTES:
        return Component(False, f"less than {FREE_BYTES // 2**20} MiB are free")
    return Component(True, "can be written")


def scheduler(service: Heartbeat | None, now: float) -> Component:
    """Whether the schedules are followed. *now*: `time.monotonic()`."""
    if service is None:
        return Component(True, "not run by this process")
    if service.trouble:
        return Component(False, service.trouble)
    if not service.beat:
        return Component(False, "has not begun yet")
    silent = now - service.beat
    return Component(silent <= SILENT_SECONDS, f"looked at the ledger {silent:.0f} seconds ago")
