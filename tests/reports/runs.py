"""Made-up runs of every shape that a report must tell well: mixed, large, hostile, all green, unread."""

from __future__ import annotations

from dataclasses import replace

from audit.evidence import CallCounts
from audit.model import Coverage, GivenFile, Run
from checks.custom.files import CustomCheck
from checks.model import (
    Gap,
    GapKind,
    Remediation,
    Script,
    Severity,
    Status,
    WaiverMark,
)
from checks.texts import text_of_own
from tests.reports.making import BACKUP, DOCUMENTS, NAMES, STARTED, finding, link, replica, result, run_of
from tests.reports.mixed import immutable, mixed_run

__all__ = [
    "BACKUP",
    "DOCUMENTS",
    "STARTED",
    "finding",
    "green_run",
    "hostile_run",
    "large_run",
    "link",
    "mixed_run",
    "own_run",
    "result",
    "run_of",
    "small_run",
    "unread_run",
]


def green_run() -> Run:
    """Everything was read and everything passed."""
    checks = (
        "rules.required-link-present",
        "limits.destinations-within-limit",
        "grants.replication-allowed",
        "settings.tag-mutability",
        "coverage.images-present",
        "organization.evidence-complete",
    )
    return run_of(result(check, passed=40 + 7 * number) for number, check in enumerate(checks))


def unread_run() -> Run:
    """No role anywhere: nothing could be read."""
    gaps = tuple(
        Gap(
            account,
            "",
            "sts:AssumeRole",
            GapKind.ROLE_MISSING,
            "AccessDenied",
            "not authorized to perform: sts:AssumeRole",
            ("registries",),
            f"arn:aws:iam::{account}:role/ecr-audit",
            "sts:AssumeRole",
        )
        for account in NAMES
    )
    unread = [
        finding(
            "organization.evidence-complete",
            Severity.MEDIUM,
            {"account": account, "region": region},
            "nothing of this registry could be read",
        )
        for account in NAMES
        for region in ("eu-west-1", "us-east-1")
    ]
    results = (
        result("rules.required-link-present"),
        result("grants.replication-allowed"),
        result("organization.evidence-complete", unread),
    )
    return run_of(
        results, gaps=gaps, coverage=Coverage(12, 0, 24, 0, 0, 24, 0), calls=CallCounts({"sts:AssumeRole": 12})
    )


def large_run(count: int = 20_000, checks: int = 20) -> Run:
    """*count* findings evenly over many checks and accounts."""
    severities = list(Severity)
    accounts = [f"2{number:011d}" for number in range(200)]
    per_check = count // checks
    results = []
    for number in range(checks):
        check, severity = f"settings.made-up-{number:02d}", severities[number % 5]
        found = [
            finding(
                check,
                severity,
                replica(f"team-{one % 37}/service-{one}", accounts[one % 200], "eu-central-1"),
                f"The destination repository differs from what the baseline asks for in {one % 5 + 1} settings",
                at="source",
                evidence={"tag_mutability": "MUTABLE", "images_missing": one},
                remediation=immutable(replica(f"team-{one % 37}/service-{one}", accounts[one % 200], "eu-central-1")),
            )
            for one in range(per_check)
        ]
        results.append(result(check, found, passed=1000))
    names = {account: f"account-{account[-3:]}" for account in accounts}
    return run_of(results, account_names=names)


HOSTILE = (
    "<script>alert(1)</script><img src=http://192.0.2.1/x.png onerror=x>",
    "{{ 7 * 7 }}{% raw %}",
    "evil\u202egpj.exe\u202c",
    "zero\u200bwidth\ufeff\u2060",
    '=HYPERLINK("http://192.0.2.1","x")',
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "bell\x07 nul\x00 escape\x1b[31m",
    "lone \ud83d surrogate",
    "漢字 العربية Ελληνικά",
    "x" * 900,
    "arn:aws:ecr:eu-west-1:100000000009:repository/" + "very-long-part/" * 30,
    "quotes \" ' ` $(id) \\ ; comma, newline\nsecond line",
)


