"""Whether an EventBridge rule captures failed replication: its event pattern against the event that ECR sends.

EventBridge user guide, eb-create-pattern.html: every field that a pattern names must be in the event, with one of the
values listed; fields that it does not name are ignored. EventBridge reference, events-ref-ecr.html: the event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checks.iam.ternary import Truth, every, some

FAILED_REPLICATION: Mapping[str, Any] = {
    "version": "0",
    "source": "aws.ecr",
    "detail-type": "ECR Replication Action",
    "detail": {"result": "FAILED", "action-type": "REPLICATE"},
}
"""What is alike in every such event. Repository, image, source and time differ, and the place is the rule's own."""

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
    # A field that varies from event to event: the rule may match some failures, and need not match all.
    if found is None or not isinstance(wanted, list):
        return None
    return some(_value(one, found) for one in wanted)


def _value(wanted: object, found: str) -> Truth:
    """Whether one entry of a field's list takes the value *found*; comparison operators besides these are unknown."""
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
