"""Nothing turns PASS or FAIL because a read was refused.

Every operation that the collector may call is denied in turn over the demo organization. Each row of each check then
has the verdict that it has without the denial, or none; or the row is missing and a gap says why. The rows are read
from the tables: `checks.engine.evaluation` is proven elsewhere to say UNKNOWN exactly where the judged column is null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from audit.aws import AwsSettings, AwsSetupError
from audit.aws.operations import MEMBER, OPERATIONS, operation
from audit.evidence import Evidence, Scope, all_gaps
from audit.inventory import collect
from audit.tables import build_tables
from checks.baseline.loading import load_baseline
from checks.baseline.schema import Baseline
from checks.catalog import EVIDENCE_CHECKS as CHECKS
from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, World, load_world, serve
from tests.checks.plain_expectations import status

REQUIRED = {
    "blob_mounting": "ENABLED",
    "signing": "same-as-source",
    "failure_events": "required",
    "pull_time_exclusions": ["arn:aws:iam::{account}:role/scanner"],
}
"""What the demo organization does not care about, and some check judges."""


BY_PLACE = [
    {"ous": ["Workloads/Production"], "tag_mutability": "MUTABLE", "scanning": {"type": "ENHANCED"}},
    {"account_names": ["*-prod-*"], "encryption": {"type": "KMS"}, "tags": {"tier": "0"}},
]
OF_SOURCES = [
    {"tag_mutability": "IMMUTABLE", "scanning": {}, "repository_policy": "required", "tags": {"team": "shipping"}},
    {"ous": ["Workloads/Sandbox"], "lifecycle_policy": "required", "tag_mutability": "MUTABLE"},
    {"account_names": ["kestrel-*"], "encryption": {"type": "AES256"}},
    {"account_names": ["kestrel-build"], "encryption": {"type": "KMS", "key": "customer"}},
]
"""Settings that depend on units and names of accounts, which may be unreadable."""


def baseline() -> Baseline:
    document = yaml.safe_load(DEMO_BASELINE.read_text(encoding="utf-8"))
    document["registries"] = REQUIRED | document.get("registries", {})
    document["settings"] = [{**one, "tags": {"team": "shipping"}} for one in document["settings"]] + BY_PLACE
    document["source_settings"] = OF_SOURCES
    return load_baseline(json.dumps(document, default=str), "baseline.yaml")


REPOSITORIES = frozenset(
    [
        "billing/ledger",
        "billing/tax",
        "experiments/roads",
        "experiments/tides",
        "mobile/app",
        "play/board",
        "playground/maze",
        "reports/exporter",
        "shipping/api",
        "shipping/labels",
        "shipping/routing",
        "tracking/api",
        "tracking/edge",
        "tracking/geofence",
        "tracking/notifier",
    ]
)
"""A third of the demo's. With the others, no more checks have rows here, nor rows of both verdicts."""


def world_document() -> dict[str, Any]:
    """The demo organization without its own faults; templates tag what they create, and sources sign."""
    document = load_world(DEMO_WORLD).to_document() | {"faults": []}
    for registry in document["registries"]:
        held = registry.get("repositories", [])
        registry["repositories"] = [one for one in held if one["name"] in REPOSITORIES]
        if registry.get("rules"):
            profile = f"arn:aws:signer:{registry['region']}:{registry['account']}:/signing-profiles/release"
            registry.setdefault("signing", {"rules": [{"signingProfileArn": profile}]})
        for template in registry.get("templates", []):
            template.setdefault("resourceTags", [{"Key": "origin", "Value": "copy"}])
    return document


BASELINE = baseline()
DOCUMENT = world_document()
SCOPE = Scope(accounts=("210000000021", "210000000051"))
"""Two sources whose links reach most of the organization: every check has rows, nearly all both good and bad ones."""
TOGETHER = (
    ("account:ListRegions", "ec2:DescribeRegions"),
    ("servicequotas:ListServiceQuotas", "servicequotas:GetServiceQuota"),
    ("organizations:ListOrganizationalUnitsForParent", "organizations:ListAccountsForParent"),
)
"""One stands in for the other, so that only the denial of both leaves something unread."""

OF_DESTINATIONS = {"organization.scan-policy-permits", "organization.failure-events"}
"""They look at registries that some rule names as its destination. One that only an unread rule names is not among
them: the gap of that rule tells it, and calling every other registry undecided would drown it."""

NOT_APPLICABLE = "not applicable"
Verdicts = Mapping[tuple[str, ...], bool | str | None]

_VERDICTS: Mapping[str, bool | str | None] = {
    "pass": True, "fail": False, "unknown": None, "not_applicable": NOT_APPLICABLE
}  # fmt: skip


