"""Columns of the `links` table about both ends: accounts, Regions, environments, managed signing, creation
templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from audit.tables.documents import Template, parse_object
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact
from audit.tables.replica_pairs import is_expected
from checks.baseline.requirements import Placement, destination_allowed, environment_of, is_covered
from checks.model import RegistryId
from checks.wildcards import overlap


@cache
def ecr_regions() -> Mapping[str, str]:
    """Region name → partition, for every Region in which botocore lists ECR.

    botocore is imported here and not above: it is slow to import and not needed to read a stored run.
    """
    import botocore.session

    session = botocore.session.Session()
    return {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition_name=partition)
    }


_USABLE = ("ENABLED", "ENABLED_BY_DEFAULT")


def region_columns(index: EvidenceIndex, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
    """Whether the destination's Region exists in the source's partition.

    ECR user guide, replication.html: replication does not cross partitions. A Region that is newer than the SDK is
    valid where AWS listed it for an account of this run.
    """
    partition = index.parts[source].registry.partition
    found = ecr_regions().get(destination[1])
    if found is None and any(record.region == destination[1] for record in index.evidence.regions):
        found = partition
    problem = ""
    if found is None:
        problem = f"{destination[1]} is not a Region in which the AWS SDK lists ECR"
    elif found != partition:
        problem = f"{destination[1]} belongs to the partition {found}, and the source to {partition}"
    return {
        "destination_region_valid": not problem,
        "destination_partition": found or "",
        "destination_region_problem": problem,
    }


def enabled_columns(index: EvidenceIndex, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
    """The Regions at both ends that are not enabled in their accounts.

    ECR user guide, replication.html: replication into or out of a Region needs it enabled in the account. Account
    Management API reference, Region: in a Region that is being enabled or disabled, requests may fail.
    """
    statuses = {pair: index.region_statuses.get(pair) for pair in (source, destination)}
    unusable = {
        f"{account}/{region}": status
        for (account, region), status in statuses.items()
        if status not in (None, *_USABLE)
    }
    return {"regions_not_enabled": _listed(unusable, complete=None not in statuses.values())}


def can_receive(index: EvidenceIndex, source: RegistryId, destination: RegistryId) -> bool:
    """False where nothing arrives at *destination* from *source*, whatever the rules and grants.

    Its account is not active, its Region is not enabled there, or replication from this partition does not reach it;
    `organization.accounts-active`, `organization.region-enabled` and `rules.destination-region-valid` report that. A
    state that was not read does not count.
    """
    return (
        index.state(destination[0]) in (None, "ACTIVE")
        and index.region_statuses.get(destination) in (None, *_USABLE)
        and bool(region_columns(index, source, destination)["destination_region_valid"])
    )


def account_columns(index: EvidenceIndex, source: str, destination: str) -> dict[str, Any]:
    """States of both accounts, and whether the destination account is a member, a partner or an outsider."""
    states = {account: index.state(account) for account in (source, destination)}
    inactive = {account: state for account, state in states.items() if state not in (None, "ACTIVE")}
    return {
        "destination_membership": _membership(index, source, destination),
        "source_account_state": states[source],
        "destination_account_state": states[destination],
        "inactive_accounts": _listed(inactive, complete=None not in states.values()),
        "cross_account": source != destination,
    }


def _membership(index: EvidenceIndex, source: str, destination: str) -> str | None:
    inside = True if source == destination else index.is_member(destination)
    if inside:
        return "organization"
    if destination in index.baseline.grants.external_accounts:
        return "partner"
    return None if inside is None else "outside"


def _listed(found: Mapping[str, str | None], *, complete: bool) -> str | None:
    """`name (STATE)` of each, JSON array; None where nothing was found and not everything was read."""
    return compact([f"{name} ({state})" for name, state in found.items()]) if found or complete else None


def bound_columns(
    index: EvidenceIndex, source: RegistryId, destination: RegistryId, *, present: bool | None
) -> dict[str, Any]:
    """The Region where the baseline does not allow it, and the environments of both accounts."""
    here, there = (_placement(index, registry) for registry in (source, destination))
    placed = False if here is False or there is False else None if here is None or there is None else True
    return {
        "region_restricted": present if index.baseline.allowed_regions else False,
        "disallowed_region": "" if _region_allowed(index, destination) else destination[1],
        "allowed_regions": compact(list(index.baseline.allowed_regions)),
        "environments_apply": _both(present, placed),
        "source_environment": _name(here),
        "destination_environment": _name(there),
        "source_trust_level": _trust_level(here),
        "destination_trust_level": _trust_level(there),
    }


def may_copy(index: EvidenceIndex, source: RegistryId, destination: RegistryId) -> bool | None:
    """Whether the baseline allows a link from *source* to *destination*; None: unknown."""
    verdicts = (
        _declared(index, source, destination),
        _region_allowed(index, destination),
        _ordered(*(_placement(index, registry) for registry in (source, destination))),
    )
    return False if False in verdicts else None if None in verdicts else True


def _declared(index: EvidenceIndex, source: RegistryId, destination: RegistryId) -> bool | None:
    if index.baseline.undeclared_replication == "allowed":
        return True
    asking = [applied for applied in index.applied_requirements.get(source, ()) if destination in applied.destinations]
    verdicts = is_expected(asking), destination_allowed(index.baseline, *destination, *index.paths(destination[0]))
    return True if True in verdicts else None if None in verdicts else False


def _region_allowed(index: EvidenceIndex, destination: RegistryId) -> bool:
    return not index.baseline.allowed_regions or destination[1] in index.baseline.allowed_regions


def _placement(index: EvidenceIndex, registry: RegistryId) -> Placement | bool | None:
    return environment_of(index.baseline, registry[0], *index.paths(registry[0]))


def _ordered(here: Placement | bool | None, there: Placement | bool | None) -> bool | None:
    """Whether images are replicated to the same or a lower trust level; accounts in no environment are skipped."""
    if here is False or there is False:
        return True
    if not isinstance(here, Placement) or not isinstance(there, Placement):
        return None
    return here.level >= there.level


def _both(left: bool | None, right: bool | None) -> bool | None:
    return False if False in (left, right) else None if None in (left, right) else True


def _trust_level(placement: Placement | bool | None) -> int | None:
    """Position in the baseline's list, from 1 for the least trusted."""
    return placement.level + 1 if isinstance(placement, Placement) else None


