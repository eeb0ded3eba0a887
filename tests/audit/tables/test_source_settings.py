"""Settings of repositories at their source, and settings that depend on the account: columns of two tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.tables import build_tables
from checks.baseline.schema import Baseline
from checks.engine.rows import plain_rows
from tests.audit.tables.worlds import BACKUP, HUB, REGION, evidence, member, registry, repository, rule

SLOWER = "scan frequency SCAN_ON_PUSH instead of CONTINUOUS_SCAN (required by the baseline)"
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50},
            "action": {"type": "expire"},
        }
    ]
}


def tables(baseline: dict[str, Any], *, accounts: Any = None, rules: Any = "yes", **changes: Any) -> dict[str, Any]:
    names = [repository("prod/api", **changes), repository("dev/app", **changes)]
    source = registry(
        HUB, repositories=names, rules=[rule(f"{BACKUP}/{REGION}", prefixes=["prod/"])] if rules else None
    )
    copy = registry(BACKUP, repositories=[repository("prod/api", **changes)])
    members = accounts if accounts is not None else (member(HUB), member(BACKUP))
    return build_tables(evidence(source, copy, accounts=members), Baseline.model_validate(baseline))


def source_rows(baseline: dict[str, Any], **changes: Any) -> dict[tuple[str, str], dict[str, Any]]:
    found = plain_rows(tables({"source_settings": [baseline]}, **changes)["repositories"])
    return {(row["account"], row["repository"]): row for row in found}


def test_only_repositories_that_are_replicated_are_sources():
    rows = source_rows({"tag_mutability": "IMMUTABLE"})
    assert {key: row["is_source"] for key, row in rows.items()} == {
        (HUB, "prod/api"): True,
        (HUB, "dev/app"): False,
        (BACKUP, "prod/api"): False,
    }
    assert {key for key, row in rows.items() if row["tag_mutability_required"]} == {(HUB, "prod/api")}


def test_with_unread_rules_it_is_unknown_which_are_sources():
    rows = source_rows({"tag_mutability": "IMMUTABLE"}, rules=None)
    assert rows[HUB, "dev/app"]["is_source"] is None
    assert rows[HUB, "dev/app"]["tag_mutability_required"] is None


def test_a_required_source_counts_without_a_rule():
    requirement = {"name": "all", "destinations": [{"account": BACKUP, "region": REGION}]}
    found = tables({"replication": [requirement], "source_settings": [{"tag_mutability": "IMMUTABLE"}]})
    rows = {(row["account"], row["repository"]): row for row in plain_rows(found["repositories"])}
    assert rows[HUB, "dev/app"]["is_source"] is True


@pytest.mark.parametrize(
    ("asked", "held", "kind"),
    [
        (POLICY, json.dumps(POLICY), "the lifecycle policy of the baseline"),
        (POLICY, json.dumps(POLICY).replace("50", "5000"), "another lifecycle policy"),
        (POLICY, "", "no lifecycle policy"),
        ("required", json.dumps(POLICY), "a lifecycle policy"),
        ("required", "", "no lifecycle policy"),
        ("required", "{", None),
        ("required", None, None),
    ],
)
def test_lifecycle_policy(asked: Any, held: str | None, kind: str | None):
    row = source_rows({"lifecycle_policy": asked}, lifecycle_policy=held)[HUB, "prod/api"]
    assert row["lifecycle_policy_required"] is True
    assert row["lifecycle_policy_kind"] == kind
    assert (row["lifecycle_policy_kind"] == row["expected_lifecycle_policy_kind"]) is (
        kind in ("the lifecycle policy of the baseline", "a lifecycle policy")
    )


@pytest.mark.parametrize(
    ("asked", "frequency", "shortfalls"),
    [
        ({}, "SCAN_ON_PUSH", []),
        ({}, "MANUAL", ["no scanning rule of the registry applies to it"]),
        ({}, None, None),
        ({"required": False}, "MANUAL", []),
        ({"frequency": "CONTINUOUS_SCAN"}, "SCAN_ON_PUSH", [SLOWER]),
    ],
)  # fmt: skip
def test_scanning(asked: dict[str, Any], frequency: str | None, shortfalls: list[str] | None):
    row = source_rows({"scanning": asked}, scan_frequency=frequency)[HUB, "prod/api"]
    assert (None if row["scan_shortfalls"] is None else json.loads(row["scan_shortfalls"])) == shortfalls


def test_settings_of_replicas_apply_at_their_places():
    settings = [
        {"tag_mutability": "IMMUTABLE", "account_names": ["back*"]},
        {"tag_mutability": "MUTABLE", "accounts": [HUB]},
        {"encryption": {"type": "KMS"}, "regions": ["us-east-1"]},
    ]
    (row,) = plain_rows(
        tables({"settings": settings}, accounts=(member(HUB), member(BACKUP, name="backup")))["replicas"]
    )
    assert (row["tag_mutability_required"], row["expected_tag_mutability"]) == (True, "IMMUTABLE")
    assert row["encryption_required"] is False


def test_an_unknown_unit_makes_the_requirement_unknown():
    lost = member(BACKUP, ou_path=None, organization_path=None)
    settings = [{"tag_mutability": "IMMUTABLE", "scanning": {}, "tags": {"a": "b"}, "ous": ["Workloads"]}]
    (row,) = plain_rows(tables({"settings": settings}, accounts=(member(HUB), lost))["replicas"])
    for name in ("tag_mutability_required", "expected_tag_mutability", "scanning_required", "tags_required"):
        assert row[name] is None, name
    assert row["encryption_required"] is False
