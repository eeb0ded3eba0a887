"""No two registries replicate the same repositories to each other.

## What it checks

For each link from A to B, the rules of B are read too. Filters that replicate from A to B and filters that replicate
from B to A must have no name in common.

## Why it matters

There is no endless loop, since replicated images are not replicated again. But both registries are a source of the
same name: a tag pushed to one side and another image with the same tag pushed to the other overtake each other. Each
side ends with the other's image, or with its own, or, where tags are immutable, with an image that lost its tag. Which
of two images called `prod/api:1.4` is the intended one can then no longer be determined.

## How to fix

Decide where these repositories are pushed. Where the baseline requires exactly one of the two directions, and that
one covers everything that the other does, the remediation removes the other. Nothing is deleted: what was replicated
stays. Otherwise a person narrows one side by prefixes.

## Limits of this check

Filters are compared, not repositories, so that a cycle is found before an image is pushed into it. Whether images are
pushed to both sides cannot be read from AWS. Longer cycles, over three registries, are not reported as such.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from checks.engine.text import names_in, prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    if row["removable_direction"]:
        ends = (source, destination) if row["removable_direction"] == "this" else (destination, source)
        return Remediation(
            summary=f"Remove {'/'.join(ends[1])} from the rules of {'/'.join(ends[0])}; the baseline requires only the "
            "other direction.",
            changes=(actions.remove_destination(*ends),),
        )
    shared = prefixes_text(names_in(row["mutual_prefixes"]))
    return Remediation(
        summary=f"Push {shared} to only one of {'/'.join(source)} and {'/'.join(destination)}.",
        manual=(
            f"Decide which of {'/'.join(source)} and {'/'.join(destination)} is the source of {shared}; people and "
            "pipelines push there, and not to the other one.",
            "In the rules of the other one, replace the filters by prefixes that do not contain these repositories, or "
            "remove the destination where nothing else is replicated.",
            "Write the direction into the baseline's requirements, so that the audit knows which one is intended.",
        ),
    )


CHECK = Check(
    id="topology.no-cycle",
    aliases=("TOP-02",),
    title="No two registries replicate the same repositories to each other",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=in_set("mutual_prefixes", "[]"),
    message="{source_account}/{source_region} and {destination_account}/{destination_region} replicate "
    "{mutual_prefixes:prefixes} to each other",
    remediation=_remediation,
    when=("present",),
    unknown="whether {destination_account}/{destination_region} replicates the same repositories back is unknown",
    unknown_reason="its rules could not be read",
    evidence=("prefixes", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-5",),
)
