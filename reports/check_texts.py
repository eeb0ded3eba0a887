"""The words about a check: its title, why it matters, how to mend it; read from the check's own module.

A stored run may hold results of a check that this program no longer has (or does not have yet): such a check is
reported under its id, without prose, and never dropped.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.model import Severity

if TYPE_CHECKING:
    from checks.model import Check
    from checks.suites import OwnExpectation

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
    """What a report says about one check, whatever its result."""

    id: str
    title: str
    """What holds when the check passes; the id where the program does not know the check."""
    aliases: tuple[str, ...] = ()
    severity: Severity | None = None
    """Declared severity of a failure; None where the program does not know the check."""
    table: str = ""
    """Name of the judged table; empty where not known."""
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


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Check]:
    from checks.catalog import CHECKS

    return {check.id: check for check in CHECKS}


@lru_cache(maxsize=1024)
def check_text(check_id: str) -> CheckText:
    """The words about the check with this id."""
    check = _catalogue().get(check_id)
    if check is None:
        return CheckText(id=check_id, title=check_id)
    sections = doc_sections(importlib.import_module(_module_name(check_id)).__doc__ or "")
    return CheckText(
        id=check.id,
        title=check.title,
        aliases=check.aliases,
        severity=check.severity,
        table=check.table.name,
        permissions=check.permissions,
        controls=check.controls,
        **sections,
    )


def own_text(own: OwnExpectation) -> CheckText:
    """The words about an expectation of the organization's own: what its suite says, and where it stands."""
    asked = json.dumps(dict(own.arguments), ensure_ascii=False, default=str)
    when = f" Only rows where {' and '.join(own.when)}." if own.when else ""
    return CheckText(
        id=own.id,
        title=own.title,
        severity=own.severity,
        table=own.table,
        what=f"{own.type} over the table {own.table}, with {asked}.{when}" if own.type else "",
        fix="\n\n".join(own.remediation),
        references=f"The organization's own suite {own.file}.",
    )


def _module_name(check_id: str) -> str:
    group, _, name = check_id.partition(".")
    return f"checks.{group}.{name.replace('-', '_')}"


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


def paragraphs(text: str) -> tuple[str, ...]:
    """Paragraphs and list entries of a doc section, each on one line, list marks kept as `•`."""
    blocks: list[str] = []
    for chunk in re.split(r"\n\s*\n", text):
        for line in chunk.split("\n"):
            entry = re.match(r"^(?:[-*]|\d+\.)\s+(.*)$", line)
            if entry:
                blocks.append(f"• {entry[1]}")
            elif blocks and line and line is not chunk.split("\n")[0]:
                blocks[-1] += f" {line}"
            elif line:
                blocks.append(line)
    return tuple(plain(block) for block in blocks)


def plain(text: str) -> str:
    """Prose without its mark-up: backquotes around code and stars around stressed words go, the words stay."""
    text = re.sub(r"`+([^`]*)`+", r"\1", text)
    return " ".join(re.sub(r"(?<![\w*/])\*{1,2}(\w[^*]*\w)\*{1,2}(?![\w*])", r"\1", text).split())
