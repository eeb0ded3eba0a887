"""Short ways to write findings, edits and contexts in tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from checks.baseline.schema import Baseline
from checks.changes import Change
from checks.model import Finding, Remediation, RemediationContext, Severity, Status, WaiverMark, fingerprint

SOURCE = "111111111111"
OTHER = "222222222222"
REGION = "eu-west-1"

REPLICATE = ["ecr:ReplicateImage", "ecr:CreateRepository"]


_CHANGE: TypeAdapter[Change] = TypeAdapter(Change)


def change_from_json(kind: str, account: str, region: str, arguments: Mapping[str, Any]) -> Change:
    """A change from JSON values; of a destination, account and region alone are named."""
    named = {_FIELDS.get(name, name): value for name, value in arguments.items()}
    return _CHANGE.validate_json(json.dumps({"kind": kind, "account": account, "region": region, **named}))


def arguments_of(change: Change) -> dict[str, Any]:
    """What a change asks for as JSON values, under the names of `change_from_json`."""
    plain = _CHANGE.dump_python(change, mode="json", exclude={"kind", "account", "region"})
    return {_NAMES.get(name, name): value for name, value in plain.items()}


_FIELDS = {"account": "destination_account", "region": "destination_region"}
_NAMES = {field: name for name, field in _FIELDS.items()}


def change(kind: str, account: str = SOURCE, region: str = REGION, /, **arguments: Any) -> Change:
    return change_from_json(kind, account, region, arguments)


def adding(*destinations: str, prefixes: Sequence[str] = ("",), delete: bool | None = None, **where: str) -> Change:
    pairs = [dict(zip(("account", "region"), text.split("/"), strict=True)) for text in destinations]
    return change("replication.add", destinations=pairs, prefixes=list(prefixes), delete_replication=delete, **where)


def removing(destination: str) -> Change:
    account, region = destination.split("/")
    return change("replication.remove-destination", account=account, region=region)


def granting(source: str, *prefixes: str, actions: Sequence[str] = REPLICATE, organization: str = "") -> Change:
    return change(
        "policy.add-statement",
        OTHER,
        source_account=source,
        prefixes=list(prefixes),
        actions=list(actions),
        organization=organization,
    )


def rule(*destinations: str, prefixes: Sequence[str] = (), delete: bool | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "destinations": [
            {"region": region, "registryId": account} for account, region in (text.split("/") for text in destinations)
        ]
    }
    if prefixes:
        made["repositoryFilters"] = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]
    if delete is not None:
        made["deleteReplication"] = {"enabled": delete}
    return made


def finding(
    *changes: Change,
    check: str = "rules.required-link-present",
    resource: str = "a registry",
    safe: bool = False,
    manual: Sequence[str] = (),
    status: Status = Status.FAIL,
    waiver: WaiverMark | None = None,
) -> Finding:
    account, region = (changes[0].account, changes[0].region) if changes else (SOURCE, REGION)
    key = {"resource": resource, "changes": json.dumps([(one.kind, arguments_of(one)) for one in changes])}
    return Finding(
        check=check,
        status=status,
        severity=Severity.HIGH,
        account=account,
        region=region,
        resource=resource,
        key=key,
        message="It is not so.",
        evidence={},
        remediation=Remediation("Make it so.", changes, safe, tuple(manual)),
        fingerprint=fingerprint(check, key),
        waiver=waiver,
    )


def registry(
    account: str = SOURCE,
    region: str = REGION,
    *,
    rules: Sequence[Mapping[str, Any]] = (),
    policy: str = "",
    **others: Any,
) -> dict[str, Any]:
    return {
        "account": account,
        "region": region,
        "partition": "aws",
        "replication_configuration": json.dumps({"rules": list(rules)}),
        "registry_policy": policy,
        "scanning_configuration": json.dumps({"scanType": "BASIC", "rules": []}),
        "templates": "[]",
        "backfills": "[]",
        **others,
    }


def context(*rows: Mapping[str, Any]) -> RemediationContext:
    return RemediationContext(Baseline(), "o-exampleorg1", {(row["account"], row["region"]): row for row in rows})
