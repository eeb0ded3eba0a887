"""Made-up runs of every shape that a report must tell well: mixed, large, hostile, all green, unread."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from audit.evidence import Scope
from audit.model import Coverage, Run
from checks.model import (
    CheckResult,
    Edit,
    Finding,
    Gap,
    GapKind,
    Remedy,
    Script,
    Severity,
    Status,
    WaiverMark,
    fingerprint,
)

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
        {"Sid": "Platform", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::100000000002:root"},
         "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
         "Resource": ["arn:aws:ecr:eu-west-1:100000000009:repository/*"]},
    ],
}  # fmt: skip
_RULES = {
    "rules": [
        {"destinations": [{"region": "eu-west-1", "registryId": "100000000002"}],
         "repositoryFilters": [{"filter": "shared/", "filterType": "PREFIX_MATCH"}], "deleteReplication": {"enabled": True}},
    ],
}  # fmt: skip
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
    remedy: Remedy | None = None,
    waiver: WaiverMark | None = None,
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
        check=check, status=status, severity=severity, account=account, region=region, resource=label, key=key,
        message=message, evidence=evidence or {}, remedy=remedy, fingerprint=fingerprint(check, key), waiver=waiver,
    )  # fmt: skip


def result(check: str, findings: Iterable[Finding] = (), *, passed: int = 0, idle: int = 0, error: str = "") -> CheckResult:
    """The result of one check with these findings."""
    found = tuple(findings)
    counts = dict.fromkeys(Status, 0)
    counts[Status.PASS], counts[Status.NOT_APPLICABLE] = passed, idle
    for one in found:
        counts[one.status] += 1
    return CheckResult(check=check, counts=counts, findings=found, error=error)


def run_of(results: Iterable[CheckResult], **changes: Any) -> Run:
    """A complete run around these results."""
    run = Run(
        id="20261123T020000Z-4f9a1c", started_at=STARTED, finished_at=STARTED + dt.timedelta(minutes=4, seconds=12),
        program_version="0.1.0",
        versions={"python": "3.11.7", "boto3": "1.44.5", "great-expectations": "1.24.1", "pandas": "3.1.1"},
        organization_id="o-exampleorg1", organization_name="Example Industries", caller_account="100000000001",
        partition="aws", scope=Scope(), baseline_name="baseline.yaml", baseline_text=BASELINE,
        baseline_hash=hashlib.sha256(BASELINE.encode()).hexdigest(),
        limits_sources=("Unique destinations 25: Service Quotas L-24725E9A, read in 46 of 48 registries",
                        "Filters per rule 100: the baseline's default of 23 November 2026"),
        coverage=Coverage(12, 12, 48, 48, 0, 0, 150), results=tuple(results), gaps=(), scripts=(),
        calls={"ecr:DescribeRegistry": 48, "ecr:DescribeRepositories": 51, "ecr:GetRegistryPolicy": 48,
               "ecr:DescribeImages": 300, "organizations:ListAccounts": 1, "sts:AssumeRole": 11},
        validations=(), documents=DOCUMENTS, account_names=NAMES,
    )  # fmt: skip
    return replace(run, **changes)


def script(account: str, region: str, findings: Iterable[Finding]) -> Script:
    """A script that mends these findings."""
    marks = tuple(one.fingerprint for one in findings)
    return Script(account, region, f"{account}-{region}.sh", "#!/usr/bin/env bash\n", safe=False, findings=marks)


def _grant_findings() -> list[Finding]:
    sources = [("100000000003", "eu-central-1"), ("100000000005", "eu-central-1"), ("010000000010", "us-east-1"),
               ("100000000006", "eu-west-2"), ("100000000007", "us-east-1")]  # fmt: skip
    return [
        finding(
            "grants.replication-allowed", Severity.CRITICAL, link(account, region),
            f"No statement of the destination's registry policy lets account {account} replicate; every copy is refused",
            evidence={"grant_verdict": "DENIED_IMPLICIT", "rules": "[1, 3]", "prefixes": '["prod/", "shared/"]'},
            remedy=Remedy(
                f"Add a statement for account {account} to the registry policy of {BACKUP} in eu-west-1",
                (Edit("policy.add-statement", BACKUP, "eu-west-1",
                      {"source_account": account, "prefixes": ["prod/", "shared/"], "actions": ["ecr:ReplicateImage"],
                       "organization": "o-exampleorg1"}),),
            ),
        )
        for account, region in sources
    ]  # fmt: skip


def _backfill(key: Mapping[str, str]) -> Remedy:
    edit = Edit("backfill.start", key["source_account"], "eu-central-1", {"account": BACKUP, "region": "eu-west-1"})
    return Remedy("Start a backfill from the source registry", (edit,), safe=True)


def _immutable(key: Mapping[str, str]) -> Remedy:
    arguments = {"repository": key["repository"], "seen": "MUTABLE", "mutability": "IMMUTABLE", "exclusions": []}
    edit = Edit("repository.tag-mutability", key["destination_account"], key["destination_region"], arguments)
    return Remedy("Set the tags of the destination to IMMUTABLE", (edit,), safe=True)


def _lifecycle(key: Mapping[str, str]) -> Remedy:
    keep = {"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed",
            "countUnit": "days", "countNumber": 30}, "action": {"type": "expire"}}  # fmt: skip
    arguments = {"repository": key["repository"], "seen": "", "policy": json.dumps({"rules": [keep]}, indent=2)}
    edit = Edit("repository.lifecycle", key["destination_account"], key["destination_region"], arguments)
    return Remedy("Put the lifecycle policy that the baseline declares", (edit,))


def _replica_findings(
    check: str, severity: Severity, count: int, message: str, remedy_of: Callable[[Mapping[str, str]], Remedy] = _backfill
) -> list[Finding]:
    teams = ("prod/payments/api", "prod/payments/worker", "shared/base/python", "prod/search/indexer", "prod/edge/gateway")
    accounts = ("100000000003", "100000000005", "100000000007")
    found = []
    for number in range(count):
        name = f"{teams[number % len(teams)]}-{number:02d}"
        key = replica(name, accounts[number % len(accounts)], "eu-central-1")
        evidence = {"source_images": 40 + number, "images_missing": 3 + number % 4, "oldest_missing_pushed_at": STARTED}
        found.append(finding(check, severity, key, message, evidence=evidence, remedy=remedy_of(key)))
    return found


def mixed_run(**changes: Any) -> Run:
    """About 40 findings over 12 checks, with waivers, undecided rows, a broken check and gaps."""
    waiver = WaiverMark("Migration to the new vault, ticket PLAT-4711", "platform-team@example.com", "2026-12-31")
    grants = _grant_findings()
    coverage = _replica_findings("coverage.images-present", Severity.HIGH, 9, "Images are missing at the destination")
    mutable = _replica_findings(
        "settings.tag-mutability", Severity.MEDIUM, 8, "The destination has MUTABLE, the baseline asks for IMMUTABLE",
        _immutable,
    )
    mutable[0] = replace(mutable[0], waiver=waiver)
    lifecycle = _replica_findings(
        "settings.lifecycle-policy-present", Severity.MEDIUM, 6, "The destination has no lifecycle policy", _lifecycle
    )
    lifecycle[2:4] = [replace(one, waiver=waiver) for one in lifecycle[2:4]]
    encryption = finding(
        "settings.encryption", Severity.HIGH, replica("prod/payments/vault", "100000000003", "eu-central-1"),
        "The destination is encrypted with AES256, the baseline asks for a customer key",
        evidence={"encryption": "AES256"},
        remedy=Remedy("Recreate the repository with the key", manual=(
            "Make sure that every image exists at the source.",
            "Delete the destination repository and create it again with the key.",
            "Start a backfill from the source registry.")),
    )  # fmt: skip
    undecided = [
        finding("grants.conditions-satisfiable", Severity.HIGH, {"account": BACKUP, "region": "eu-west-1", "statement": 4},
                "The condition key aws:PrincipalTag/team cannot be decided for a service principal", status=Status.UNKNOWN),
        *(finding("organization.evidence-complete", Severity.MEDIUM, {"account": account, "region": "us-east-1"},
                  "The registry policy and the creation templates could not be read: AccessDenied")
          for account in ("100000000008", "100000000011")),
    ]  # fmt: skip
    limits = [
        finding("limits.destinations-below-warning", Severity.MEDIUM, {"account": "100000000002", "region": "eu-west-1"},
                "21 of 25 unique destinations are used once the baseline is applied",
                evidence={"destinations_present": 19, "destinations_needed": 21, "destinations_limit": 25},
                remedy=Remedy("Fold destinations that nobody pulls from", manual=("Ask the owners of the destinations.",))),
    ]  # fmt: skip
    unknown_links = [
        finding("rules.required-link-present", Severity.CRITICAL, link("100000000008", "us-east-1"),
                "the replication rules of the source could not be read", at="source", status=Status.UNKNOWN),
        finding("rules.required-link-present", Severity.CRITICAL, link("100000000011", "us-east-1"),
                "No rule replicates to this destination, and requirement production-backup asks for it", at="source",
                evidence={"required_by": "production-backup", "missing_prefixes": '["prod/"]'},
                remedy=Remedy("Add the destination to the replication rules", (
                    Edit("replication.add", "100000000011", "us-east-1",
                         {"destinations": [{"account": BACKUP, "region": "eu-west-1"}], "prefixes": ["prod/"],
                          "delete_replication": False}),))),
    ]  # fmt: skip
    broken = finding("coverage.repository-present", Severity.HIGH, {}, "The check broke: KeyError: 'destination_present'",
                     status=Status.ERROR)  # fmt: skip
    results = (
        result("rules.required-link-present", unknown_links, passed=31),
        result("rules.delete-replication-as-declared", passed=18, idle=4),
        result("limits.destinations-within-limit", passed=48),
        result("limits.destinations-below-warning", limits, passed=47),
        result("grants.replication-allowed", grants, passed=27, idle=12),
        result("grants.conditions-satisfiable", undecided[:1], passed=22),
        result("grants.not-public", passed=23),
        result("settings.tag-mutability", mutable, passed=92),
        result("settings.lifecycle-policy-present", lifecycle, passed=101, idle=31),
        result("settings.encryption", [encryption], passed=20, idle=118),
        result("settings.template-key-usable", idle=9),
        result("coverage.repository-present", [broken], error="KeyError: 'destination_present'"),
        result("coverage.images-present", coverage, passed=86),
        result("organization.evidence-complete", undecided[1:], passed=46),
    )
    scripts = (
        script(BACKUP, "eu-west-1", [*grants, *mutable, *lifecycle]),
        *(script(account, "eu-central-1", [one for one in coverage if one.key["source_account"] == account])
          for account in ("100000000003", "100000000005", "100000000007")),
        script("100000000011", "us-east-1", unknown_links[1:]),
    )  # fmt: skip
    run = run_of(results, gaps=_gaps(), scripts=scripts, coverage=Coverage(12, 11, 48, 43, 3, 2, 150))
    return replace(run, **changes)


def _gaps() -> tuple[Gap, ...]:
    arn = "arn:aws:iam::100000000008:role/ecr-audit"
    denied = "User: arn:aws:sts::{0}:assumed-role/ecr-audit/run is not authorized to perform: {1} because no identity-based policy allows the action"  # noqa: E501 - a message as AWS writes it
    return (
        Gap("100000000008", "", "sts:AssumeRole", GapKind.ROLE_MISSING, "AccessDenied",
            f"User: arn:aws:iam::100000000001:user/audit is not authorized to perform: sts:AssumeRole on resource: {arn}",
            ("registries", "rules", "links", "replicas"), arn, "sts:AssumeRole"),
        *(Gap("100000000011", region, f"ecr:{call}", GapKind.DENIED, "AccessDeniedException",
              denied.format("100000000011", f"ecr:{call}"), ("registries", "links"), "", f"ecr:{call}")
          for region in ("us-east-1", "eu-west-1") for call in ("GetRegistryPolicy", "DescribeRepositoryCreationTemplates")),
        Gap("100000000012", "eu-west-2", "ecr:DescribeRegistry", GapKind.DENIED_BY_SCP, "AccessDeniedException",
            "… with an explicit deny in a service control policy", ("registries", "rules", "links"), "",
            "ecr:DescribeRegistry"),
        Gap("100000000006", "eu-west-1", "ecr:DescribeImages", GapKind.THROTTLED, "ThrottlingException", "Rate exceeded",
            ("images", "replicas"), "data/lake/spark"),
    )  # fmt: skip


def green_run() -> Run:
    """Everything was read and everything passed."""
    checks = ("rules.required-link-present", "limits.destinations-within-limit", "grants.replication-allowed",
              "settings.tag-mutability", "coverage.images-present", "organization.evidence-complete")  # fmt: skip
    return run_of(result(check, passed=40 + 7 * number) for number, check in enumerate(checks))


def unread_run() -> Run:
    """No role anywhere: nothing could be read."""
    gaps = tuple(
        Gap(account, "", "sts:AssumeRole", GapKind.ROLE_MISSING, "AccessDenied", "not authorized to perform: sts:AssumeRole",
            ("registries",), f"arn:aws:iam::{account}:role/ecr-audit", "sts:AssumeRole")
        for account in NAMES
    )  # fmt: skip
    unread = [
        finding("organization.evidence-complete", Severity.MEDIUM, {"account": account, "region": region},
                "nothing of this registry could be read")
        for account in NAMES for region in ("eu-west-1", "us-east-1")
    ]  # fmt: skip
    results = (result("rules.required-link-present"), result("grants.replication-allowed"),
               result("organization.evidence-complete", unread))  # fmt: skip
    return run_of(results, gaps=gaps, coverage=Coverage(12, 0, 24, 0, 0, 24, 0), calls={"sts:AssumeRole": 12})


def large_run(count: int = 20_000, checks: int = 20) -> Run:
    """*count* findings evenly over many checks and accounts."""
    severities = list(Severity)
    accounts = [f"2{number:011d}" for number in range(200)]
    per_check = count // checks
    results = []
    for number in range(checks):
        check, severity = f"settings.made-up-{number:02d}", severities[number % 5]
        found = [
            finding(check, severity, replica(f"team-{one % 37}/service-{one}", accounts[one % 200], "eu-central-1"),
                    f"The destination repository differs from what the baseline asks for in {one % 5 + 1} settings",
                    at="source", evidence={"tag_mutability": "MUTABLE", "images_missing": one},
                    remedy=_immutable(replica(f"team-{one % 37}/service-{one}", accounts[one % 200], "eu-central-1")))
            for one in range(per_check)
        ]  # fmt: skip
        results.append(result(check, found, passed=1000))
    names = {account: f"account-{account[-3:]}" for account in accounts}
    return run_of(results, account_names=names)


HOSTILE = (
    "<script>alert(1)</script><img src=http://192.0.2.1/x.png onerror=x>",
    "{{ 7 * 7 }}{% raw %}",
    "evil\u202egpj.exe\u202c",
    "zero\u200bwidth\ufeff\u2060",
    "=HYPERLINK(\"http://192.0.2.1\",\"x\")",
    "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1",
    "bell\x07 nul\x00 escape\x1b[31m",
    "lone \ud83d surrogate",
    "漢字 العربية Ελληνικά",
    "x" * 900,
    "arn:aws:ecr:eu-west-1:100000000009:repository/" + "very-long-part/" * 30,
    "quotes \" ' ` $(id) \\ ; comma, newline\nsecond line",
)  # fmt: skip


def hostile_run() -> Run:
    """Names, messages and evidence that try to break a report."""
    found = [
        finding("settings.tag-mutability", Severity.HIGH, replica(f"r{number}", "100000000003", "eu-central-1"), text,
                evidence={"tag": text, text: 1, "number": float("nan"), "zero": -0.0, "at": STARTED},
                remedy=Remedy(text, manual=(text,)), waiver=WaiverMark(text, text, "2026-12-31") if number % 3 == 0 else None)
        for number, text in enumerate(HOSTILE)
    ]  # fmt: skip
    found = [replace(one, resource=text, key={**one.key, "repository": text}) for one, text in zip(found, HOSTILE, strict=True)]
    gaps = tuple(Gap("100000000003", "eu-west-1", "ecr:DescribeImages", GapKind.UNEXPECTED, text, text, (), text)
                 for text in HOSTILE)  # fmt: skip
    names = {**NAMES, "100000000003": HOSTILE[2], BACKUP: HOSTILE[0]}
    return run_of([result("settings.tag-mutability", found)], gaps=gaps, account_names=names, organization_name=HOSTILE[0],
                  coverage=Coverage(1, 1, 2, 1, 1, 0, 16))  # fmt: skip


def small_run() -> Run:
    """Few findings of checks that no program knows: what the golden files are made of, whatever the catalogue says."""
    waiver = WaiverMark("Until the vault is moved", "platform@example.com", "2026-12-31")
    alpha = [
        finding("example.alpha", Severity.CRITICAL, link("010000000010", "us-east-1"), "=cmd() is not a formula here",
                evidence={"rules": "[1, 3]", "count": 2, "missing": None, "at": STARTED, "share": -0.0}),
        finding("example.alpha", Severity.CRITICAL, link("100000000003", "eu-central-1"), 'Says "no", and, with a comma',
                status=Status.UNKNOWN),
    ]  # fmt: skip
    beta = [
        finding("example.beta", Severity.MEDIUM, replica("prod/api", "100000000003", "eu-central-1"), "Two\nlines",
                remedy=Remedy("Change the setting", manual=("First step.", "Second step.")), waiver=waiver),
        finding("example.beta", Severity.LOW, replica("prod/web", "100000000003", "eu-central-1"), "Plain",
                remedy=Remedy("Do it by hand", safe=True)),
    ]  # fmt: skip
    broken = finding("other.gamma", Severity.HIGH, {}, "KeyError: 'x'", status=Status.ERROR)
    scripts = (Script(BACKUP, "eu-west-1", "20-rules-eu-west-1.sh", "", safe=True, findings=(beta[1].fingerprint,)),)
    gap = Gap("100000000008", "eu-west-1", "ecr:GetRegistryPolicy", GapKind.DENIED, "AccessDeniedException", "not authorized",
              ("registries", "links"), "", "ecr:GetRegistryPolicy")  # fmt: skip
    return run_of(
        [result("example.alpha", alpha, passed=3), result("example.beta", beta, passed=1, idle=2),
         result("other.gamma", [broken], error="KeyError: 'x'"), result("other.delta", passed=7)],
        gaps=(gap,), scripts=scripts, coverage=Coverage(2, 2, 4, 3, 1, 0, 2),
    )  # fmt: skip
