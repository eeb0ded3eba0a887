"""State → world document: what `snapshot` gives. A world built from it is the same world."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from ecr_audit.simulator.state import (
    DEFAULT_SCANNING,
    Account,
    Document,
    Image,
    Key,
    Organization,
    Registry,
    Repository,
)


def time_text(moment: float) -> str:
    """Epoch seconds as `2026-11-23T02:00:00Z`."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dump_organization(organization: Organization) -> Document:
    """The organization with its units nested."""

    def below(parent: str) -> list[Document]:
        found = [unit for unit in organization.units.values() if unit.parent == parent]
        return [_filled({"id": unit.id, "name": unit.name, "units": below(unit.id)}) for unit in found]

    return _filled(
        {
            "id": organization.id,
            "root": organization.root,
            "management_account": organization.management_account,
            "delegated_administrators": list(organization.delegated_administrators),
            "units": below(organization.root),
        }
    )


def dump_account(account: Account) -> Document:
    """One account."""
    document = _filled(
        {
            "id": account.id,
            "name": account.name,
            "state": account.state,
            "unit": account.unit,
            "regions": list(account.regions),
            "inspector_policy": account.inspector_policy,
            "roles": [
                {"name": role.name, "trusts": list(role.trusts), "external_id": role.external_id}
                for role in account.roles.values()
            ],
        }
    )
    return {**document, "member": account.member, "service_linked_role": account.service_linked_role}


def dump_registry(registry: Registry) -> Document:
    """One registry; an untouched one has only `account` and `region`."""
    parts = _filled(
        {
            "rules": registry.rules,
            "policy": registry.policy,
            "templates": [
                {
                    **template,
                    "createdAt": time_text(template["createdAt"]),
                    "updatedAt": time_text(template["updatedAt"]),
                }
                for template in registry.templates.values()
            ],
            "settings": registry.settings,
            "signing": registry.signing,
            "pull_through_cache": registry.pull_through_cache,
            "exclusions": list(registry.exclusions),
            "backfills": [_dump_backfill(backfill) for backfill in registry.backfills],
            "event_rules": [_dump_event_rule(rule) for rule in registry.event_rules.values()],
            "repositories": [_dump_repository(repository) for repository in registry.in_name_order()],
        }
    )
    if registry.scanning != DEFAULT_SCANNING:
        parts["scanning"] = registry.scanning
    document: Document = json.loads(json.dumps(parts))  # a copy: what is handed out must not change with the world
    return {"account": registry.account, "region": registry.region, **document}


def dump_key(key: Key) -> Document:
    """One KMS key."""
    return {"arn": key.arn, "state": key.state, "shared": key.shared}


def _filled(document: dict[str, Any]) -> Document:
    """*document* without what is empty: empty and absent mean the same in a world."""
    return {name: value for name, value in document.items() if value not in (None, "", [], {})}


def _dump_event_rule(rule: Document) -> Document:
    keys = {"name": "Name", "state": "State", "pattern": "EventPattern", "schedule": "ScheduleExpression"}
    keys |= {"description": "Description", "targets": "Targets"}
    return _filled({key: rule.get(name) for key, name in keys.items()})


def _dump_backfill(backfill: Document) -> Document:
    return _filled(
        {
            "id": backfill["replicationBackfillId"],
            "account": backfill["destination"]["registryId"],
            "region": backfill["destination"]["region"],
            "status": backfill["status"],
            "started_at": time_text(backfill["startedAt"]),
            "ended_at": time_text(backfill["endedAt"]) if "endedAt" in backfill else None,
            "failure_code": backfill.get("failureCode"),
            "results": [_dump_result(result) for result in backfill["results"]],
        }
    )


def _dump_result(result: Document) -> Document:
    return _filled(
        {
            "repository": result["repositoryName"],
            "digest": result["imageId"].get("imageDigest"),
            "tag": result["imageId"].get("imageTag"),
            "status": result["status"],
            "failure_code": result.get("failureCode"),
        }
    )


def _dump_repository(repository: Repository) -> Document:
    return _filled(
        {
            "name": repository.name,
            "created_at": time_text(repository.created_at),
            "tag_mutability": repository.tag_mutability,
            "exclusions": repository.exclusions,
            "encryption": _filled({"type": repository.encryption_type, "key": repository.kms_key}),
            "policy": repository.policy,
            "lifecycle": repository.lifecycle,
            "tags": repository.tags,
            "scan_on_push": repository.scan_on_push or None,
            "images": [_dump_image(repository.images[digest]) for digest in sorted(repository.images)],
        }
    )


def _dump_image(image: Image) -> Document:
    document = _filled(
        {
            "digest": image.digest,
            "manifest": image.manifest,
            "media_type": image.media_type,
            "artifact_type": image.artifact_type,
            "tags": sorted(image.tags),
            "pushed_at": time_text(image.pushed_at),
            "status": image.status,
            "subject": image.subject,
            "size": image.size,
        }
    )
    document["replication"] = [
        _filled({"account": account, "region": region, "status": outcome.status, "failure_code": outcome.failure_code})
        for (account, region), outcome in sorted(image.replication.items())
    ]
    return document
