"""The templates that are packaged with the report formats, filled so that nothing in them can become markup."""

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
    """Where templates of reports are filled: every text escaped and made visible, *more* known by name."""
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
    """The text of a file that is shipped with the formats."""
    return resources.files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _shown(value: object) -> object:
    """What every expression of a template passes through: text without anything invisible in it."""
    return visible(value) if type(value) is str else value
