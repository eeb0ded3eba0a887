"""One run never contradicts itself: what checks that share a fact say about the same thing fits together.

Which checks share facts comes from the catalogue. Each shared column names the pairs of answers that would contradict
each other, or why none can; a check that begins to share a column must be added. Every pair is asserted absent from
every world below.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from audit.evidence import RegionRecord
from checks.catalog import CHECKS
from checks.engine.text import fields, names_in, render
from checks.iam.request import SERVICE_LINKED_ROLE
from checks.model import Check, RemediationContext, Severity
from checks.tables import GRANTS
from tests.audit.tables.worlds import (
    BACKUP,
    DIGESTS,
    HUB,
    REGION,
    STRANGER,
    THIRD,
    Tables,
    baseline,
    build,
    evidence,
    grant,
    image,
    member,
    registry,
    repository,
    requirement,
    rule,
)
from tests.checks.plain_expectations import status

OTHER = "us-east-1"
REPLICATION = ["ecr:ReplicateImage", "ecr:CreateRepository"]
ROLE = f"arn:aws:iam::{HUB}:role/{SERVICE_LINKED_ROLE}"


# Worlds: the hub replicates `prod/api` and more to the backup account; each differs in one fact that others depend on.


def statement(**changes: Any) -> dict[str, Any]:
    usual = {"Effect": "Allow", "Principal": {"AWS": HUB}, "Action": REPLICATION, "Resource": "*"}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


PULLS = statement(Principal="*", Action=["ecr:BatchGetImage", "ecr:PutImage", "ecr:BatchDeleteImage"])
RESILIENT = {"resilience": [{"name": "two Regions", "sources": {"accounts": [HUB]}, "another_region": True}]}


def world(text: str | None = None, *, wanted=None, to=(f"{BACKUP}/{REGION}",), unread: bool = False, **changes: Any):
    """The hub with its rules, and the backup registry with the policy *text*; *changes* to parts and evidence."""
    held = [repository("prod/api", image(DIGESTS[0], "v1")), repository("prod/web"), repository("production")]
    hub = registry(HUB, rules=[rule(*to, prefixes=["prod"])], repositories=held, **changes.pop("hub", {}))
    present = None if unread else grant(HUB) if text is None else text
    mine = {"registry_policy": present, "repositories": held[:2]}
    backup = registry(BACKUP, **mine, **changes.pop("backup", {}))
    extra = changes.pop("registries", ())
    return build(evidence(hub, backup, *extra, **changes), baseline(**(wanted or {})))


def regions(other: str) -> tuple[RegionRecord, ...]:
    """The Regions of every account; *other*: status of the second one of the backup account."""
    usual = [RegionRecord(account, REGION, "ENABLED_BY_DEFAULT") for account in (HUB, BACKUP, THIRD)]
    return (*usual, RegionRecord(BACKUP, OTHER, other))


FAR = (f"{BACKUP}/{OTHER}",)
WORLDS: dict[str, Callable[[], Tables]] = {
    "all is well": world,
    "no policy": lambda: world(""),
    "the policy was not read": lambda: world(unread=True),
    "scope V1 with pulls for everyone": lambda: world(policy(statement(), PULLS), backup={"policy_scope": "V1"}),
    "scope V1 with a wrong ARN in a statement about pulls": lambda: world(
        policy(statement(), {**PULLS, "Resource": f"arn:aws:ecr:{OTHER}:{BACKUP}:repository/*"}),
        backup={"policy_scope": "V1"},
    ),
    "scope V1 with everything for a stranger": lambda: world(
        policy(statement(), statement(Principal={"AWS": STRANGER}, Action="ecr:*")), backup={"policy_scope": "V1"}
    ),
    "the scope was not read": lambda: world(policy(statement(), PULLS), backup={"policy_scope": None}),
    "a resource that AWS does not document": lambda: world(
        policy(statement(Resource=f"arn:aws:ecr:{REGION}:{BACKUP}:repository*"))
    ),
    "a resource with a wildcard as service": lambda: world(
        policy(statement(Resource=f"arn:aws:*:{REGION}:{BACKUP}:repository/*"))
    ),
    "a shortened resource": lambda: world(policy(statement(Resource="arn:aws:ecr:*"))),
    "a resource of another Region": lambda: world(
        policy(statement(Resource=f"arn:aws:ecr:{OTHER}:{BACKUP}:repository/*"))
    ),
    "a variable in a resource of another Region": lambda: world(
        policy(statement(Resource=f"arn:aws:ecr:{OTHER}:{BACKUP}:repository/${{aws:username}}/*"))
    ),
    "a narrower resource": lambda: world(
        policy(statement(Resource=f"arn:aws:ecr:{REGION}:{BACKUP}:repository/prod/api"))
    ),
    "a Deny": lambda: world(policy(statement(), statement(Effect="Deny"))),
    "a Deny under an undocumented condition": lambda: world(
        policy(statement(), statement(Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    ),
    "an Allow under an undocumented condition": lambda: world(
        policy(statement(Condition={"Bool": {"aws:SecureTransport": "true"}}))
    ),
    "the service-linked role as principal": lambda: world(policy(statement(Principal={"AWS": ROLE}))),
    "an action that creates nothing": lambda: world(
        policy(statement(Action="ecr:ReplicateImage")), to=(f"{BACKUP}/{REGION}", f"{THIRD}/{REGION}")
    ),
    "the destination is suspended": lambda: world(
        wanted=RESILIENT,
        to=FAR,
        accounts=(member(HUB), member(BACKUP, state="SUSPENDED"), member(THIRD)),
        regions=regions("ENABLED"),
    ),
    "the Region of the destination is disabled": lambda: world(wanted=RESILIENT, to=FAR, regions=regions("DISABLED")),
    "the Region of the destination is unknown": lambda: world(wanted=RESILIENT, to=(f"{BACKUP}/xx-none-1",)),
    "the second Region works": lambda: world(wanted=RESILIENT, to=FAR, regions=regions("ENABLED")),
    "a chain into a disabled Region": lambda: world(
        backup={"rules": [rule(f"{THIRD}/{OTHER}")]},
        regions=(*regions("ENABLED"), RegionRecord(THIRD, OTHER, "DISABLED")),
    ),
    "a grant to a suspended account": lambda: world(
        grant(HUB, THIRD), accounts=(member(HUB), member(BACKUP), member(THIRD, state="SUSPENDED"))
    ),
    "the grant lies in another Region": lambda: world(
        "", registries=(registry(BACKUP, OTHER, registry_policy=grant(HUB)),), regions=regions("ENABLED")
    ),
    "the grant lies in the source's own registry": lambda: world("", hub={"registry_policy": grant(BACKUP)}),
    "a suspended account is required": lambda: world(
        wanted={"replication": [requirement(f"{THIRD}/{REGION}")]},
        accounts=(member(HUB), member(BACKUP), member(THIRD, state="SUSPENDED")),
    ),
    "a disabled Region is required": lambda: world(
        wanted={"replication": [requirement(*FAR)]}, regions=regions("DISABLED")
    ),
    "a requirement without a rule": lambda: world(
        wanted={"replication": [requirement(f"{THIRD}/{REGION}")]}, registries=(registry(THIRD),)
    ),
}


# What the checks say about a world.


@dataclass(frozen=True)
class Said:
    """What one check says about one row."""

    check: Check
    status: str
    row: dict[str, Any]

    @property
    def severity(self) -> Severity:
        graded = self.row[self.check.graded] if self.check.graded else None
        return Severity(graded) if graded else self.check.severity

    @property
    def message(self) -> str:
        return render(self.check.message, self.row)


@dataclass(frozen=True)
class Answers:
    """What every check says about every row of one world."""

    by_check: dict[str, list[Said]]

    def of(self, name: str, *statuses: str) -> list[Said]:
        return [one for one in self.by_check[name] if not statuses or one.status in statuses]

    def beside(self, said: Said, name: str) -> Said:
        """What *name* says about the same row."""
        key = said.check.table.key
        (found,) = (one for one in self.by_check[name] if all(one.row[part] == said.row[part] for part in key))
        return found

    def statements_of(self, link: Said, name: str) -> list[Said]:
        """What *name* says about the statements of the destination of *link*."""
        place = (link.row["destination_account"], link.row["destination_region"])
        return [one for one in self.by_check[name] if (one.row["account"], one.row["region"]) == place]


@cache
def answers(name: str) -> Answers:
    tables = WORLDS[name]()
    rows = {table: tables.rows(table) for table in tables.frames}
    found: dict[str, list[Said]] = {}
    for check in CHECKS:
        found[check.id] = [Said(check, status(check, row), row) for row in rows.get(check.table.name, ())]
    return Answers(found)


# Contradictions: each yields the pairs of answers that must not stand in one report.

Contradiction = Callable[[Answers], Iterator[str]]


def deny_beside_allow(found: Answers) -> Iterator[str]:
    """A Deny blocks the link, and the grant is given or not known."""
    for denied in found.of("grants.not-explicitly-denied", "fail"):
        if found.beside(denied, "grants.replication-allowed").status != "fail":
            yield denied.message


def parts_of_no_grant(found: Answers) -> Iterator[str]:
    """A grant that is not given covers, creates or tags some of what the rules match."""
    for refused in found.of("grants.replication-allowed", "fail", "unknown"):
        for name in ("grants.covers-rule", "grants.create-repository-allowed", "grants.tag-resource-allowed"):
            if found.beside(refused, name).status in ("pass", "fail"):
                yield f"{refused.message} / {name}"


def unknown_without_a_cause(found: Answers) -> Iterator[str]:
    """A link is unknown, and every statement behind it can be evaluated."""
    for link in found.of("grants.replication-allowed", "unknown"):
        causes = found.statements_of(link, "grants.evaluable")
        if causes and all(one.status in ("pass", "not_applicable") for one in causes):
            yield str(link.row["grant_reason"])


def one_resource_two_answers(found: Answers) -> Iterator[str]:
    """The only statement has a resource that matches nothing, and the link is allowed or unknown; or the reverse."""
    fits = {"fail": ("fail",), "unknown": ("unknown", "fail"), "pass": ("pass", "fail", "unknown")}
    for link in found.of("grants.replication-allowed", "pass", "fail", "unknown"):
        alone = found.statements_of(link, "grants.resource-arn-valid")
        if len(alone) == 1 and link.status not in fits[alone[0].status]:
            yield f"{alone[0].status}, and the link is {link.status}: {link.row['grant_reason']}"


def used_and_unused(found: Answers) -> Iterator[str]:
    """An account replicates by a grant that is reported as unused."""
    for link in found.of("grants.replication-allowed", "pass"):
        for unused in found.statements_of(link, "grants.unused"):
            if unused.status == "fail" and link.row["source_account"] in names_in(unused.row["unused_accounts"]):
                yield unused.message


def halves_of_one_cause(found: Answers) -> Iterator[str]:
    """A link without a grant and the statement that is meant for it do not name each other."""
    links = {
        (place, f"{link.row['destination_account']}/{link.row['destination_region']}")
        for link in found.of("grants.replication-allowed", "fail")
        for place in names_in(link.row["misplaced_grants"])
    }
    statements = {
        (f"{said.row['account']}/{said.row['region']}", destination)
        for said in found.of("grants.unused")
        for destination in names_in(said.row["grant_missing_at"])
    }
    yield from (f"only one names the other: {pair}" for pair in links ^ statements)


def ignored_statement_as_if_in_effect(found: Answers) -> Iterator[str]:
    """A finding about a statement that policy scope V1 ignores reads as if it had an effect."""
    for check in CHECKS:
        for said in found.of(check.id, "fail") if check.table is GRANTS else ():
            ignored = said.row["ignored_by_scope"]
            if ignored and (said.severity.at_least(Severity.HIGH) or "no effect today" not in said.message):
                yield f"{said.severity}: {said.message}"


def access_that_the_scope_ignores(found: Answers) -> Iterator[str]:
    """A registry policy exposes a replica, and its scope ignores what it says about that."""
    for scope in found.of("grants.policy-scope", "fail"):
        for name in (check.id for check in CHECKS if check.group == "exposure" and check.table.name == "replicas"):
            for said in found.of(name, "fail"):
                there = (said.row["destination_account"], said.row["destination_region"])
                if there == (scope.row["account"], scope.row["region"]):
                    yield said.message


def replica_where_nothing_arrives(found: Answers) -> Iterator[str]:
    """A replica counts, or is missed, at a registry of which another check says that nothing can arrive there."""
    closed = set()
    for name in ("organization.accounts-active", "organization.region-enabled", "rules.destination-region-valid"):
        for link in found.of(name, "fail"):
            closed.add((link.row["destination_account"], link.row["destination_region"]))
    reached = {(link.row["destination_account"], link.row["destination_region"])
               for link in found.of("rules.link-declared") if link.row["present"]}  # fmt: skip
    for name in ("topology.second-region", "topology.isolated-account"):
        for said in found.of(name, "pass"):
            if reached and reached <= closed:
                yield f"{name} passes for {said.row['repository']}"
    context = RemediationContext(baseline=baseline())
    for name in ("rules.required-link-present", "rules.required-repository-matched"):
        for said in found.of(name, "fail"):
            there = (said.row["destination_account"], said.row["destination_region"])
            if there in closed and said.check.remediation(said.row, context).changes:
                yield f"a command of {name} replicates there"
    for chain in found.of("topology.chain-complete", "fail"):
        for missed in names_in(chain.row["unreached_registries"]):
            if tuple(missed.split("/")) in closed:
                yield chain.message


def judged_although_absent(found: Answers) -> Iterator[str]:
    """A replica is missing, and a check judges its settings or its access."""
    for missing in found.of("coverage.repository-present", "fail"):
        for name in (one.id for one in CHECKS if "destination_present" in one.when):
            if found.beside(missing, name).status != "not_applicable":
                yield f"{name}: {missing.message}"


def one_prefix_two_stories(found: Answers) -> Iterator[str]:
    """A prefix matches no repository, and ends inside the name of one."""
    for unmatched in found.of("rules.filters-match", "fail"):
        unbounded = names_in(found.beside(unmatched, "rules.prefixes-bounded").row["unbounded_prefixes"])
        if set(unbounded) & set(names_in(unmatched.row["unmatched_prefixes"])):
            yield unmatched.message


def limit_reported_twice(found: Answers) -> Iterator[str]:
    """A limit is exceeded, and the warning before it is reported too."""
    for over in found.of("limits.destinations-within-limit", "fail"):
        if found.beside(over, "limits.destinations-below-warning").status != "not_applicable":
            yield over.message


def source_without_rules(found: Answers) -> Iterator[str]:
    """A registry replicates nothing, and its role of replication is required."""
    for idle in found.of("organization.member-replicates", "fail"):
        if found.beside(idle, "rules.service-linked-role-present").status != "not_applicable":
            yield idle.message


def tag_missing_twice(found: Answers) -> Iterator[str]:
    """The tags of one image are missing, by two checks."""
    for said in found.of("coverage.tags-agree", "fail"):
        if found.beside(said, "coverage.tags-present").status == "fail":
            yield said.message


LABEL = "it is shown, and decides nothing"
GATE = "it is only the condition under which each of them is asked, so that all are asked or none"

SHARED: dict[str, tuple[Contradiction, ...] | str] = {
    "links.prefixes": LABEL,
    "rules.prefixes": LABEL,
    "rules.filter_count": "none is required or too many are: two questions about one number",
    "rules.destinations": LABEL,
    "rules.filters_comparable": (one_prefix_two_stories,),
    "links.present": (replica_where_nothing_arrives,),
    "registries.rule_count": (source_without_rules,),
    "registries.destinations_limit": (limit_reported_twice,),
    "links.cross_account": (deny_beside_allow,),
    "links.grant_reason": (deny_beside_allow, unknown_without_a_cause, one_resource_two_answers),
    "links.grant_given": (parts_of_no_grant,),
    "grants.ignored_by_scope": (ignored_statement_as_if_in_effect, access_that_the_scope_ignores),
    "grants.grant_missing_at": (halves_of_one_cause,),
    "grants.problem": (one_resource_two_answers, used_and_unused, unknown_without_a_cause),
    "grants.concerns_replication": GATE,
    "grants.allows_others": GATE,
    "replicas.tag_mutability_setting": "the baseline's mode, and tags that a mode freezes: both may be wrong",
    "templates.for_replication": GATE,
    "replicas.destination_present": (judged_although_absent,),
    "replicas.images_comparable": GATE,
    "replicas.exposure_unknown": (access_that_the_scope_ignores,),
    "images.tags_missing": (tag_missing_twice,),
    "images.source_tags": LABEL,
    "registries.repository_count": LABEL,
    "waivers.checks": LABEL,
    "waivers.owner": LABEL,
    "waivers.line": LABEL,
}
"""Table and column that several checks read → what they must not say of it together, or why they cannot disagree."""


def shared_columns() -> set[str]:
    found: dict[str, set[str]] = defaultdict(set)
    for check in CHECKS:
        graded = (check.graded,) if check.graded else ()
        texts = (*fields(check.message), *fields(check.unknown), *fields(check.unknown_reason))
        for column in (*check.expect.facts, *check.when, *graded, *texts):
            if column not in check.table.key:
                found[f"{check.table.name}.{column}"].add(check.id)
    return {column for column, checks in found.items() if len(checks) > 1}


def test_every_shared_column_says_what_would_be_a_contradiction():
    assert shared_columns() == SHARED.keys()


_CONTRADICTIONS = tuple(dict.fromkeys(one for entry in SHARED.values() if not isinstance(entry, str) for one in entry))


@pytest.mark.parametrize("name", WORLDS)
def test_no_world_has_a_contradiction(name):
    found = answers(name)
    said = {one.__name__: [*one(found)] for one in _CONTRADICTIONS}
    assert {kind: pairs for kind, pairs in said.items() if pairs} == {}


def test_the_role_of_replication_counts_alike_as_principal_and_in_a_condition():
    for effect in ("Allow", "Deny"):
        extra = () if effect == "Allow" else (statement(),)
        named = policy(*extra, statement(Effect=effect, Principal={"AWS": ROLE}))
        condition = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
        met = policy(*extra, statement(Effect=effect, Principal={"AWS": HUB}, Condition=condition))
        links = [world(text).only("links") for text in (named, met)]
        for column in ("grant_verdict", "explicit_deny_statements", "uncovered_prefixes", "uncreatable_repositories"):
            assert links[0][column] == links[1][column], (effect, column)


@pytest.mark.parametrize(
    ("name", "check", "expected"),
    [
        ("scope V1 with pulls for everyone", "grants.not-public", ["pass", "fail"]),
        ("a resource that AWS does not document", "grants.resource-arn-valid", ["unknown"]),
        ("a resource that AWS does not document", "grants.replication-allowed", ["unknown"]),
        ("a resource of another Region", "grants.replication-allowed", ["fail"]),
        ("the service-linked role as principal", "grants.replication-allowed", ["pass"]),
        ("the service-linked role as principal", "grants.principal-possible", ["pass"]),
        ("the destination is suspended", "topology.second-region", ["fail"] * 3),
        ("the Region of the destination is disabled", "topology.second-region", ["fail"] * 3),
        ("the second Region works", "topology.second-region", ["pass", "pass", "pass"]),
        ("a chain into a disabled Region", "topology.chain-complete", ["pass", "unknown"]),
        ("a grant to a suspended account", "grants.unused", ["unknown"]),
    ],
)
def test_the_worlds_show_what_their_names_say(name, check, expected):
    said = [one.status for one in answers(name).of(check)]
    assert [one for one in said if one != "not_applicable"] == expected