def hostile_run() -> Run:
    """Names, messages and evidence that try to break a report."""
    found = [
        finding(
            "settings.tag-mutability",
            Severity.HIGH,
            replica(f"r{number}", "100000000003", "eu-central-1"),
            text,
            evidence={"tag": text, text: 1, "number": float("nan"), "zero": -0.0, "at": STARTED},
            remediation=Remediation(text, manual=(text,)),
            waiver=WaiverMark(text, text, "2026-12-31") if number % 3 == 0 else None,
        )
        for number, text in enumerate(HOSTILE)
    ]
    found = [
        replace(one, resource=text, key={**one.key, "repository": text})
        for one, text in zip(found, HOSTILE, strict=True)
    ]
    gaps = tuple(
        Gap("100000000003", "eu-west-1", "ecr:DescribeImages", GapKind.UNEXPECTED, text, text, (), text)
        for text in HOSTILE
    )
    names = {**NAMES, "100000000003": HOSTILE[2], BACKUP: HOSTILE[0]}
    return run_of(
        [result("settings.tag-mutability", found)],
        gaps=gaps,
        account_names=names,
        organization_name=HOSTILE[0],
        coverage=Coverage(1, 1, 2, 1, 1, 0, 16),
    )


def small_run() -> Run:
    """Few findings of checks that no program knows: what the golden files are made of, whatever the catalogue says."""
    waiver = WaiverMark("Until the vault is moved", "platform@example.com", "2026-12-31")
    alpha = [
        finding(
            "example.alpha",
            Severity.CRITICAL,
            link("010000000010", "us-east-1"),
            "=cmd() is not a formula here",
            evidence={"rules": "[1, 3]", "count": 2, "missing": None, "at": STARTED, "share": -0.0},
        ),
        finding(
            "example.alpha",
            Severity.CRITICAL,
            link("100000000003", "eu-central-1"),
            'Says "no", and, with a comma',
            status=Status.UNKNOWN,
        ),
    ]
    beta = [
        finding(
            "example.beta",
            Severity.MEDIUM,
            replica("prod/api", "100000000003", "eu-central-1"),
            "Two\nlines",
            remediation=Remediation("Change the setting", manual=("First step.", "Second step.")),
            waiver=waiver,
        ),
        finding(
            "example.beta",
            Severity.LOW,
            replica("prod/web", "100000000003", "eu-central-1"),
            "Plain",
            remediation=Remediation("Do it by hand", safe=True),
        ),
    ]
    broken = finding("other.gamma", Severity.HIGH, {}, "KeyError: 'x'", status=Status.ERROR)
    scripts = (Script(BACKUP, "eu-west-1", "20-rules-eu-west-1.sh", "", safe=True, findings=(beta[1].fingerprint,)),)
    gap = Gap(
        "100000000008",
        "eu-west-1",
        "ecr:GetRegistryPolicy",
        GapKind.DENIED,
        "AccessDeniedException",
        "not authorized",
        ("registries", "links"),
        "",
        "ecr:GetRegistryPolicy",
    )
    return run_of(
        [
            result("example.alpha", alpha, passed=3),
            result("example.beta", beta, passed=1, idle=2),
            result("other.gamma", [broken], error="KeyError: 'x'"),
            result("other.delta", passed=7),
        ],
        gaps=(gap,),
        scripts=scripts,
        coverage=Coverage(2, 2, 4, 3, 1, 0, 2),
    )


def own_run() -> Run:
    """Two expectations of the organization's own: one row fails, and one expectation cannot be carried out."""
    kind = "expect_column_values_to_match_regex"
    own = (
        CustomCheck("user.ours.names", "ours.json", "replicas", kind, {"column": "repository", "regex": "{[a-z]+}"},
                       "Names begin with a team", Severity.LOW, remediation=("Rename {repository}.", "Push again.")),
        CustomCheck("user.ours.2", "ours.json", "replicas", title="<b>it</b>", error="there is no such thing"),
    )  # fmt: skip
    key = replica("x", "100000000003", "eu-central-1")
    failing = finding(
        "user.ours.names", Severity.LOW, key, "x has no team", remediation=Remediation("Rename x.", manual=("y",))
    )
    broken = finding("user.ours.2", Severity.HIGH, {}, "there is no such thing", status=Status.ERROR)
    results = [result("user.ours.names", [failing], passed=3), result("user.ours.2", [broken], error="no such thing")]
    return run_of(results, checks=tuple(map(text_of_own, own)), given=(GivenFile("ours.json", "{}"),))
