"""A registry with repositories in a declared organizational unit has a replication rule.

## What it checks

Where a requirement of the baseline names organizational units, every registry of their accounts that holds
repositories of the requirement must have at least one replication rule.

## Why it matters

Replication is configured account by account. A new account, or a new Region of an existing one, starts without any
rule, while the unit seems to be covered. The first images of a new product are then not replicated.

## How to fix

The remediation adds what the requirements ask for and starts a backfill, because a rule replicates only what is pushed
after it. The destination accounts must grant the replication first (see `grants.replication-allowed`), and their
repository creation templates should be in place; the plan keeps to that order. Better still, let the pipeline that
creates accounts configure the rules there.

## Limits of this check

One rule is enough to pass; whether the rules cover everything required is evaluated link by link, by
`rules.required-link-present`. Accounts that the baseline names one by one are evaluated there only. Where the
account's place in the organization is unknown, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Organizations user guide, Managing organizational units:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_ous.html
"""

from __future__ import annotations

import json

from checks.changes import Change
from checks.expectations import between
from checks.model import Check, RegistryId, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, quota
from checks.remediation.prerequisites import prerequisites
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source = actions.registry(row)
    flows = json.loads(row["member_flows"])
    places = tuple(dict.fromkeys(RegistryId(flow["account"], flow["region"]) for flow in flows))
    others = any(actions.crosses_accounts(source, place) for place in places)
    allowed = ", once the registry policies of the other accounts allow the replication" if others else ""
    summary = (
        f"Replicate from {'/'.join(source)} to {', '.join('/'.join(place) for place in places)}{allowed}, and backfill "
        "what is older than the rules."
    )
    limit = row["destinations_limit"]
    if limit is not None and len(places) > limit:
        return Remediation(summary=summary, manual=quota.splitting(source, limit))
    before: list[Change] = []
    rules: list[Change] = []
    for flow in flows:
        place = RegistryId(flow["account"], flow["region"])
        ground = prerequisites(context, source, place, flow["prefixes"])
        if ground.blockers:
            return Remediation(summary=summary, manual=ground.steps(place))
        before.extend(ground.changes)
        rules.append(actions.add_replication(source, place, flow["prefixes"], flow["delete_replication"]))
    backfills = (actions.start_backfill(source, place) for place in places)
    return Remediation(summary=summary, changes=(*before, *rules, *backfills))


CHECK = Check(
    id="organization.member-replicates",
    aliases=("ORG-07",),
    title="Accounts of a declared organizational unit have replication rules",
    severity=Severity.HIGH,
    table=REGISTRIES,
    expect=between("rule_count", minimum=1),
    message="{account}/{region} lies in an organizational unit whose repositories must be replicated "
    "({member_required_by:names}), and has no replication rule",
    remediation=_remediation,
    when=("member_replication_required",),
    unknown="it is unknown whether {account}/{region} must replicate, or does",
    evidence=("account_name", "ou_path", "repository_count", "member_required_by", "member_flows"),
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 CP-9",),
)