def _name(placement: Placement | bool | None) -> str | None:
    if isinstance(placement, Placement):
        return placement.name
    return None if placement is None else ""


def signing_columns(
    index: EvidenceIndex, source: RegistryId, destination: RegistryId, prefixes: Sequence[str]
) -> dict[str, Any]:
    """How many signing rules of the destination select what the link replicates, where the source signs it.

    ECR API reference, API_SigningRule: a rule without filters signs every image; `*` in a filter is any run of
    characters, and the filter applies to the whole name.
    """
    if index.baseline.registries.signing is None:
        return {"signing_required": False, "destination_signing_rules": None, "signing_rules_unknown": None}
    there, _ = _signing_rules(index, source, prefixes)
    here, unknown = _signing_rules(index, destination, prefixes)
    return {
        "signing_required": None if there is None else there > 0,
        "destination_signing_rules": here,
        "signing_rules_unknown": unknown,
    }


def _signing_rules(index: EvidenceIndex, registry: RegistryId, prefixes: Sequence[str]) -> tuple[int | None, str]:
    """Signing rules of *registry* that select a name with one of *prefixes*; None: unknown, and why."""
    record = index.registry(registry)
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


def template_columns(index: EvidenceIndex, destination: RegistryId, prefixes: Sequence[str] | None) -> dict[str, Any]:
    """Those of *prefixes* under which replication creates repositories without the settings of a template.

    *prefixes*: what the rules replicate; None: they were not read.
    """
    parsed = index.templates.get(destination)
    if prefixes is None or parsed is None or parsed.value is None:
        return {"prefixes_without_template": None}
    return {"prefixes_without_template": compact(uncovered_prefixes(prefixes, parsed.value))}


def uncovered_prefixes(prefixes: Iterable[str], templates: Iterable[Template]) -> list[str]:
    """Replication prefixes that match names which no template for replication covers.

    ECR user guide, repository-creation-templates.html: a template's prefix has an implied trailing `/`, so `prod`
    applies to `prod/api` and neither to `prod-x` nor to `prod`; ROOT applies where no other template does.
    """
    covering = [template.prefix for template in templates if template.for_replication]
    if "ROOT" in covering:
        return []
    return [prefix for prefix in prefixes if not is_covered(prefix, (f"{each}/" for each in covering))]
