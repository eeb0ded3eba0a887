"""The declared tables: the facts that checks evaluate, with the meaning of every column.

Conventions that hold in every table:

- **Null means unknown**: it could not be read, parsed or evaluated; see the `gaps` table. A fact that is null is UNKNOWN.
- **Empty text means known to be none**: an empty `registry_policy` was read, and there is no policy.
- AWS documents (policies, rules, templates) are JSON text exactly as AWS returned it; other lists are compact JSON text.
- Account ids are text of twelve digits. Times are UTC and end in `_at`.
"""

from __future__ import annotations

from checks.tables.grants import GRANTS
from checks.tables.images import IMAGES
from checks.tables.links import LINKS
from checks.tables.organization import ACCOUNTS, GAPS, REGIONS, UNKNOWN_ROWS, WAIVERS
from checks.tables.registries import REGISTRIES
from checks.tables.replicas import REPLICAS
from checks.tables.repositories import REPOSITORIES
from checks.tables.rules import RULES
from checks.tables.schema import Column, Table, Type
from checks.tables.templates import TEMPLATES

__all__ = [
    "ACCOUNTS",
    "FILLED_LAST",
    "GAPS",
    "GRANTS",
    "IMAGES",
    "LINKS",
    "NOUNS",
    "REGIONS",
    "REGISTRIES",
    "REPLICAS",
    "REPOSITORIES",
    "RULES",
    "TABLES",
    "TEMPLATES",
    "UNKNOWN_ROWS",
    "WAIVERS",
    "Column",
    "Table",
    "Type",
]  # fmt: skip

TABLES: tuple[Table, ...] = (
    ACCOUNTS, REGIONS, REGISTRIES, RULES, LINKS, GRANTS, TEMPLATES, REPOSITORIES, REPLICAS, IMAGES, GAPS,
    WAIVERS, UNKNOWN_ROWS,
)  # fmt: skip
"""Every declared table, in reading order."""

FILLED_LAST = (WAIVERS, UNKNOWN_ROWS)
"""Tables about the results of checks: they are filled after the checks of evidence."""

NOUNS = {
    "accounts": ("account", "accounts"),
    "regions": ("Region", "Regions"),
    "registries": ("registry", "registries"),
    "rules": ("rule", "rules"),
    "links": ("link", "links"),
    "grants": ("statement", "statements"),
    "templates": ("template", "templates"),
    "repositories": ("repository", "repositories"),
    "replicas": ("replica", "replicas"),
    "images": ("image", "images"),
    "waivers": ("waiver", "waivers"),
}
"""Table → what one row, and several rows, of it are called."""
