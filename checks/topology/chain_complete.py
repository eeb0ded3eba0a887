"""The source replicates directly to every registry that a chain of rules leads to.

## What it checks

For each link from a source to a destination, the rules of that destination are read too. Where they replicate some of
the same repositories to a third registry, the source must replicate them there itself. Only repositories that exist at
the source count.

## Why it matters

ECR replicates an image once, where it is pushed. An image that arrives by replication is not replicated again. Two
rules, one from A to B and one from B to C, look like a way from A to C on every diagram, and nothing that is pushed to
A ever arrives at C. It shows on the day on which C is needed.

## How to fix

The remediation adds the third registry to the rules of the source, adds a statement to that registry's policy where
one is needed, and starts a backfill for what exists, which costs transfer. Review it first: perhaps the rule at B is
only for what is pushed to B directly, and should be narrowed to that. Where the baseline forbids the additional link,
where a Deny blocks it or cannot be excluded, or where the source has no room for another destination, a person has to
decide.

## Limits of this check

The registry to which an image was pushed cannot be read from AWS. If the repositories in question are pushed to B
directly as well, those images do go on to C, and only what is pushed to A is left out. Third registries that cannot
receive anything, because their account is closed or their Region does not exist or is not enabled there, are left to
other checks. If the rules of B could not be read, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Question about replicating replicated images:
  https://github.com/aws/containers-roadmap/issues/2125
- Amazon ECR user guide, Replicating existing images with backfill:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-backfill.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from checks.changes import Change
from checks.engine.text import names_in, names_text, prefixes_text
from checks.expectations import in_set
from checks.iam.request import CREATE, REPLICATE
from checks.model import Check, RegistryId, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, quota
from checks.remediation.prerequisites import Prerequisites, prerequisites
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, through = actions.source(row), actions.destination(row)
    missing: Sequence[Mapping[str, Any]] = json.loads(row["unreached_details"] or "[]")
    clear = [end for end in missing if end["allowed"] and end["grant"] in ("given", "lacking")]
    manual = tuple(step for end in missing if end not in clear for step in _deciding(source, through, end))
    unready = [end for end in clear if _prerequisites(source, end, context).blockers]
    manual += tuple(step for end in unready for step in _prerequisites(source, end, context).steps(_place(end)))
    clear = [end for end in clear if end not in unready]
    if not quota.takes(context, source, [_place(end) for end in clear]):
        limit = context.registries[source]["destinations_limit"]
        manual, clear = (*quota.splitting(source, limit), *manual), []
    return Remediation(
        summary=f"Replicate {prefixes_text(names_in(row['unreached_prefixes']))} from {'/'.join(source)} to "
        f"{names_text(names_in(row['unreached_registries']))} directly, or narrow the rules of {'/'.join(through)}.",
        changes=tuple(change for end in clear for change in _changes(source, end, context)),
        manual=manual,
    )


def _changes(source: RegistryId, end: Mapping[str, Any], context: RemediationContext) -> tuple[Change, ...]:
    place, prefixes = _place(end), end["prefixes"]
    statement = actions.add_statement(place, source[0], prefixes, (REPLICATE, CREATE), context.organization)
    added = actions.add_replication(source, place, prefixes, None)
    grants = (statement,) if end["grant"] == "lacking" else ()
    return (*grants, *_prerequisites(source, end, context).changes, added, actions.start_backfill(source, place))


def _prerequisites(source: RegistryId, end: Mapping[str, Any], context: RemediationContext) -> Prerequisites:
    return prerequisites(context, source, _place(end), end["prefixes"])


def _deciding(source: RegistryId, through: RegistryId, end: Mapping[str, Any]) -> tuple[str, ...]:
    here, between, there = "/".join(source), "/".join(through), "/".join(_place(end))
    policy = " and in that registry policy" if actions.crosses_accounts(source, _place(end)) else ""
    why = (
        f"The baseline does not allow {here} to replicate to {there}, as far as the audit could read."
        if not end["allowed"]
        else f"Whether the registry policy of {there} can allow account {source[0]} is not certain: a Deny blocks it, "
        "or the policy could not be read."
    )
    return (
        why,
        f"If {there} needs {prefixes_text(tuple(end['prefixes']))} of {here}: allow it in the baseline{policy}, then "
        "audit again; the command is printed from then on.",
        f"If not: narrow the rules of {between} to what is pushed to {between} itself.",
    )


def _place(end: Mapping[str, Any]) -> RegistryId:
    return RegistryId(end["account"], end["region"])


CHECK = Check(
    id="topology.chain-complete",
    aliases=("TOP-01",),
    title="Sources replicate directly to every registry behind their destinations",
    severity=Severity.HIGH,
    table=LINKS,
    expect=in_set("unreached_registries", "[]"),
    message="{unreached_prefixes:prefixes} of {source_account}/{source_region} is not replicated from "
    "{destination_account}/{destination_region} to {unreached_registries:names}: replicated images are not replicated "
    "again",
    remediation=_remediation,
    when=("present",),
    unknown="whether {destination_account}/{destination_region} has rules for repositories that it receives from "
    "{source_account}/{source_region} is unknown",
    unknown_reason="the rules, or the repositories of the source, could not be read",
    evidence=("unreached_prefixes", "prefixes"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:GetRegistryPolicy"),
    controls=("own: NIST 800-53 CP-9",),
)
