"""Renders templates and error pages, with shared labels. All values are escaped, and invisible characters are made
visible.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from checks.model import Severity, Status
from ecr_audit.web.pages import evidence, markup, urls
from ecr_audit.web.security.csrf import csrf
from ecr_audit.web.security.roles import Role
from reports import text
from reports.formats.pdf_details import account_label
from reports.sanitize import visible
from schedules.jobs.queue import JobState

STATE_WORDS: Mapping[JobState, str] = {
    JobState.WAITING: "Waiting", JobState.RUNNING: "Running", JobState.DONE: "Done", JobState.FAILED: "Failed",
    JobState.MISSED: "Missed", JobState.TIMED_OUT: "Timed out", JobState.CANCELLED: "Cancelled",
    JobState.COALESCED: "Merged with another job",
}  # fmt: skip
STATE_MARKS: Mapping[JobState, str] = {
    JobState.WAITING: "◌", JobState.RUNNING: "▶", JobState.DONE: "✔", JobState.FAILED: "✘", JobState.MISSED: "✘",
    JobState.TIMED_OUT: "✘", JobState.CANCELLED: "–", JobState.COALESCED: "–",
}  # fmt: skip
"""A shape for each, so that colour is never the only sign."""


STATIC = ("page.css", "page.js", "mark.svg")
"""Files in `static/` that pages use."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of all pages."""
    made = Environment(
        loader=PackageLoader("ecr_audit.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=lambda value: visible(value) if type(value) is str else value,
    )  # fmt: skip
    made.globals.update(
        words=text, to=urls, prose=markup, values=evidence, account_label=account_label, csrf=csrf,
        severities=tuple(Severity), Status=Status, static=static_address, Role=Role,
        job_words=STATE_WORDS, job_marks=STATE_MARKS,
    )  # fmt: skip
    made.filters["visible"] = visible
    return made


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page rendered from *template* with *values*. Pages are specific to a user and must not be cached."""
    html = (
        environment()
        .get_template(template)
        .render(request=request, user=getattr(request.state, "user", None), **values)
    )
    return HTMLResponse(html, status, headers={"Cache-Control": "private, no-cache"})


@lru_cache(maxsize=len(STATIC))
def static_file(name: str) -> bytes:
    """A file of `STATIC`."""
    return resources.files("ecr_audit.web").joinpath("static", name).read_bytes()


@lru_cache(maxsize=len(STATIC))
def static_address(name: str) -> str:
    """Its URL, which changes with its contents, so that browsers can cache it."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"


_WORDS = {
    400: ("Bad request", "Go back, correct the input and submit it again."),
    401: ("Sign-in required", "Sign in with a token from the administrator, or through the proxy of this service."),
    403: ("Access denied", "Ask the administrator for a role with this permission, or reload the page."),
    404: ("Page not found", "The run may have been deleted. See the list of runs."),
    405: ("Method not allowed", "Go to the overview and use its links and buttons."),
    408: ("Request timeout", "Submit it again."),
    413: ("Request too large", "Shorten the input and submit it again."),
    422: ("Invalid input", "Go back, correct the URL or the form and submit it again."),
    429: ("Too many requests", "Wait a minute, then try again."),
    500: ("Internal error", "Try again. If the error persists, see the log of the service."),
    503: ("Service unavailable", "Try again in a minute. `ecr-audit store verify` checks the store."),
}  # fmt: skip


def error_page(request: Request, status: int, detail: str = "") -> Response:
    """The error page for *status*; *detail*: what is wrong with the request, as a sentence."""
    title, advice = _WORDS.get(status, _WORDS[500] if status >= 500 else _WORDS[400])
    return page(request, "error.html.j2", status=status, number=status, title=title, advice=advice, detail=detail)
