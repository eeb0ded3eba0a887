"""Small builders: keys, findings, results and whole runs, with a made-up organization around them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from audit.evidence import CallCounts, Scope
from audit.model import Coverage, Run
from audit.unknown_rows import folded, with_causes
from checks.catalog import CHECKS
from checks.model import (
    CheckResult,
    Finding,
    Remediation,
    Script,
    Severity,
    Status,
    WaiverMark,
    fingerprint,
)
from checks.texts import CheckText, text_of

BASELINE = """\
version: 1
replication:
  - name: production-backup
    sources: {ous: [Workloads/Prod], repositories: ["prod/"]}
    destinations: [{account: "100000000009", region: eu-west-1}]
"""
NAMES = {
    "100000000001": "management",
    "100000000002": "platform-registry",
    "100000000003": "payments-prod",
    "100000000004": "payments-dev",
    "100000000005": "search-prod",
    "100000000006": "data-lake",
    "100000000007": "edge",
    "100000000008": "sandbox",
    "100000000009": "backup-vault",
    "010000000010": "legacy-billing",
    "100000000011": "observability",
    "100000000012": "security-tooling",
}
BACKUP = "100000000009"
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Platform",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::100000000002:root"},
            "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
            "Resource": ["arn:aws:ecr:eu-west-1:100000000009:repository/*"],
        },
    ],
}
_RULES = {
    "rules": [
        {
            "destinations": [{"region": "eu-west-1", "registryId": "100000000002"}],
            "repositoryFilters": [{"filter": "shared/", "filterType": "PREFIX_MATCH"}],
            "deleteReplication": {"enabled": True},
        },
    ],
}
DOCUMENTS: dict[tuple[str, str], dict[str, Any]] = {
    (BACKUP, "eu-west-1"): {"registry_policy": json.dumps(_POLICY, indent=2), "partition": "aws"},
    ("100000000011", "us-east-1"): {"replication_configuration": json.dumps(_RULES), "partition": "aws"},
}
STARTED = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)

_LINK = ("source_account", "source_region", "destination_account", "destination_region")


def link(source: str, region: str, destination: str = BACKUP, to: str = "eu-west-1") -> dict[str, str]:
    """The key of a row of `links`."""
    return dict(zip(_LINK, (source, region, destination, to), strict=True))


def replica(repository: str, source: str, region: str, to: str = "eu-west-1") -> dict[str, str]:
    """The key of a row of `replicas`."""
    return {**link(source, region, to=to), "repository": repository}


def finding(
    check: str,
    severity: Severity,
    key: Mapping[str, Any],
    message: str,
    *,
    at: str = "destination",
    status: Status = Status.FAIL,
    evidence: Mapping[str, Any] | None = None,
    remediation: Remediation | None = None,
    waiver: WaiverMark | None = None,
    fact: str = "",
    expected: str = "",
    observed: str = "",
) -> Finding:
    """A finding; account, Region and label follow from the key."""
    if "source_account" in key:
        account, region = key[f"{at}_account"], key[f"{at}_region"]
        label = "{source_account}/{source_region} → {destination_account}/{destination_region}".format(**key)
        if "repository" in key:
            label = f"{key['repository']}: {label}"
    else:
        account, region = key.get("account", ""), key.get("region", "")
        label = " ".join(f"{name} {value}" for name, value in key.items() if name not in ("account", "region"))
        label = f"{label} of {account}/{region}".strip() if label else f"{account}/{region}"
    return Finding(
        check=check,
        status=status,
        severity=severity,
        account=account,
        region=region,
        resource=label,
        key=key,
        message=message,
        evidence=evidence or {},
        remediation=remediation,
        fingerprint=fingerprint(check, key),
        waiver=waiver,
        fact=fact,
        expected=expected,
        observed=observed,
    )


def result(
    check: str, findings: Iterable[Finding] = (), *, passed: int = 0, idle: int = 0, error: str = ""
) -> CheckResult:
    """The result of one check with these findings."""
    found = tuple(findings)
    counts = dict.fromkeys(Status, 0)
    counts[Status.PASS], counts[Status.NOT_APPLICABLE] = passed, idle
    for one in found:
        counts[one.status] += 1
    return CheckResult(check=check, counts=counts, findings=found, error=error)


def run_of(results: Iterable[CheckResult], **changes: Any) -> Run:
    """A complete run around these results, with UNKNOWN rows in groups of one cause as in every run."""
    run = Run(
        id="20261123T020000Z-4f9a1c",
        started_at=STARTED,
        finished_at=STARTED + dt.timedelta(minutes=4, seconds=12),
        program_version="0.1.0",
        versions={"python": "3.11.7", "boto3": "1.44.5", "great-expectations": "1.24.1", "pandas": "3.1.1"},
        organization_id="o-exampleorg1",
        organization_name="Example Industries",
        caller_account="100000000001",
        partition="aws",
        scope=Scope(),
        baseline_name="baseline.yaml",
        baseline_text=BASELINE,
        baseline_hash=hashlib.sha256(BASELINE.encode()).hexdigest(),
        limits_sources=(
            "Unique destinations 25: Service Quotas L-24725E9A, read in 46 of 48 registries",
            "Filters per rule 100: the baseline's default of 23 November 2026",
        ),
        coverage=Coverage(12, 12, 48, 48, 0, 0, 150),
        results=tuple(results),
        gaps=(),
        scripts=(),
        calls=CallCounts(
            {
                "ecr:DescribeRegistry": 48,
                "ecr:DescribeRepositories": 51,
                "ecr:GetRegistryPolicy": 48,
                "ecr:DescribeImages": 300,
                "organizations:ListAccounts": 1,
                "sts:AssumeRole": 11,
            },
            refused={"sts:AssumeRole": 1},
            throttled={"ecr:DescribeImages": 4},
        ),
        validations=(),
        documents=DOCUMENTS,
        account_names=NAMES,
    )
    whole = replace(run, **{"checks": texts_of(run), **changes})
    by_row = with_causes(whole.results, whole.gaps, whole.checks)
    return replace(whole, results=folded(by_row, whole.gaps, whole.checks))


def texts_of(run: Run) -> tuple[CheckText, ...]:
    """The words of this program about those of the run's checks that it has."""
    judged = {one.check for one in run.results}
    return tuple(text_of(check) for check in CHECKS if check.id in judged)


def script(account: str, region: str, findings: Iterable[Finding]) -> Script:
    """A script that fixes these findings."""
    marks = tuple(one.fingerprint for one in findings)
    return Script(account, region, f"{account}-{region}.sh", "#!/usr/bin/env bash\n", safe=False, findings=marks)
