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
from checks.tables.organization import ACCOUNTS, GAPS, REGIONS, WAIVERS
from checks.tables.registries import REGISTRIES
from checks.tables.replicas import REPLICAS
from checks.tables.repositories import REPOSITORIES
from checks.tables.rules import RULES
from checks.tables.schema import Column, Table, Type
from checks.tables.templates import TEMPLATES

__all__ = [
    "ACCOUNTS",
    "GAPS",
    "GRANTS",
    "IMAGES",
    "LINKS",
    "REGIONS",
    "REGISTRIES",
    "REPLICAS",
    "REPOSITORIES",
    "RULES",
    "TABLES",
    "TEMPLATES",
    "WAIVERS",
    "Column",
    "Table",
    "Type",
]  # fmt: skip

TABLES: tuple[Table, ...] = (
    ACCOUNTS, REGIONS, REGISTRIES, RULES, LINKS, GRANTS, TEMPLATES, REPOSITORIES, REPLICAS, IMAGES, GAPS,
    WAIVERS,
)  # fmt: skip
"""Every declared table, in reading order."""