def audited(monkeypatch: pytest.MonkeyPatch, *faults: Mapping[str, Any]) -> tuple[Evidence, Verdicts]:
    world = World.from_document(DOCUMENT | {"faults": list(faults)})
    with serve(world) as simulation:
        for name, value in simulation.environment().items():
            monkeypatch.setenv(name, value)
        settings = AwsSettings(endpoint_url=simulation.endpoint)
        evidence = collect(settings, SCOPE, BASELINE, now=world.now())
    return evidence, verdicts(evidence)


def verdicts(evidence: Evidence) -> Verdicts:
    """(check, key…) → True, False, None for unknown, or NOT_APPLICABLE."""
    tables = build_tables(evidence, BASELINE)
    found: dict[tuple[str, ...], bool | str | None] = {}
    for check in CHECKS:
        columns = list(dict.fromkeys((*check.table.key, *check.when, *check.expect.facts)))
        frame = tables[check.table.name][columns].astype(object)
        for row in frame.where(frame.notna(), None).to_dict("records"):
            key = (check.id, *(str(row[name]) for name in check.table.key))
            found[key] = _VERDICTS[status(check, row)]
    return found


@pytest.fixture(scope="module")
def undenied() -> Verdicts:
    with pytest.MonkeyPatch.context() as patch:
        return audited(patch)[1]


def test_the_world_is_worth_denying(undenied: Verdicts):
    decided = {
        check.id: {v for key, v in undenied.items() if key[0] == check.id and v in (True, False)} for check in CHECKS
    }
    silent = [check for check, values in decided.items() if not values]
    assert len(silent) <= len(decided) // 20, f"too few checks have rows here to deny: not {silent}"
    assert sum(len(values) == 2 for values in decided.values()) > 60


def changed(evidence: Evidence, now: Verdicts, before: Verdicts) -> dict[tuple[str, ...], Any]:
    """What the denial changed that it must not change."""
    wrong: dict[tuple[str, ...], Any] = {}
    for key, verdict in now.items():
        if key[0] == "organization.evidence-complete":
            continue  # it judges the reading itself
        if key not in before and verdict == NOT_APPLICABLE:
            continue  # a Region that is assumed, since nobody tells: nothing is said about it
        if key not in before and (verdict == NOT_APPLICABLE or _only_possible(key, now)):
            # A Region that is assumed for want of a list has its rows, and so has a link that may be required: what
            # nobody asks for is no verdict, and what is true of a destination stays true.
            continue
        if verdict == NOT_APPLICABLE and key[0] in OF_DESTINATIONS:
            continue
        if verdict is not None and (key not in before or verdict != before[key]):
            wrong[key] = before.get(key, "no such row"), verdict
    missing = [key for key in before if key not in now]
    if missing and not all_gaps(evidence):
        wrong[missing[0]] = before[missing[0]], f"{len(missing)} rows are missing, and no gap says why"
    return wrong


def _only_possible(key: tuple[str, ...], now: Verdicts) -> bool:
    """Whether *key* is about a link of which nobody knows whether it is required."""
    return len(key) == 5 and now.get(("rules.required-link-present", *key[1:]), True) is None


def groups() -> list[tuple[str, ...]]:
    """Each operation, alone or with what stands in for it."""
    joined = {action for group in TOGETHER for action in group}
    alone = [(one.action,) for one in OPERATIONS if one.action not in joined and one.action != "sts:GetCallerIdentity"]
    return [*TOGETHER, *alone]


def denied(actions: Sequence[str], rate: float = 1.0) -> list[dict[str, Any]]:
    return [{"operation": action, "kind": "deny", "rate": rate} for action in actions]


@pytest.mark.parametrize("actions", groups(), ids=" ".join)
def test_a_denied_read_decides_nothing(actions: tuple[str, ...], undenied: Verdicts, monkeypatch: pytest.MonkeyPatch):
    evidence, now = audited(monkeypatch, *denied(actions))
    assert not changed(evidence, now, undenied)
    assert {gap.operation for gap in all_gaps(evidence)} & set(actions)
    # What is asked where the run begins opens the way to all else, so that nearly every check depends on it.
    if all(operation(action).side == MEMBER for action in actions):
        dim = {key[0] for key, verdict in now.items() if verdict is None and undenied.get(key) in (True, False)}
        named = {check.id for check in CHECKS if set(actions) & set(check.permissions)}
        assert dim <= named, "checks that need these actions do not say so, and iam-policy --compare says nothing"


@pytest.mark.parametrize("action", ["ecr:DescribeRepositories", "ecr:DescribeImages"])
def test_reads_that_are_denied_here_and_there_decide_nothing(
    action: str, undenied: Verdicts, monkeypatch: pytest.MonkeyPatch
):
    evidence, now = audited(monkeypatch, *denied([action], rate=0.5))
    assert not changed(evidence, now, undenied)


def test_who_may_not_ask_who_they_are_is_told(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(AwsSetupError, match="sts:GetCallerIdentity"):
        audited(monkeypatch, *denied(["sts:GetCallerIdentity"]))
