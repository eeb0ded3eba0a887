"""Columns of the `registries` table about what the baseline asks of registries that take part in replication."""

from __future__ import annotations

import json
from typing import Any

from audit.tables.frames import compact
from audit.tables.known import Known
from checks.model import RegistryId


def setting_columns(known: Known, key: RegistryId, *, destination: bool | None) -> dict[str, Any]:
    """Blob mounting and pull-time exclusions; *destination*: whether copies arrive there, or shall."""
    record, wanted = known.parts[key].registry, known.baseline.registries
    part = takes_part(known, key, destination=destination)
    mounting = wanted.blob_mounting
    expected = _principals(known, key)
    held = _texts(record.pull_time_exclusions)
    missing = None if held is None else [each for each in expected if each not in held]
    return {
        "takes_part": part,
        "blob_mounting_declared": part if mounting else False,
        "expected_blob_mounting": mounting or "",
        "blob_mounting_as_declared": record.blob_mounting == mounting if mounting and record.blob_mounting else None,
        "pull_time_exclusions_declared": part if expected else False,
        "pull_time_exclusions_present": None if missing is None or not expected else not missing,
        "missing_pull_time_exclusions": None if missing is None else compact(missing),
    }


def takes_part(known: Known, key: RegistryId, *, destination: bool | None) -> bool | None:
    """Whether a registry is a source or a destination, by a rule or by the baseline."""
    rules, demands = known.rules[key].value, known.demands.get(key, ())
    if destination or rules or any(demand.certain for demand in demands):
        return True
    return None if destination is None or rules is None or demands else False


def _principals(known: Known, key: RegistryId) -> list[str]:
    """Who is to be excluded there; a principal of another partition cannot exist in the registry's."""
    filled = [each.replace("{account}", key[0]) for each in known.baseline.registries.pull_time_exclusions]
    partition = known.parts[key].registry.partition
    return [each for each in dict.fromkeys(filled) if each.split(":")[1:2] == [partition]]


def _texts(text: str | None) -> frozenset[str] | None:
    """The members of a JSON array of text; None where it was not read or is something else."""
    try:
        members = json.loads(text or "[]") if text is not None else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, list) or not all(isinstance(member, str) for member in members):
        return None
    return frozenset(members)
