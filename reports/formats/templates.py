"""The templates that are packaged with the report formats, rendered so that no value can become markup."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from reports import text
from reports.formats.pdf_details import account_label
from reports.sanitize import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "reports.formats"


def environment(**more: object) -> Environment:
    """The environment of report templates: every text escaped and sanitized; *more* adds globals."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(packaged),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.globals.update({"words": text, "account_label": account_label, **more})
    return made


def packaged(name: str) -> str:
    """The text of a file in the package of the formats."""
    return resources.files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _shown(value: object) -> object:
    """Applied to every expression of a template: text without invisible characters."""
    return visible(value) if type(value) is str else value
