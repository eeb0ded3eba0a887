"""World document → state. The document has been checked before."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from typing import Any

from checks.model import RegistryId
from ecr_audit.simulator.document import WorldError
from ecr_audit.simulator.manifests import OCI_MANIFEST, make_manifest, read_manifest
from ecr_audit.simulator.state import (
    DEFAULT_SETTINGS,
    Account,
    Document,
    Image,
    Key,
    Organization,
    Registry,
    ReplicationOutcome,
    Repository,
    Role,
    Unit,
    sha256,
)

LONG_AGO = "2025-03-01T09:00:00Z"
"""When repositories and images came into being whose document gives no time."""


def epoch(text: str) -> float:
    """`2026-11-23T02:00:00Z` as epoch seconds."""
    return dt.datetime.fromisoformat(text).timestamp()


def build_organization(document: Document | None) -> Organization | None:
    """The frame of the organization, or None."""
    if document is None:
        return None
    units: dict[str, Unit] = {}

    def walk(entries: list[Document], parent: str, path: str) -> None:
        for entry in entries:
            below = f"{path}{entry['id']}/"
            units[entry["id"]] = Unit(entry["id"], entry["name"], parent, below)
            walk(entry.get("units", []), entry["id"], below)

    walk(document.get("units", []), document["root"], f"{document['id']}/{document['root']}/")
    return Organization(
        document["id"],
        document["root"],
        document["management_account"],
        list(document.get("delegated_administrators", [])),
        units,
    )


def build_account(document: Document, *, has_rules: bool) -> Account:
    """One account; *has_rules* decides on the service-linked role where the document does not."""
    roles = [
        Role(entry["name"], list(entry["trusts"]), entry.get("external_id")) for entry in document.get("roles", [])
    ]
    return Account(
        id=document["id"],
        name=document["name"],
        state=document.get("state", "ACTIVE"),
        unit=document.get("unit", ""),
        member=document.get("member", True),
        regions=list(document.get("regions", [])),
        roles={role.name: role for role in roles},
        service_linked_role=document.get("service_linked_role", has_rules),
        inspector_policy=policy_text(document.get("inspector_policy", "")),
    )


def build_registry(document: Document) -> Registry:
    """One registry with its repositories and images."""
    registry = Registry(
        account=document["account"],
        region=document["region"],
        rules=_copied(document.get("rules", [])),
        policy=policy_text(document.get("policy", "")),
        settings={
            name: value for name, value in document.get("settings", {}).items() if value != DEFAULT_SETTINGS[name]
        },
        signing=_copied(document.get("signing")),
        pull_through_cache=_copied(document.get("pull_through_cache", [])),
        exclusions=dict.fromkeys(document.get("exclusions", []), epoch(LONG_AGO)),
    )
    if "scanning" in document:
        registry.scanning = {"rules": [], **_copied(document["scanning"])}
    for entry in document.get("event_rules", []):
        registry.event_rules[entry["name"]] = _build_event_rule(entry)
    for entry in document.get("templates", []):
        template = _build_template(entry)
        registry.templates[template["prefix"]] = template
    registry.backfills = [_build_backfill(registry, entry) for entry in document.get("backfills", [])]
    for entry in document.get("repositories", []):
        registry.repositories[entry["name"]] = _build_repository(entry)
    return registry


def policy_text(value: object) -> str:
    """A policy given as object or as text, as text."""
    return value if isinstance(value, str) else json.dumps(value, indent=2)


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _build_template(document: Document) -> Document:
    template: Document = {"imageTagMutability": "MUTABLE", "appliedFor": [], **_copied(document)}
    template.setdefault("encryptionConfiguration", {"encryptionType": "AES256"})
    for name in ("repositoryPolicy", "lifecyclePolicy"):
        if name in template:
            template[name] = policy_text(template[name])
    template["prefix"] = template["prefix"].rstrip("/")
    for name in ("createdAt", "updatedAt"):
        given = template.get(name, LONG_AGO)
        template[name] = epoch(given) if isinstance(given, str) else given
    return template


def _build_event_rule(document: Document) -> Document:
    rule = {"Name": document["name"], "State": document.get("state", "ENABLED")}
    for name, key in (("EventPattern", "pattern"), ("ScheduleExpression", "schedule"), ("Description", "description")):
        if document.get(key):
            rule[name] = policy_text(document[key])
    return {**rule, "Targets": _copied(document.get("targets", []))}


def _build_backfill(registry: Registry, document: Document) -> Document:
    seed = f"{registry.account}/{registry.region}/{document['account']}/{document['region']}/{document['started_at']}"
    results = [
        {
            "repositoryName": entry["repository"],
            "imageId": {
                name: entry[key] for name, key in (("imageDigest", "digest"), ("imageTag", "tag")) if key in entry
            },
            "status": entry["status"],
            **({"failureCode": entry["failure_code"]} if entry.get("failure_code") else {}),
        }
        for entry in document.get("results", [])
    ]
    backfill: Document = {
        "replicationBackfillId": document.get("id", str(uuid.UUID(hashlib.md5(seed.encode()).hexdigest()))),
        "destination": {"region": document["region"], "registryId": document["account"]},
        "status": document["status"],
        "startedAt": epoch(document["started_at"]),
        "results": results,
    }
    if "ended_at" in document:
        backfill["endedAt"] = epoch(document["ended_at"])
    if document.get("failure_code"):
        backfill["failureCode"] = document["failure_code"]
    return backfill


def _build_repository(document: Document) -> Repository:
    encryption = document.get("encryption", {"type": "AES256"})
    repository = Repository(
        name=document["name"],
        created_at=epoch(document.get("created_at", LONG_AGO)),
        tag_mutability=document.get("tag_mutability", "MUTABLE"),
        exclusions=list(document.get("exclusions", [])),
        encryption_type=encryption["type"],
        kms_key=encryption.get("key", ""),
        policy=policy_text(document.get("policy", "")),
        lifecycle=policy_text(document.get("lifecycle", "")),
        tags=dict(document.get("tags", {})),
        scan_on_push=document.get("scan_on_push", False),
    )
    names: dict[str, str] = {}
    for number, entry in enumerate(document.get("images", [])):
        image = _build_image(repository.name, entry, number, names)
        if image.digest in repository.images:
            problem = f"two images have the digest {image.digest}; give each its `content`"
            raise WorldError([f"repository {repository.name}: {problem}"])
        names.update(dict.fromkeys([_content(entry, number), *image.tags], image.digest))
        repository.images[image.digest] = image
    return repository


def _content(document: Document, number: int) -> str:
    return str(document.get("content") or next(iter(document.get("tags", [])), f"image {number}"))


def _build_image(repository: str, document: Document, number: int, names: dict[str, str]) -> Image:
    given = str(document.get("subject", ""))
    subject = names.get(given, given)
    manifest = document.get("manifest")
    if manifest is None and "digest" not in document:
        manifest = make_manifest(
            repository,
            _content(document, number),
            subject=subject,
            artifact_type=document.get("artifact_type", ""),
            size=document.get("size", 0),
        )
    facts = read_manifest(manifest) if manifest else None
    return Image(
        digest=document.get("digest") or sha256(manifest or ""),
        manifest=manifest,
        media_type=document.get("media_type") or (facts.media_type if facts else OCI_MANIFEST),
        tags=list(document.get("tags", [])),
        pushed_at=epoch(document.get("pushed_at", LONG_AGO)),
        status=document.get("status", "ACTIVE"),
        subject=subject,
        artifact_type=document.get("artifact_type", ""),
        size=document.get("size") or (facts.size if facts else 1_000_000),
        replication={
            RegistryId(entry["account"], entry["region"]): ReplicationOutcome(
                entry["status"], entry.get("failure_code", "")
            )
            for entry in document.get("replication", [])
        },
    )


def build_key(document: Document) -> Key:
    """One KMS key."""
    return Key(document["arn"], document.get("state", "Enabled"), document.get("shared", False))
