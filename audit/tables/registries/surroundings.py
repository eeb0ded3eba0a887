"""Columns of the `registries` table about related services: whether an EventBridge rule captures failed
replication, and the Inspector policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.tables.documents import NotUnderstoodError, read_objects
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact
from checks.baseline.places import applies_to
from checks.baseline.sections import Settings
from checks.iam.three_valued import Truth, every, some
from checks.model import Place, RegistryId

FAILED_REPLICATION: Mapping[str, Any] = {
    "version": "0",
    "source": "aws.ecr",
    "detail-type": "ECR Replication Action",
    "detail": {"result": "FAILED", "action-type": "REPLICATE"},
}
"""Common fields of these events. Repository, image, source and time vary; account and Region are those of the rule."""

_ENABLED = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


def captures_failures(rule: Mapping[str, Any], account: str, region: str) -> Truth:
    """Whether *rule* (of ListRules, in *account* and *region*) matches every failed replication; None: unknown."""
    pattern = rule.get("EventPattern")
    if not pattern or rule.get("State") not in _ENABLED:
        return False
    try:
        document = json.loads(pattern)
    except (ValueError, TypeError, RecursionError):
        return None
    return _matches(document, {**FAILED_REPLICATION, "account": account, "region": region})


def _matches(pattern: object, event: Mapping[str, Any]) -> Truth:
    if not isinstance(pattern, dict):
        return None
    return every(_field(name, wanted, event) for name, wanted in pattern.items())


def _field(name: str, wanted: object, event: Mapping[str, Any]) -> Truth:
    if name == "$or":
        return some(_matches(one, event) for one in wanted) if isinstance(wanted, list) else None
    found = event.get(name)
    if isinstance(found, Mapping):
        return _matches(wanted, found)
    # A field that varies from event to event: the rule may match some failures only.
    if found is None or not isinstance(wanted, list):
        return None
    return some(_value(one, found) for one in wanted)


def _value(wanted: object, found: str) -> Truth:
    """Whether one entry of a field's list matches the value *found*; other comparison operators are unknown."""
    if not isinstance(wanted, dict):
        return wanted == found
    match wanted:
        case {"prefix": str(prefix), **rest} if not rest:
            return found.startswith(prefix)
        case {"exists": bool(exists), **rest} if not rest:
            return exists
        case {"anything-but": str(one), **rest} if not rest:
            return found != one
        case {"anything-but": list(several), **rest} if not rest and all(isinstance(one, str) for one in several):
            return found not in several
    return None


_EVERY_REGION = "ALL_SUPPORTED"


def surrounding_columns(index: EvidenceIndex, key: RegistryId, *, destination: bool | None) -> dict[str, Any]:
    """The event rules that capture failures, and the Inspector policy for ECR. *destination*: whether of any link."""
    return {**_event_columns(index, key, destination), **_scanning_columns(index, key, destination)}


def _event_columns(index: EvidenceIndex, key: RegistryId, destination: bool | None) -> dict[str, Any]:
    wanted = index.baseline.registries.failure_events == "required"
    notifying = _notifying(index.parts[key].registry.event_rules, key)
    names = None if notifying is None else [name for name, truth in notifying.passing.items() if truth]
    unknown = notifying is None or (not names and None in notifying.passing.values())
    return {
        "failure_events_required": every((wanted, destination)),
        "failure_rule_count": None if names is None or unknown else len(names),
        "failure_rules": None if names is None else compact(names),
        "failure_rules_without_target": None if notifying is None else compact(notifying.without_target),
    }


@dataclass(frozen=True, slots=True)
class _Notifying:
    """The event rules of one Region."""

    passing: Mapping[str, Truth]
    """Rule → whether it captures failed replication and has a target."""
    without_target: tuple[str, ...]
    """Rules that capture failed replication and have no target."""


def _notifying(event_rules: str | None, key: RegistryId) -> _Notifying | None:
    """None: the rules were not read, or are malformed."""
    try:
        rules = read_objects(event_rules)
    except NotUnderstoodError:
        return None
    captured = {str(rule.get("Name")): captures_failures(rule, *key) for rule in rules}
    targets: dict[str, Truth] = {
        str(rule.get("Name")): bool(rule["Targets"]) if isinstance(rule.get("Targets"), list) else None
        for rule in rules
    }
    return _Notifying(
        {name: every((truth, targets[name])) for name, truth in captured.items()},
        tuple(name for name, truth in captured.items() if truth and targets[name] is False),
    )


def _scanning_required(entries: Iterable[Settings], place: Place) -> Truth:
    """Whether one of *entries* requires scanning at *place*."""
    return some(applies_to(entry, place) for entry in entries if entry.scanning and entry.scanning.required)


def _is_source(index: EvidenceIndex, key: RegistryId) -> Truth:
    """Whether the registry is a source in scope, by a rule or by the baseline."""
    if key not in index.in_scope:
        return False
    required = some(True if applied.certain else None for applied in index.applied_requirements.get(key, ()))
    rules = index.rules[key].value
    return some((None if rules is None else bool(rules), required))


def _scanning_columns(index: EvidenceIndex, key: RegistryId, destination: bool | None) -> dict[str, Any]:
    place, baseline = index.place(key), index.baseline
    as_destination = every((_scanning_required(baseline.settings, place), destination))
    as_source = every((_scanning_required(baseline.source_settings, place), _is_source(index, key)))
    record, registry = index.accounts.get(key[0]), index.parts[key].registry
    setting, problem = _inspector_setting(record.inspector_policy if record else None, key[1])
    # For a registry that could not be read at all, it is unknown whether its Region is enabled.
    exists: Truth = registry.repositories_read or registry.replication_configuration is not None or None
    return {
        "inspector_policy_relevant": every((some((as_destination, as_source)), _has_organization(index), exists)),
        "inspector_policy_setting": setting,
        "inspector_policy_problem": problem,
    }


def _has_organization(index: EvidenceIndex) -> Truth:
    if index.evidence.organization is not None:
        return True
    refused = any(gap.operation == "organizations:DescribeOrganization" for gap in index.evidence.gaps)
    return None if refused else False


def _inspector_setting(policy: str | None, region: str) -> tuple[str | None, str]:
    """What the effective Inspector policy sets for ECR in *region*: `enabled`, `disabled`, empty; or None and why.

    AWS Organizations user guide, orgs_manage_policies_inspector_syntax.html: a policy lists, for each kind of scanning,
    the Regions in which it enables and disables it. Amazon Inspector user guide, managing-multiple-accounts.html: it
    overrides the account's own settings. Which changes ECR rejects in a Region that it does not list is not documented.
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
        # The policy is about other services or not of the documented form: its effect on ECR is unknown.
        return None, "the organization's Inspector policy for the account does not clearly address ECR"
    return None, f"the organization's Inspector policy for the account does not name {region}"
