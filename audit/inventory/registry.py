"""Reads one registry's own configuration: first the outline that every registry has, then the depth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from audit.evidence import REPOSITORY_COLUMNS, Columns, RegistryEvidence, RegistryRecord, empty_columns
from audit.inventory.reader import Reader, compact

PAGE = 1000
"""Rows asked for in a page; the most that ECR's list operations give, backfills (50) apart."""


def read_outline(reader: Reader, partition: str) -> RegistryEvidence:
    """Rules, registry policy and repository list: enough to tell which registries need more."""
    record = RegistryRecord(reader.account, reader.region, partition)
    answer = reader.ask("ecr:DescribeRegistry", "replicationConfiguration", {})
    if answer is not None:
        record = replace(record, replication_configuration=compact(answer["replicationConfiguration"]))
    answer = reader.ask("ecr:GetRegistryPolicy", "policyText", {})
    if answer is not None:
        record = replace(record, registry_policy=str(answer.get("policyText", "")))
    repositories = empty_columns(REPOSITORY_COLUMNS)
    complete = True
    for page in reader.pages("ecr:DescribeRepositories", "repositories", {"maxResults": PAGE}):
        if page is None:
            complete = False
        else:
            _append_repositories(repositories, page, reader.account, reader.region)
    record = replace(record, repositories_read=complete)
    return RegistryEvidence(record, repositories, gaps=reader.gaps(), calls=reader.counts())


def _append_repositories(columns: Columns, page: list[dict[str, Any]], account: str, region: str) -> None:
    for row in page:
        encryption = row.get("encryptionConfiguration") or {}
        values = {
            "account": account,
            "region": region,
            "repository": row.get("repositoryName"),
            "created_at": row.get("createdAt"),
            "tag_mutability": row.get("imageTagMutability"),
            "mutability_exclusions": _exclusions(row.get("imageTagMutabilityExclusionFilters")),
            "encryption_type": encryption.get("encryptionType"),
            "kms_key": encryption.get("kmsKey") or "",
            "detailed": False,
        }
        for name in REPOSITORY_COLUMNS:
            columns[name].append(values.get(name))


def _exclusions(filters: list[dict[str, Any]] | None) -> str:
    if not filters:
        return "[]"
    return compact([one.get("filter", "") for one in filters])


def read_depth(reader: Reader, record: RegistryRecord) -> RegistryRecord:
    """Scanning, creation templates, account settings and the rest that belongs to the registry as a whole."""
    scanning = reader.ask("ecr:GetRegistryScanningConfiguration", "scanningConfiguration", {})
    signing = reader.ask("ecr:GetSigningConfiguration", "signingConfiguration", {})
    page = {"maxResults": PAGE}
    return replace(
        record,
        depth="full",
        scanning_configuration=_member(scanning, "scanningConfiguration"),
        signing_configuration=_member(signing, "signingConfiguration"),
        templates=_rows(reader, "ecr:DescribeRepositoryCreationTemplates", "repositoryCreationTemplates", page),
        pull_through_cache_rules=_rows(reader, "ecr:DescribePullThroughCacheRules", "pullThroughCacheRules", page),
        pull_time_exclusions=_rows(reader, "ecr:ListPullTimeUpdateExclusions", "pullTimeUpdateExclusions", page),
        backfills=_rows(reader, "ecr:ListReplicationBackfills", "backfills", {"maxResults": 50}),
        policy_scope=_setting(reader, "REGISTRY_POLICY_SCOPE"),
        blob_mounting=_setting(reader, "BLOB_MOUNTING"),
        basic_scan_version=_setting(reader, "BASIC_SCAN_TYPE_VERSION"),
    )


def _member(answer: dict[str, Any] | None, name: str) -> str | None:
    if answer is None:
        return None
    return compact(answer[name]) if name in answer else ""


def _rows(reader: Reader, action: str, key: str, parameters: dict[str, Any]) -> str | None:
    rows = reader.all_rows(action, key, parameters)
    return None if rows is None else compact(rows)


def _setting(reader: Reader, name: str) -> str | None:
    answer = reader.ask("ecr:GetAccountSetting", "value", {"name": name}, resource=name)
    return None if answer is None else str(answer["value"])
