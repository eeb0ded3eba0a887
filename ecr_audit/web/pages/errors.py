"""Pages for what went wrong: what it was, and what to do."""

from __future__ import annotations

from fastapi import Request, Response

from ecr_audit.web.pages.rendering import page

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
    503: ("The store does not answer", "Try again in a minute; `ecr-audit store check` tells what is wrong with it."),
}  # fmt: skip


def error_page(request: Request, status: int, detail: str = "") -> Response:
    """The page for *status*; *detail*: what is wrong with this very request, in a sentence."""
    title, advice = _WORDS.get(status, _WORDS[500] if status >= 500 else _WORDS[400])
    return page(request, "error.html.j2", status=status, number=status, title=title, advice=advice, detail=detail)
