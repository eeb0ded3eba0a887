"""The documentation of a check: its title, why it matters, how to fix it; read from the check's module.

A run stores it for every check that it evaluated, so a later report of that run has the texts of its time,
whatever version is installed then.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.model import Severity

if TYPE_CHECKING:
    from checks.custom.files import CustomCheck
    from checks.model import Check

_HEADINGS = {
    "what it checks": "what",
    "why it matters": "why",
    "how to fix": "fix",
    "limits of the check": "limits",
    "limits of this check": "limits",
    "limits": "limits",
    "references": "references",
}
_HEADING = re.compile(r"^[#*\s]*(?P<title>[A-Za-z][A-Za-z ]+?)[*:\s]*$")
_UNDERLINE = re.compile(r"^\s*([-=~^])\1{2,}\s*$")


@dataclass(frozen=True, slots=True)
class CheckText:
    """The documentation of one check, independent of its result."""

    id: str
    title: str
    """What holds when the check passes; the id where the run does not know the check."""
    aliases: tuple[str, ...] = ()
    severity: Severity | None = None
    """Declared severity of a failure; None where the run does not know the check."""
    table: str = ""
    """Name of the evaluated table; empty where not known."""
    what: str = ""
    why: str = ""
    fix: str = ""
    limits: str = ""
    references: str = ""
    permissions: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


def text_of(check: Check) -> CheckText:
    """The documentation of a built-in check. Its page is the docstring of its module."""
    group, _, name = check.id.partition(".")
    page = importlib.import_module(f"checks.{group}.{name.replace('-', '_')}").__doc__ or ""
    return CheckText(
        id=check.id,
        title=check.title,
        aliases=check.aliases,
        severity=check.severity,
        table=check.table.name,
        permissions=check.permissions,
        controls=check.controls,
        **doc_sections(page),
    )


def text_of_own(own: CustomCheck) -> CheckText:
    """The documentation of a custom check, from its file."""
    asked = json.dumps(dict(own.arguments), ensure_ascii=False, default=str)
    when = f" Applies to rows where {' and '.join(own.when)}." if own.when else ""
    return CheckText(
        id=own.id,
        title=own.title,
        severity=own.severity,
        table=own.table,
        what=f"{own.type} over the table {own.table}, with {asked}.{when}" if own.type else "",
        fix="\n\n".join(own.remediation),
        references=f"Custom check file {own.file}.",
    )


def doc_sections(docstring: str) -> dict[str, str]:
    """The sections of a doc page by field name of `CheckText`; headings as Markdown, with a colon or underlined."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in docstring.splitlines():
        if _UNDERLINE.match(line):
            continue
        match = _HEADING.match(line)
        field = _HEADINGS.get(match["title"].lower()) if match else None
        if field is None:
            current.append(line.strip())
        else:
            current = sections.setdefault(field, [])
    return {field: "\n".join(lines).strip() for field, lines in sections.items()}
