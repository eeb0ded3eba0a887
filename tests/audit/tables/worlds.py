"""Small evidences, readable in a test: say what differs, the rest is a healthy organization."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from audit.evidence import (
    IMAGE_COLUMNS,
    REPOSITORY_COLUMNS,
    STATUS_COLUMNS,
    AccountRecord,
    CallCounts,
    Columns,
    Evidence,
    OrganizationRecord,
    RegionRecord,
    RegistryEvidence,
    RegistryRecord,
)
from audit.tables import build_tables
from checks.baseline.schema import Baseline
from checks.model import Gap, GapKind

HUB, BACKUP, THIRD, STRANGER = "111111111111", "222222222222", "333333333333", "999999999999"
REGION = "eu-west-1"
NOW = 1_795_000_000.0
"""When the collection began."""
HOUR = 3_600.0
DIGESTS = tuple("sha256:" + digit * 64 for digit in "abcdef")


def rule(*destinations: str, prefixes: Sequence[str] = (), delete: bool | None = None) -> dict[str, Any]:
    """One rule of AWS's; a destination is `account/region`."""
    pairs = [text.split("/") for text in destinations]
    document: dict[str, Any] = {
        "destinations": [{"registryId": account, "region": region} for account, region in pairs]
    }
    if prefixes:
        document["repositoryFilters"] = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]
    if delete is not None:
        document["deleteReplication"] = {"enabled": delete}
    return document


def grant(
    *accounts: str, actions: Sequence[str] = ("ecr:ReplicateImage", "ecr:CreateRepository"), resource: str = "*"
) -> str:
    """A registry policy with one Allow statement; `*` allows everyone."""
    principal = {"AWS": [one if one == "*" else f"arn:aws:iam::{one}:root" for one in accounts]}
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def image(digest: str, *tags: str, age: float = 48 * HOUR, status: str = "ACTIVE", subject: str = "") -> dict[str, Any]:
    """One image, pushed *age* seconds before the collection began."""
    return {
        "digest": digest,
        "tags": json.dumps(sorted(tags)),
        "pushed_at": NOW - age,
        "status": status,
        "subject_digest": subject,
        "size_bytes": 1,
    }


def repository(name: str, *images: Mapping[str, Any], **columns: Any) -> dict[str, Any]:
    """One repository, read in detail, with its images; *columns* replace what is usual."""
    usual = {
        "repository": name,
        "created_at": NOW - 1000 * HOUR,
        "tag_mutability": "MUTABLE",
        "mutability_exclusions": "[]",
        "encryption_type": "AES256",
        "kms_key": "",
        "detailed": True,
        "repository_policy": "",
        "lifecycle_policy": "",
        "tags": "{}",
        "scan_frequency": "SCAN_ON_PUSH",
        "image_count": sum(each["status"] in ("ACTIVE", "") for each in images),
    }
    return usual | columns | {"images": images}


def registry(
    account: str = HUB,
    region: str = REGION,
    *,
    rules: Sequence[Mapping[str, Any]] | None = (),
    repositories: Iterable[Mapping[str, Any]] = (),
    statuses: Iterable[Mapping[str, Any]] = (),
    gaps: Sequence[Gap] = (),
    **record: Any,
) -> RegistryEvidence:
    """One registry that was read completely; *rules* None: they were not read."""
    usual: dict[str, Any] = {
        "partition": "aws",
        "detail": "full",
        "replication_configuration": None if rules is None else json.dumps({"rules": list(rules)}),
        "registry_policy": "",
        "scanning_configuration": '{"scanType":"BASIC","rules":[]}',
        "templates": "[]",
        "policy_scope": "V2",
        "blob_mounting": "DISABLED",
        "basic_scan_version": "AWS_NATIVE",
        "signing_configuration": "",
        "pull_through_cache_rules": "[]",
        "pull_time_exclusions": "[]",
        "backfills": "[]",
        "service_linked_role_present": True,
        "destinations_limit": 25,
        "rules_limit": 25,
        "filters_limit": 100,
        "roles": "{}",
        "keys": "{}",
        "repositories_read": True,
    }
    place = {"account": account, "region": region}
    held = [place | dict(each) for each in repositories]
    images = [place | {"repository": each["repository"]} | dict(one) for each in held for one in each["images"]]
    return RegistryEvidence(
        registry=RegistryRecord(account, region, **(usual | record)),
        repositories=_columns(REPOSITORY_COLUMNS, held),
        images=_columns(IMAGE_COLUMNS, images),
        statuses=_columns(STATUS_COLUMNS, [place | dict(each) for each in statuses]),
        gaps=tuple(gaps),
    )


