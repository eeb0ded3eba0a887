"""Columns of the `links` table about creation templates at the destination."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from audit.tables.documents import Template
from audit.tables.frames import compact
from audit.tables.known import Known
from checks.model import RegistryId
from checks.requirements import is_covered


def template_columns(known: Known, destination: RegistryId, prefixes: Sequence[str]) -> dict[str, Any]:
    """Whether repositories that replication creates under *prefixes* all get a template's settings."""
    parsed = known.templates.get(destination)
    if parsed is None or parsed.value is None:
        return {"template_covers_rule": None, "template_uncovered": None}
    uncovered = uncovered_prefixes(prefixes, parsed.value)
    return {"template_covers_rule": not uncovered, "template_uncovered": compact(uncovered)}


def uncovered_prefixes(prefixes: Iterable[str], templates: Iterable[Template]) -> list[str]:
    """Replication prefixes that match names which no template for replication covers.

    ECR user guide, repository-creation-templates.html: a template's prefix has an implied trailing `/`, so `prod`
    covers `prod/api` and neither `prod-x` nor `prod`; ROOT covers what no other template does.
    """
    covering = [template.prefix for template in templates if template.for_replication]
    if "ROOT" in covering:
        return []
    return [prefix for prefix in prefixes if not is_covered(prefix, (f"{each}/" for each in covering))]
