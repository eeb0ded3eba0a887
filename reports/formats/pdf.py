"""report.pdf: a summary for managers, evidence for auditors and remediation for engineers.

Jinja2 writes the HTML with autoescape, WeasyPrint renders it. Nothing is fetched: the stylesheet is packaged and put
into the page, and any other request ends the rendering with an error. The document is tagged (PDF/UA-1), its dates are
those of the run and its id is that of the run, so the same run gives the same bytes with the same fonts installed.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from audit.model import Run
from checks.model import Severity, Status
from reports import text
from reports.formats import pdf_content
from reports.formats.templates import environment, packaged
from reports.view import ReportView


class ReportError(RuntimeError):
    """The PDF could not be rendered; the message says why."""


ACCESSIBLE, ARCHIVE = "pdf/ua-1", "pdf/a-2a"
"""Variants: tagged for screen readers; tagged and self-contained for long-term archiving."""


def render(run: Run, view: ReportView, *, archive: bool = False) -> dict[str, bytes]:
    """`report.pdf` of one run; with *archive* as PDF/A-2a (ISO 19005-2).

    Raises ReportError where the template asks for anything that is not packaged.
    """
    return {"report.pdf": to_pdf(page(run, view), identifier=run.id, at=run.finished_at, archive=archive)}


def page(run: Run, view: ReportView, template_name: str = "report.html.j2", **more: object) -> str:
    """The HTML of the report, complete in itself."""
    template = environment(**_GLOBALS).get_template(template_name)
    return template.render(
        run=run,
        view=view,
        content=pdf_content.content_of(run, view),
        css=packaged("report.css"),
        severities=tuple(Severity),
        Status=Status,
        **more,
    )


def to_pdf(html: str, *, identifier: str, at: dt.datetime, archive: bool = False) -> bytes:
    """Render HTML as a tagged PDF with this document id and date."""
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError

    try:
        with _source_date(at):
            document = HTML(string=html, base_url=None, url_fetcher=refuse_all)
            data: bytes = document.write_pdf(
                pdf_variant=ARCHIVE if archive else ACCESSIBLE, pdf_identifier=identifier.encode()
            )
    except FatalURLFetchingError as error:  # not an Exception, so that WeasyPrint itself does not swallow it
        raise ReportError(str(error)) from error
    return data


@contextmanager
def _source_date(at: dt.datetime) -> Iterator[None]:
    """Let fontTools write this time, not the clock's, into the fonts that it cuts down (SOURCE_DATE_EPOCH)."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(text.in_utc(at).timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def refuse_all(url: str, *_args: object, **_more: object) -> Any:
    """The url_fetcher: a report needs nothing from outside, so any request is a defect or an attack."""
    from weasyprint.urls import FatalURLFetchingError

    raise FatalURLFetchingError(f"the report asked for {url[:200]}, and reports fetch nothing")


def bar_widths(parts: tuple[int, ...]) -> tuple[float, ...]:
    """Shares of a bar in percent; every part that is not zero is at least 1.5 wide, so that it is visible."""
    whole = sum(parts)
    if not whole:
        return tuple(0.0 for _ in parts)
    wide = [max(100 * part / whole, 1.5) if part else 0.0 for part in parts]
    return tuple(round(100 * one / sum(wide), 2) for one in wide)


_GLOBALS = {
    "severity_word": lambda severity: text.SEVERITY_WORDS[severity],
    "severity_mark": lambda severity: text.SEVERITY_MARKS[severity],
    "places_text": pdf_content.places_text,
    "bar_widths": bar_widths,
    "bounds": pdf_content,
}
"""Functions and values of the PDF templates, besides those of every template."""