def _columns(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Columns:
    return {name: [row[name] for row in rows] for name in names}


def gap(operation: str = "ecr:GetRegistryPolicy", account: str = BACKUP, region: str = REGION, **fields: Any) -> Gap:
    """A refusal."""
    usual: dict[str, Any] = {
        "kind": GapKind.DENIED,
        "code": "AccessDeniedException",
        "message": "not authorized",
        "tables": ("registries",),
        "permission": operation,
    }
    return Gap(account, region, operation, **(usual | fields))


def member(account: str, **fields: Any) -> AccountRecord:
    """An active member of the organization."""
    usual = {
        "name": f"name of {account}",
        "state": "ACTIVE",
        "ou_path": "Root/Work",
        "organization_path": "o-a/r-b/ou-c/",
    }
    return AccountRecord(account, **(usual | fields))


def evidence(*registries: RegistryEvidence, **fields: Any) -> Evidence:
    """An organization of three accounts with these registries."""
    usual: dict[str, Any] = {
        "organization": OrganizationRecord("o-a", HUB, "Example"),
        "caller_account": HUB,
        "partition": "aws",
        "accounts": (member(HUB), member(BACKUP), member(THIRD)),
        "regions": tuple(RegionRecord(account, REGION, "ENABLED_BY_DEFAULT") for account in (HUB, BACKUP, THIRD)),
        "gaps": (),
        "calls": CallCounts(),
        "started_at": NOW,
    }
    return Evidence(registries=registries, **(usual | fields))


def requirement(*destinations: str, name: str = "backup", delete: bool | None = None, **sources: Any) -> dict[str, Any]:
    """A requirement of the baseline; a destination is `account/region`."""
    pairs = [text.split("/") for text in destinations]
    return {
        "name": name,
        "sources": sources or {"accounts": [HUB]},
        "destinations": [{"account": account, "region": region} for account, region in pairs],
        "delete_replication": delete,
    }


def baseline(*requirements: Mapping[str, Any], **fields: Any) -> Baseline:
    """A baseline with these requirements."""
    return Baseline.model_validate({"replication": list(requirements), **fields})


@dataclass(frozen=True)
class Tables:
    """The tables of a small world, row by row as plain values."""

    frames: Mapping[str, pd.DataFrame] = field(repr=False)

    def rows(self, table: str) -> list[dict[str, Any]]:
        frame = self.frames[table].astype(object)
        return frame.where(frame.notna(), None).to_dict("records")

    def only(self, table: str) -> dict[str, Any]:
        rows = self.rows(table)
        assert len(rows) == 1, rows
        return rows[0]

    def row(self, table: str, **key: Any) -> dict[str, Any]:
        found = [row for row in self.rows(table) if all(row[name] == value for name, value in key.items())]
        assert len(found) == 1, found
        return found[0]


def build(world: Evidence, wanted: Baseline | None = None) -> Tables:
    """The tables of *world*, judged against *wanted*."""
    return Tables(build_tables(world, wanted or baseline()))


def replica_of(
    *images: Mapping[str, Any],
    source: Mapping[str, Any] = MappingProxyType({}),
    here: Mapping[str, Any] = MappingProxyType({}),
    there: Sequence[Mapping[str, Any]] = (),
    hub: Mapping[str, Any] = MappingProxyType({}),
    backup: Mapping[str, Any] = MappingProxyType({}),
) -> Evidence:
    """The repository `prod/api` of the hub with *images*, copied to the backup account, which holds *there*.

    *source* and *here* replace columns of the repository at the two sides, *hub* and *backup* parts of the registries.
    """
    sides = (repository("prod/api", *images, **source), repository("prod/api", *there, **here))
    hub = {"rules": [rule(f"{BACKUP}/{REGION}")], "repositories": [sides[0]], **hub}
    backup = {"registry_policy": grant(HUB), "repositories": [sides[1]], **backup}
    return evidence(registry(HUB, **hub), registry(BACKUP, **backup))
