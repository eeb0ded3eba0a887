"""A realistic run: about 40 findings over 14 checks, with waivers, unknown rows, a broken check and gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from audit.model import Coverage, Run
from checks.model import (
    Finding,
    Gap,
    GapKind,
    Remediation,
    Severity,
    Status,
    WaiverMark,
)
from tests.checks.remediation.words import change_from_json
from tests.reports.making import BACKUP, STARTED, finding, link, replica, result, run_of, script


def _grant_findings() -> list[Finding]:
    sources = [
        ("100000000003", "eu-central-1"),
        ("100000000005", "eu-central-1"),
        ("010000000010", "us-east-1"),
        ("100000000006", "eu-west-2"),
        ("100000000007", "us-east-1"),
    ]
    return [
        finding(
            "grants.replication-allowed",
            Severity.CRITICAL,
            link(account, region),
            f"No statement of the destination's registry policy lets {account} replicate; every copy is refused",
            evidence={"grant_verdict": "DENIED_IMPLICIT", "rules": "[1, 3]", "prefixes": '["prod/", "shared/"]'},
            fact="grant_verdict",
            expected="ALLOWED or ALLOWED_IF_REPOSITORY_EXISTS",
            observed="DENIED_IMPLICIT",
            remediation=Remediation(
                f"Add a statement for account {account} to the registry policy of {BACKUP} in eu-west-1",
                (
                    change_from_json(
                        "policy.add-statement",
                        BACKUP,
                        "eu-west-1",
                        {
                            "source_account": account,
                            "prefixes": ["prod/", "shared/"],
                            "actions": ["ecr:ReplicateImage"],
                            "organization": "o-exampleorg1",
                        },
                    ),
                ),
            ),
        )
        for account, region in sources
    ]


def _backfill(key: Mapping[str, str]) -> Remediation:
    wanted = change_from_json(
        "backfill.start", key["source_account"], "eu-central-1", {"account": BACKUP, "region": "eu-west-1"}
    )
    return Remediation("Start a backfill from the source registry", (wanted,), safe=True)


def immutable(key: Mapping[str, str]) -> Remediation:
    """What sets the destination to IMMUTABLE."""
    arguments = {"repository": key["repository"], "seen": "MUTABLE", "mutability": "IMMUTABLE", "exclusions": []}
    wanted = change_from_json(
        "repository.tag-mutability", key["destination_account"], key["destination_region"], arguments
    )
    return Remediation("Set the tags of the destination to IMMUTABLE", (wanted,), safe=True)


def _lifecycle(key: Mapping[str, str]) -> Remediation:
    keep = {
        "rulePriority": 1,
        "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30},
        "action": {"type": "expire"},
    }
    arguments = {"repository": key["repository"], "seen": "", "policy": json.dumps({"rules": [keep]}, indent=2)}
    wanted = change_from_json("repository.lifecycle", key["destination_account"], key["destination_region"], arguments)
    return Remediation("Put the lifecycle policy that the baseline declares", (wanted,))


def _replica_findings(
    check: str,
    severity: Severity,
    count: int,
    message: str,
    remedy_of: Callable[[Mapping[str, str]], Remediation] = _backfill,
) -> list[Finding]:
    teams = (
        "prod/payments/api",
        "prod/payments/worker",
        "shared/base/python",
        "prod/search/indexer",
        "prod/edge/gateway",
    )
    accounts = ("100000000003", "100000000005", "100000000007")
    found = []
    for number in range(count):
        name = f"{teams[number % len(teams)]}-{number:02d}"
        key = replica(name, accounts[number % len(accounts)], "eu-central-1")
        evidence = {"source_images": 40 + number, "images_missing": 3 + number % 4, "oldest_missing_pushed_at": STARTED}
        found.append(finding(check, severity, key, message, evidence=evidence, remediation=remedy_of(key)))
    return found


def mixed_run(**changes: Any) -> Run:
    """About 40 findings over 12 checks, with waivers, unknown rows, a broken check and gaps."""
    waiver = WaiverMark("Migration to the new vault, ticket PLAT-4711", "platform-team@example.com", "2026-12-31")
    grants = _grant_findings()
    coverage = _replica_findings("coverage.images-present", Severity.HIGH, 9, "Images are missing at the destination")
    mutable = _replica_findings(
        "settings.tag-mutability",
        Severity.MEDIUM,
        8,
        "The destination has MUTABLE, the baseline asks for IMMUTABLE",
        immutable,
    )
    mutable[0] = replace(mutable[0], waiver=waiver)
    lifecycle = _replica_findings(
        "settings.lifecycle-policy-present", Severity.MEDIUM, 6, "The destination has no lifecycle policy", _lifecycle
    )
    lifecycle[2:4] = [replace(one, waiver=waiver) for one in lifecycle[2:4]]
    encryption = finding(
        "settings.encryption",
        Severity.HIGH,
        replica("prod/payments/vault", "100000000003", "eu-central-1"),
        "The destination is encrypted with AES256, the baseline asks for a customer key",
        evidence={"encryption": "AES256"},
        remediation=Remediation(
            "Recreate the repository with the key",
            manual=(
                "Make sure that every image exists at the source.",
                "Delete the destination repository and create it again with the key.",
                "Start a backfill from the source registry.",
            ),
        ),
    )
    unknown = [
        finding(
            "grants.conditions-satisfiable",
            Severity.HIGH,
            {"account": BACKUP, "region": "eu-west-1", "statement": 4},
            "The condition key aws:PrincipalTag/team cannot be decided for a service principal",
            status=Status.UNKNOWN,
        ),
        *(
            finding(
                "organization.evidence-complete",
                Severity.MEDIUM,
                {"account": account, "region": "us-east-1"},
                "The registry policy and the creation templates could not be read: AccessDenied",
            )
            for account in ("100000000008", "100000000011")
        ),
    ]
    limits = [
        finding(
            "limits.destinations-below-warning",
            Severity.MEDIUM,
            {"account": "100000000002", "region": "eu-west-1"},
            "21 of 25 unique destinations are used once the baseline is applied",
            evidence={"destinations_present": 19, "destinations_needed": 21, "destinations_limit": 25},
            remediation=Remediation(
                "Fold destinations that nobody pulls from", manual=("Ask the owners of the destinations.",)
            ),
        ),
    ]
    unknown_links = [
        finding(
            "rules.required-link-present",
            Severity.CRITICAL,
            link("100000000008", "us-east-1"),
            "the replication rules of the source could not be read",
            at="source",
            status=Status.UNKNOWN,
        ),
        finding(
            "rules.required-link-present",
            Severity.CRITICAL,
            link("100000000011", "us-east-1"),
            "No rule replicates to this destination, and requirement production-backup asks for it",
            at="source",
            evidence={"required_by": '["production-backup"]', "missing_prefixes": '["prod/"]'},
            remediation=Remediation(
                "Add the destination to the replication rules",
                (
                    change_from_json(
                        "replication.add",
                        "100000000011",
                        "us-east-1",
                        {
                            "destinations": [{"account": BACKUP, "region": "eu-west-1"}],
                            "prefixes": ["prod/"],
                            "delete_replication": False,
                        },
                    ),
                ),
            ),
        ),
    ]
    broken = finding(
        "coverage.repository-present",
        Severity.HIGH,
        {},
        "The check broke: KeyError: 'destination_present'",
        status=Status.ERROR,
    )
    results = (
        result("rules.required-link-present", unknown_links, passed=31),
        result("rules.delete-replication-as-declared", passed=18, idle=4),
        result("limits.destinations-within-limit", passed=48),
        result("limits.destinations-below-warning", limits, passed=47),
        result("grants.replication-allowed", grants, passed=27, idle=12),
        result("grants.conditions-satisfiable", unknown[:1], passed=22),
        result("grants.not-public", passed=23),
        result("settings.tag-mutability", mutable, passed=92),
        result("settings.lifecycle-policy-present", lifecycle, passed=101, idle=31),
        result("settings.encryption", [encryption], passed=20, idle=118),
        result("settings.template-key-usable", idle=9),
        result("coverage.repository-present", [broken], error="KeyError: 'destination_present'"),
        result("coverage.images-present", coverage, passed=86),
        result("organization.evidence-complete", unknown[1:], passed=46),
    )
    scripts = (
        script(BACKUP, "eu-west-1", [*grants, *mutable, *lifecycle]),
        *(
            script(account, "eu-central-1", [one for one in coverage if one.key["source_account"] == account])
            for account in ("100000000003", "100000000005", "100000000007")
        ),
        script("100000000011", "us-east-1", unknown_links[1:]),
    )
    run = run_of(results, gaps=_gaps(), scripts=scripts, coverage=Coverage(12, 11, 48, 43, 3, 2, 150))
    return replace(run, **changes)


def _gaps() -> tuple[Gap, ...]:
    arn = "arn:aws:iam::100000000008:role/ecr-audit"
    denied = "User: arn:aws:sts::{0}:assumed-role/ecr-audit/run is not authorized to perform: {1} because no identity-based policy allows the action"  # noqa: E501 - a message as AWS writes it
    return (
        Gap(
            "100000000008",
            "",
            "sts:AssumeRole",
            GapKind.ROLE_MISSING,
            "AccessDenied",
            f"User: arn:aws:iam::100000000001:user/audit not authorized to perform: sts:AssumeRole on resource: {arn}",
            ("registries", "rules", "links", "replicas"),
            arn,
            "sts:AssumeRole",
        ),
        *(
            Gap(
                "100000000011",
                region,
                f"ecr:{call}",
                GapKind.DENIED,
                "AccessDeniedException",
                denied.format("100000000011", f"ecr:{call}"),
                ("registries", "links"),
                "",
                f"ecr:{call}",
            )
            for region in ("us-east-1", "eu-west-1")
            for call in ("GetRegistryPolicy", "DescribeRepositoryCreationTemplates")
        ),
        Gap(
            "100000000012",
            "eu-west-2",
            "ecr:DescribeRegistry",
            GapKind.DENIED_BY_SCP,
            "AccessDeniedException",
            "… with an explicit deny in a service control policy",
            ("registries", "rules", "links"),
            "",
            "ecr:DescribeRegistry",
        ),
        Gap(
            "100000000006",
            "eu-west-1",
            "ecr:DescribeImages",
            GapKind.THROTTLED,
            "ThrottlingException",
            "Rate exceeded",
            ("images", "replicas"),
            "data/lake/spark",
        ),
    )
