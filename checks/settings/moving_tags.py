"""Tags that can move at the source can move in the replica repository.

## What it checks

Modes and exclusion filters of both sides are compared. Every tag that can move at the source must be able to move at
the destination. A mode counts by its effect: with the exclusion `*`, a mutable repository moves no tag and an immutable
one moves all. Where the source lets every tag move, `latest` stands for those that do; where its filters protect
`latest`, the first of `main`, `dev`, `stable` and `edge` that they do not protect.

## Why it matters

Immutability is enforced in each registry separately. When a tag moves at the source, and the replica is immutable and
has that tag already, the new image arrives without it, possibly without any tag. The replica's `latest` stays at the
first image that had this tag: deployments from it succeed and run old software.

## How to fix

Either the tag should not move: make the source immutable, after finding out who moves it. Or it should: exclude it at
the destination. The remediation sets the destination to what the baseline requires, where that solves it, or makes it
mutable like the source where the baseline requires nothing. Everything else needs a decision. Images that arrived
without their tag need it put on afterwards.

## Limits of this check

It compares settings and not the tags that exist: a source whose tags could move and never do is reported as well. The
baseline's settings for the replica may themselves be the cause.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Field tests of immutable destinations:
  https://github.com/aws/containers-roadmap/issues/140
"""

from __future__ import annotations

from checks.engine.text import names_in
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, repository_settings
from checks.tables import REPLICAS


def _solution(row: Row, context: RemediationContext) -> tuple[str, tuple[str, ...]] | None:
    """Mode and filters for the destination that certainly let the source's tags move, if the row shows any."""
    expected, exclusions = row["expected_tag_mutability"], names_in(row["expected_exclusions"])
    if not expected:
        return ("MUTABLE", ()) if expected == "" and row["source_tag_mutability"] == "MUTABLE" else None
    present = (row["tag_mutability"], set(names_in(row["mutability_exclusions"])))
    helps = repository_settings.would_freeze(row, context, expected, exclusions) is False
    return (expected, exclusions) if helps and present != (expected, set(exclusions)) else None


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository = actions.destination(row), row["repository"]
    solution = _solution(row, context)
    if solution:
        mode, exclusions = solution
        return Remediation(
            summary=f"Set {repository} at {'/'.join(place)} to {mode}, so that its tags can move there too, or make "
            "the source immutable.",
            changes=(actions.set_tag_mutability(place, repository, row["tag_mutability"], mode, exclusions),),
        )
    source = "/".join(actions.source(row))
    return Remediation(
        summary=f"Allow the same tags of {repository} to move at {source} and at {'/'.join(place)}.",
        manual=(
            f"Find out which tags of {repository} really move at {source}: {row['frozen_tags']} can move there and are "
            "frozen in the replica.",
            f"If none should, make the repository at {source} IMMUTABLE, after informing those who push to it.",
            f"If some should, list them as exclusions at {'/'.join(place)} (IMMUTABLE_WITH_EXCLUSION) and in the "
            "baseline's mutability_exclusions.",
        ),
    )


CHECK = Check(
    id="settings.moving-tags",
    aliases=("DST-08",),
    title="Tags that can move at the source can move in the replica",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=in_set("frozen_tags", ""),
    message="{repository} at {destination_account}/{destination_region} is {tag_mutability_setting} and freezes "
    "{frozen_tags}, which can move at {source_account}/{source_region}",
    remediation=_remediation,
    unknown="whether the tags of {repository} can move at {destination_account}/{destination_region} as they do at "
    "{source_account}/{source_region} is unknown",
    evidence=(
        "source_tag_mutability",
        "source_mutability_exclusions",
        "tag_mutability",
        "mutability_exclusions",
        "expected_tag_mutability",
    ),
    at="destination",
    permissions=("ecr:DescribeRepositories",),
    controls=("own: NIST 800-53 CP-9",),
)
