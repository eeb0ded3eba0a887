"""Columns of the `links` table about managed signing at both ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.tables.documents import parse_object
from audit.tables.known import Known
from audit.tables.wildcards import overlap
from checks.model import RegistryId


def signing_columns(
    known: Known, source: RegistryId, destination: RegistryId, prefixes: Sequence[str]
) -> dict[str, Any]:
    """How many signing rules of the destination select what the link replicates, where the source signs it.

    ECR API reference, API_SigningRule: a rule without filters signs every image; `*` in a filter is any run of
    characters, and the filter is about the whole name.
    """
    if known.baseline.registries.signing is None:
        return {"signing_required": False, "destination_signing_rules": None, "signing_rules_unknown": None}
    there, _ = _signing_rules(known, source, prefixes)
    here, unknown = _signing_rules(known, destination, prefixes)
    return {
        "signing_required": None if there is None else there > 0,
        "destination_signing_rules": here,
        "signing_rules_unknown": unknown,
    }


def _signing_rules(known: Known, registry: RegistryId, prefixes: Sequence[str]) -> tuple[int | None, str]:
    """Signing rules of *registry* that select a name with one of *prefixes*; None: unknown, and why."""
    record = known.registry(registry)
    text = record.signing_configuration if record else None
    if text is None:
        return None, "its signing configuration was not read"
    parsed = parse_object(text, "the signing configuration")
    rules = (parsed.value or {}).get("rules") or []
    if parsed.problem or not isinstance(rules, list):
        return None, parsed.problem or "the signing configuration could not be understood"
    names = [f"{prefix}*" for prefix in prefixes]
    return sum(isinstance(rule, dict) and _takes(rule, names) for rule in rules), ""


def _takes(rule: dict[str, Any], names: Sequence[str]) -> bool:
    filters = [str(each.get("filter")) for each in rule.get("repositoryFilters") or () if isinstance(each, dict)]
    return not filters or overlap(filters, names)
