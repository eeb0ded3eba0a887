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
    """Whether the destination signs anything of what the source signs and the link copies.

    ECR API reference, API_SigningRule: a rule without filters signs every image; `*` in a filter is any run of
    characters, and the filter is about the whole name.
    """
    if known.baseline.registries.signing is None:
        return {"signing_declared": False, "destination_signs": None, "signing_problem": None}
    there, _ = _signs(known, source, prefixes)
    here, problem = _signs(known, destination, prefixes)
    told = problem if here is None else "" if here else "the destination has no signing rule for what is copied"
    return {"signing_declared": there, "destination_signs": here, "signing_problem": told}


def _signs(known: Known, registry: RegistryId, prefixes: Sequence[str]) -> tuple[bool | None, str]:
    """Whether a signing rule of *registry* takes a name with one of *prefixes*; None: not known, and why."""
    record = known.registry(registry)
    text = record.signing_configuration if record else None
    if text is None:
        return None, "its signing configuration was not read"
    parsed = parse_object(text, "the signing configuration")
    rules = (parsed.value or {}).get("rules") or []
    if parsed.problem or not isinstance(rules, list):
        return None, parsed.problem or "the signing configuration could not be understood"
    names = [f"{prefix}*" for prefix in prefixes]
    return any(isinstance(rule, dict) and _takes(rule, names) for rule in rules), ""


def _takes(rule: dict[str, Any], names: Sequence[str]) -> bool:
    filters = [str(each.get("filter")) for each in rule.get("repositoryFilters") or () if isinstance(each, dict)]
    return not filters or overlap(filters, names)
