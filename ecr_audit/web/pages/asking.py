"""What pages ask the desk for, with what is wrong turned into the page that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from fastapi import HTTPException, Request
from sqlalchemy.exc import SQLAlchemyError

from audit.model import Run
from audit.store import NoSuchRunError, StoreError
from audit.store.errors import first_line
from checks.model import Finding
from ecr_audit.web.desk import BusyError, Desk, UnknownError
from ecr_audit.web.pages.findings_index import FindingsIndex, Indexes
from reports.view import ReportView

_INDEXES = Indexes()


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that a page is about."""

    run: Run
    view: ReportView
    index: FindingsIndex


def desk_of(request: Request) -> Desk:
    """The desk that the application was made with."""
    return cast("Desk", request.app.state.desk)


@contextmanager
def told() -> Iterator[None]:
    """What the desk refuses, as the error page that says so."""
    try:
        yield
    except (NoSuchRunError, UnknownError) as error:
        raise HTTPException(404, str(error)) from error
    except BusyError as error:
        raise HTTPException(429, str(error)) from error
    except (StoreError, SQLAlchemyError) as error:
        detail = str(error) if isinstance(error, StoreError) else f"the store does not answer: {first_line(error)}"
        raise HTTPException(503, f"{detail}; try again, and look at the service's log if it stays") from error


def kept(request: Request, run_id: str) -> Kept:
    """The run called so. Raises HTTPException: 404 where there is none, 503 where it cannot be read."""
    with told():
        opened = desk_of(request).opened(run_id)
    return Kept(opened.run, opened.view, _INDEXES.of(opened.run, opened.view))


def finding_of(of: Kept, fingerprint: str) -> Finding:
    """The finding of a run. Raises HTTPException 404."""
    found = of.index.by_fingerprint.get(fingerprint)
    if found is None:
        raise HTTPException(
            404, f"run {of.run.id} has no finding {fingerprint}; it may be fixed, or belong to another run"
        )
    return found
