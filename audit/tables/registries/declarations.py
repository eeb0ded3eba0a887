"""Columns of the `registries` table about the baseline: which registries may have repositories, which must
replicate, and which settings are required.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from audit.tables.evidence_index import AppliedRequirement, EvidenceIndex
from audit.tables.frames import compact
from checks.baseline.places import applies_to, in_units
from checks.baseline.requirements import destinations_of
from checks.baseline.sections import Requirement
from checks.iam.three_valued import Truth, every, some
from checks.model import RegistryId


def declaration_columns(index: EvidenceIndex, key: RegistryId) -> dict[str, Any]:
    """Whether the baseline allows repositories in the registry, and what the account must replicate because of its
    unit."""
    part = index.parts[key]
    names: Sequence[str] = part.repositories["repository"]
    holds: Truth = True if names else False if part.registry.repositories_read else None
    in_scope = key in index.in_scope
    baseline = index.baseline
    forbidden = baseline.undeclared_registries == "forbidden"
    applied_requirements = [
        applied for applied in index.applied_requirements.get(key, ()) if _by_unit(index, applied, key[0]) is not False
    ]
    return {
        "declaration_required": every((in_scope and forbidden, holds)),
        **_declaring(index, key),
        "region_restricted": every((in_scope and bool(baseline.allowed_regions), holds)),
        "disallowed_region": key[1] if baseline.allowed_regions and key[1] not in baseline.allowed_regions else "",
        "allowed_regions": compact(list(baseline.allowed_regions)),
        "member_replication_required": some(
            every((_by_unit(index, applied, key[0]), _any_begins(names, applied, holds)))
            for applied in applied_requirements
        ),
        "member_required_by": compact(
            list(dict.fromkeys(applied.requirement.name for applied in applied_requirements))
        ),
        "member_flows": compact(
            [_flow(applied, pair) for applied in applied_requirements for pair in applied.destinations]
        ),
    }


def _declaring(index: EvidenceIndex, key: RegistryId) -> dict[str, Any]:
    """The requirements that name the registry; their count is null where none certainly does, and one may."""
    found = {one.name: _names_registry(index, one, key) for one in index.baseline.replication}
    names = [name for name, is_named in found.items() if is_named]
    return {
        "declaring_requirements": compact(names),
        "declaring_requirement_count": None if not names and None in found.values() else len(names),
    }


def _names_registry(index: EvidenceIndex, requirement: Requirement, key: RegistryId) -> Truth:
    """Whether *requirement* has the registry as source, or as destination of any other source."""
    account, region = key
    if key in {(one.account, one.region) for one in requirement.destinations}:
        return True
    leads_away = any(pair != key for pair in destinations_of(requirement, account))
    as_source = _is_source(index, requirement, account, region) if leads_away else False
    same = any((one.account, one.region) == ("same", region) for one in requirement.destinations)
    # Another Region of the account, which replicates to this one; without Regions: all.
    other = next((one for one in requirement.sources.regions if one != region), "")
    if not same or (requirement.sources.regions and not other):
        return as_source
    return some((as_source, _is_source(index, requirement, account, other)))


def _is_source(index: EvidenceIndex, requirement: Requirement, account: str, region: str) -> Truth:
    return applies_to(requirement.sources, index.place(RegistryId(account, region)))


def _by_unit(index: EvidenceIndex, applied: AppliedRequirement, account: str) -> Truth:
    """Whether the requirement applies to *account* because of its organizational unit."""
    sources = applied.requirement.sources
    if not sources.ous or account in sources.accounts:
        return False
    ou_path, organization_path = index.paths(account)
    return in_units(sources.ous, ou_path=ou_path, organization_path=organization_path)


def _any_begins(names: Iterable[str], applied: AppliedRequirement, holds: Truth) -> Truth:
    if any(name.startswith(applied.prefixes) for name in names):
        return True
    return None if holds is None else False


def _flow(applied: AppliedRequirement, destination: RegistryId) -> dict[str, Any]:
    return {
        "account": destination[0],
        "region": destination[1],
        "prefixes": list(applied.prefixes),
        "delete_replication": applied.requirement.delete_replication,
    }


def setting_columns(index: EvidenceIndex, key: RegistryId, *, destination: bool | None) -> dict[str, Any]:
    """Blob mounting and pull-time exclusions; *destination*: whether it receives replicas, or is required to."""
    record, wanted = index.parts[key].registry, index.baseline.registries
    part = takes_part(index, key, destination=destination)
    mounting = wanted.blob_mounting
    expected = _principals(index, key)
    held = _texts(record.pull_time_exclusions)
    missing = None if held is None else [each for each in expected if each not in held]
    return {
        "takes_part": part,
        "blob_mounting_required": part if mounting else False,
        "expected_blob_mounting": mounting or "",
        "pull_time_exclusions_required": part if expected else False,
        "missing_pull_time_exclusions": None if missing is None else compact(missing),
    }


def takes_part(index: EvidenceIndex, key: RegistryId, *, destination: bool | None) -> bool | None:
    """Whether a registry is a source or a destination, by a rule or by the baseline."""
    replicated, applied_requirements = index.replicates_to(key), index.applied_requirements.get(key, ())
    if destination or replicated or any(applied.certain for applied in applied_requirements):
        return True
    return None if destination is None or replicated is None or applied_requirements else False


def _principals(index: EvidenceIndex, key: RegistryId) -> list[str]:
    """The principals to exclude; a principal of another partition cannot exist in the registry's partition."""
    filled = [each.replace("{account}", key[0]) for each in index.baseline.registries.pull_time_exclusions]
    partition = index.parts[key].registry.partition
    return [each for each in dict.fromkeys(filled) if each.split(":")[1:2] == [partition]]


def _texts(text: str | None) -> frozenset[str] | None:
    """The members of a JSON array of text; None where it was not read or is malformed."""
    try:
        members = json.loads(text or "[]") if text is not None else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, list) or not all(isinstance(member, str) for member in members):
        return None
    return frozenset(members)
