"""Reads one registry's configuration and what it depends on: quotas, roles, keys, event rules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from audit.aws.failures import CallError
from audit.aws.operations import operation
from audit.evidence import REPOSITORY_COLUMNS, Columns, RegistryEvidence, RegistryRecord, empty_columns
from audit.inventory.reader import Reader, compact

PAGE = 1000
"""Rows per page: the maximum of ECR's list operations, except backfills (50)."""


def read_summary(reader: Reader, partition: str) -> RegistryEvidence:
    """Rules, registry policy and repository list: enough to decide which registries need more calls."""
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


def read_detail(reader: Reader, record: RegistryRecord) -> RegistryRecord:
    """Scanning, creation templates, account settings and the other settings of the registry as a whole."""
    scanning = reader.ask("ecr:GetRegistryScanningConfiguration", "scanningConfiguration", {})
    signing = reader.ask("ecr:GetSigningConfiguration", "signingConfiguration", {})
    page = {"maxResults": PAGE}
    return replace(
        record,
        detail="full",
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


REPLICATION_ROLE = "AWSServiceRoleForECRReplication"
"""The service-linked role that replicates images (ECR user guide, slr-replication.html)."""
QUOTAS = {"destinations_limit": "L-24725E9A", "rules_limit": "L-9B60BFFB", "filters_limit": "L-241DEEBA"}
"""Field of the registry record → quota code of Service Quotas, service code `ecr`."""


def read_quotas(reader: Reader, record: RegistryRecord) -> RegistryRecord:
    """Unique destinations, rules and filters allowed: from the list of quotas, else one by one."""
    try:
        values = _listed_quotas(reader)
    except CallError:
        # The list saves two of three calls; a caller that may not list quotas may still read each of them, and a
        # failure of that call is the gap.
        values = {}
    for code in QUOTAS.values():
        if code not in values:
            answer = reader.ask(
                "servicequotas:GetServiceQuota", "Quota", {"ServiceCode": "ecr", "QuotaCode": code}, resource=code
            )
            values[code] = _number((answer or {}).get("Quota"))
    return replace(record, **{name: values[code] for name, code in QUOTAS.items()})  # type: ignore[arg-type]  # all are int or None


def _listed_quotas(reader: Reader) -> dict[str, int | None]:
    listing = operation("servicequotas:ListServiceQuotas")
    wanted = set(QUOTAS.values())
    values: dict[str, int | None] = {}
    parameters: dict[str, Any] = {"ServiceCode": "ecr", "MaxResults": 100}
    for _ in range(20):
        answer = reader.attempt(listing, parameters)
        for quota in answer.get("Quotas") or []:
            if quota.get("QuotaCode") in wanted and _number(quota) is not None:
                values[quota["QuotaCode"]] = _number(quota)
        if not answer.get("NextToken") or len(values) == len(wanted):
            break
        parameters["NextToken"] = answer["NextToken"]
    return values


def _number(quota: Any) -> int | None:
    value = quota.get("Value") if isinstance(quota, dict) else None
    return int(value) if isinstance(value, (int, float)) else None


def read_event_rules(reader: Reader) -> str | None:
    """Rules of the account's default event bus in the reader's Region, JSON array; see `RegistryRecord.event_rules`."""
    rows = reader.all_rows("events:ListRules", "Rules", {"Limit": 100}, token="NextToken")
    return None if rows is None else compact([_with_targets(reader, row) for row in rows])


def _with_targets(reader: Reader, rule: dict[str, Any]) -> dict[str, Any]:
    """*rule* with its targets, where events can start it and the targets could be read."""
    name = rule.get("Name")
    if not name or not rule.get("EventPattern") or rule.get("State") == "DISABLED":
        return rule
    asked = {"Rule": name, "Limit": 100}
    targets = reader.all_rows("events:ListTargetsByRule", "Targets", asked, resource=str(name), token="NextToken")
    return rule if targets is None else {**rule, "Targets": [{"Arn": target.get("Arn")} for target in targets]}


def read_service_linked_role(reader: Reader, home_region: str) -> bool | None:
    """Whether the service-linked role for replication exists in the reader's account."""
    answer = reader.ask(
        "iam:GetRole", "Role", {"RoleName": REPLICATION_ROLE}, resource=REPLICATION_ROLE, region=home_region
    )
    return None if answer is None else "Role" in answer


def read_roles(reader: Reader, templates: str | None, home_region: str) -> str | None:
    """The custom roles that creation templates name, with their trust policies; see `RegistryRecord.roles`."""
    if templates is None:
        return None
    arns = sorted({str(one["customRoleArn"]) for one in json.loads(templates) if one.get("customRoleArn")})
    return compact({arn: _role(reader, arn, home_region) for arn in arns})


def _role(reader: Reader, arn: str, home_region: str) -> dict[str, Any]:
    account, _, path = _parts(arn)
    if account != reader.account:
        # A template's role must be of the template's account; a role of another account is not read.
        return {"exists": None, "trust": None}
    answer = reader.ask("iam:GetRole", "Role", {"RoleName": path.rsplit("/", 1)[-1]}, resource=arn, region=home_region)
    if answer is None:
        return {"exists": None, "trust": None}
    if "Role" not in answer:
        return {"exists": False, "trust": ""}
    trust = answer["Role"].get("AssumeRolePolicyDocument", "")
    return {"exists": True, "trust": trust if isinstance(trust, str) else compact(trust)}


def read_keys(reader: Reader, templates: str | None, repository_keys: Iterable[str]) -> str | None:
    """The KMS keys that templates and repositories name, with their states; see `RegistryRecord.keys`."""
    arns = {key for key in repository_keys if key}
    for template in json.loads(templates or "[]"):
        arns.add((template.get("encryptionConfiguration") or {}).get("kmsKey") or "")
    return compact({arn: _key(reader, arn) for arn in sorted(arns - {""})})


def _key(reader: Reader, arn: str) -> dict[str, Any]:
    _, region, _ = _parts(arn)
    region = region or reader.region
    answer = reader.ask("kms:DescribeKey", "KeyMetadata", {"KeyId": arn}, resource=arn, region=region)
    if answer is None:
        return {"state": None, "region": region}
    if "KeyMetadata" not in answer:
        return {"state": "NotFound", "region": region}
    found = answer["KeyMetadata"]
    return {"state": found.get("KeyState"), "region": region, "manager": found.get("KeyManager")}


def _parts(arn: str) -> tuple[str, str, str]:
    """Account, Region and resource of an ARN; empty where the text is not an ARN."""
    fields = arn.split(":", 5)
    return (fields[4], fields[3], fields[5]) if len(fields) == 6 else ("", "", arn)
