"""Templates → pages, the labels that they share, and pages for errors. Everything is escaped, and names from outside
are made visible.
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
    JobState.MISSED: "Missed", JobState.TIMED_OUT: "Took too long", JobState.CANCELLED: "Cancelled",
    JobState.COALESCED: "Left to another",
}  # fmt: skip
STATE_MARKS: Mapping[JobState, str] = {
    JobState.WAITING: "◌", JobState.RUNNING: "▶", JobState.DONE: "✔", JobState.FAILED: "✘", JobState.MISSED: "✘",
    JobState.TIMED_OUT: "✘", JobState.CANCELLED: "–", JobState.COALESCED: "–",
}  # fmt: skip
"""A shape for each, so that colour is never the only sign."""


STATIC = ("page.css", "page.js", "mark.svg")
"""Files that pages ask for, beside this package in `static/`."""


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
    """The page that *template* makes of *values*. Pages are of one person and one moment: nobody keeps them."""
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
    """Its address, which changes with its contents, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"


_WORDS = {
    400: ("That cannot be done so", "Go back, correct what is named here, and send it again."),
    401: ("Sign in first", "Whoever runs this service hands out tokens, or its proxy asks for your account."),
    403: ("You may not do that", "Ask whoever runs this service for a role that may, or load the page anew."),
    404: ("There is no such page", "The address may be of a run that is no longer kept. Begin at the list of runs."),
    405: ("That cannot be done so", "Begin at the first page, and use its links and buttons."),
    408: ("The request took too long", "Send it again."),
    413: ("That is too long", "Shorten it and send it again."),
    422: ("That cannot be read", "Go back, correct the address or the form, and send it again."),
    429: ("Too much at once", "Wait a minute, then try again; nothing was lost."),
    500: ("Something went wrong here", "Try again. If it stays, the service's log tells more for this moment."),
    503: ("The store does not answer", "Try again in a minute; `ecr-audit store verify` tells what is wrong with it."),
}  # fmt: skip


def error_page(request: Request, status: int, detail: str = "") -> Response:
    """The page for *status*; *detail*: what is wrong with this very request, in a sentence."""
    title, advice = _WORDS.get(status, _WORDS[500] if status >= 500 else _WORDS[400])
    return page(request, "error.html.j2", status=status, number=status, title=title, advice=advice, detail=detail)
