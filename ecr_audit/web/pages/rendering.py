"""Templates → pages. Everything is escaped, and names from outside are made visible before they are."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from checks.model import Severity, Status
from ecr_audit.web.csrf import csrf
from ecr_audit.web.pages import addresses, labels, prose, values
from ecr_audit.web.users import Role
from reports import words
from reports.formats.pdf_details import account_label
from reports.visible import visible

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
        words=words, to=addresses, prose=prose, values=values, account_label=account_label, csrf=csrf,
        severities=tuple(Severity), Status=Status, static=static_address, Role=Role,
        job_words=labels.STATE_WORDS, job_marks=labels.STATE_MARKS,
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
