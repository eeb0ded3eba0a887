"""Columns of the `registries` table about what lies around a registry: failure events, and the Inspector policy."""

from __future__ import annotations

import json
from typing import Any

from audit.tables.documents import NotUnderstoodError, read_objects
from audit.tables.event_patterns import captures_failures
from audit.tables.frames import compact
from audit.tables.known import Known
from checks.iam.ternary import Truth, every
from checks.model import RegistryId

_EVERY_REGION = "ALL_SUPPORTED"


def surrounding_columns(known: Known, key: RegistryId, *, destination: bool | None) -> dict[str, Any]:
    """Which rules capture failures here, and what fixes how ECR is scanned. *destination*: whether of any link."""
    return {**_event_columns(known, key, destination), **_scanning_columns(known, key, destination)}


def _event_columns(known: Known, key: RegistryId, destination: bool | None) -> dict[str, Any]:
    wanted = known.baseline.registries.failure_events == "required"
    captured = _captured(known.parts[key].registry.event_rules, key)
    names = None if captured is None else [name for name, captures in captured.items() if captures]
    unknown = captured is None or (not names and None in captured.values())
    return {
        "failure_events_required": every((wanted, destination)),
        "failure_rule_count": None if names is None or unknown else len(names),
        "failure_rules": None if names is None else compact(names),
    }


def _captured(event_rules: str | None, key: RegistryId) -> dict[str, Truth] | None:
    """Event rule → whether it captures failed replication; None: not read, or not understood."""
    try:
        return {str(rule.get("Name")): captures_failures(rule, *key) for rule in read_objects(event_rules)}
    except NotUnderstoodError:
        return None


def _scanning_columns(known: Known, key: RegistryId, destination: bool | None) -> dict[str, Any]:
    wanted = any(entry.scanning and entry.scanning.required for entry in known.baseline.settings)
    record, registry = known.accounts.get(key[0]), known.parts[key].registry
    setting, problem = _inspector_setting(record.inspector_policy if record else None, key[1])
    # Of a registry that could not be read at all it is not even known whether its Region is enabled.
    exists: Truth = registry.repositories_read or registry.replication_configuration is not None or None
    return {
        "inspector_policy_relevant": every((wanted, destination, _has_organization(known), exists)),
        "inspector_policy_setting": setting,
        "inspector_policy_problem": problem,
    }


def _has_organization(known: Known) -> Truth:
    if known.evidence.organization is not None:
        return True
    refused = any(gap.operation == "organizations:DescribeOrganization" for gap in known.evidence.gaps)
    return None if refused else False


def _inspector_setting(policy: str | None, region: str) -> tuple[str | None, str]:
    """What the effective Inspector policy sets for ECR in *region*: `enabled`, `disabled`, empty; or None and why.

    AWS Organizations user guide, orgs_manage_policies_inspector_syntax.html: a policy lists, for each kind of scanning,
    the Regions in which it switches it on and off. Amazon Inspector user guide, managing-multiple-accounts.html: it
    outranks the account's own settings. Which changes ECR refuses in a Region that it does not list is not documented.
    """
    if policy is None:
        return None, "the effective Inspector policy of the account could not be read"
    if not policy:
        return "", ""
    try:
        scanning = json.loads(policy)["inspector"]["enablement"]["ecr_scanning"]
        for word in ("disable", "enable"):
            listed = scanning.get(f"{word}_in_regions") or []
            listed = listed.get("@@assign") or [] if isinstance(listed, dict) else listed
            if region in listed or _EVERY_REGION in listed:
                return f"{word}d", ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # The policy is about other things, or not of the documented shape: what it means for ECR is unknown.
        return None, "the organization's Inspector policy for the account does not clearly address ECR"
    return None, f"the organization's Inspector policy for the account does not name {region}"
