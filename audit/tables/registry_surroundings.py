"""Columns of the `registries` table about what lies around a registry: failure events, and the Inspector policy."""

from __future__ import annotations

import json
from typing import Any

from audit.tables.documents import NotUnderstoodError, read_objects
from audit.tables.event_patterns import hears_failures
from audit.tables.frames import compact
from audit.tables.known import Known
from checks.iam.ternary import Truth, every, some
from checks.model import RegistryId

_EVERY_REGION = "ALL_SUPPORTED"


def surrounding_columns(known: Known, key: RegistryId, *, destination: bool | None) -> dict[str, Any]:
    """Whether somebody hears of failures here, and whether scanning can be changed. *destination*: of any link."""
    return {**_event_columns(known, key, destination), **_scanning_columns(known, key, destination)}


def _event_columns(known: Known, key: RegistryId, destination: bool | None) -> dict[str, Any]:
    wanted = known.baseline.registries.failure_events == "required"
    heard = _heard(known.parts[key].registry.event_rules, key)
    return {
        "failure_events_judged": every((wanted, destination)),
        "failure_events_watched": None if heard is None else some(heard.values()),
        "failure_rules": None if heard is None else compact([name for name, hears in heard.items() if hears]),
    }


def _heard(event_rules: str | None, key: RegistryId) -> dict[str, Truth] | None:
    """Event rule → whether it hears of failed replication; None: not read, or not understood."""
    try:
        return {str(rule.get("Name")): hears_failures(rule, *key) for rule in read_objects(event_rules)}
    except NotUnderstoodError:
        return None


def _scanning_columns(known: Known, key: RegistryId, destination: bool | None) -> dict[str, Any]:
    wanted = any(entry.scanning and entry.scanning.required for entry in known.baseline.settings)
    record, registry = known.accounts.get(key[0]), known.parts[key].registry
    permitted, problem = _permitted(record.inspector_policy if record else None, key[1])
    # Of a registry that could not be read at all it is not even known whether its Region is enabled.
    exists: Truth = registry.repositories_read or registry.replication_configuration is not None or None
    return {
        "scan_changes_judged": every((wanted, destination, _has_organization(known), exists)),
        "scan_changes_permitted": permitted,
        "scan_changes_problem": problem,
    }


def _has_organization(known: Known) -> Truth:
    if known.evidence.organization is not None:
        return True
    refused = any(gap.operation == "organizations:DescribeOrganization" for gap in known.evidence.gaps)
    return None if refused else False


def _permitted(policy: str | None, region: str) -> tuple[Truth, str]:
    """Whether the account may change how ECR is scanned in *region*, and what stands against it.

    AWS Organizations user guide, orgs_manage_policies_inspector_syntax.html: a policy lists, for each kind of scanning,
    the Regions in which it switches it on and off. Amazon Inspector user guide, managing-multiple-accounts.html: it
    outranks the account's own settings. Which changes ECR refuses in a Region that it does not list is not documented.
    """
    if policy is None:
        return None, "the effective Inspector policy of the account could not be read"
    if not policy:
        return True, ""
    try:
        scanning = json.loads(policy)["inspector"]["enablement"]["ecr_scanning"]
        for word in ("disable", "enable"):
            listed = scanning.get(f"{word}_in_regions") or []
            listed = listed.get("@@assign") or [] if isinstance(listed, dict) else listed
            if region in listed or _EVERY_REGION in listed:
                return False, f"an Inspector policy of the organization {word}s ECR scanning in {region}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # The policy speaks of other things, or not in the documented shape: what it means for ECR is not known.
        return None, "an Inspector policy of the organization applies to the account and says nothing clear about ECR"
    return None, f"an Inspector policy of the organization applies to the account and does not name {region}"
