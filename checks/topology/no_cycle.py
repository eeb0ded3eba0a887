"""No two registries copy the same repositories to each other.

## What it checks

For each link from A to B, the rules of B are read too. Filters that copy from A to B and filters that copy from B to A
must have no name in common.

## Why it matters

There is no endless loop, since copies are not replicated again. But both registries are a source of the same name:
a tag pushed to one side and another image with the same tag pushed to the other cross on the way. Each side ends with
the other's image, or with its own, or, where tags are immutable, with an image that lost its tag. Which of two images
called `prod/api:1.4` is the real one can then no longer be said.

## How to fix

Decide where these repositories are pushed. Where the baseline requires exactly one of the two directions, and that
one takes everything that the other does, the remedy removes the other. Nothing is deleted: what was copied stays.
Otherwise a person narrows one side by prefixes.

## Limits of this check

Filters are compared, not repositories, so that a circle is found before somebody pushes into it. Whether anybody does
push to both sides cannot be read from AWS. Longer circles, over three registries, are not reported as such.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    if row["circle_settled"]:
        ends = (source, destination) if row["circle_settled"] == "this" else (destination, source)
        return Remedy(
            summary=f"Remove {'/'.join(ends[1])} from the rules of {'/'.join(ends[0])}; the baseline requires only the "
            "other direction.",
            edits=(wanted.remove_destination(*ends),),
        )
    shared = listed(names_in(row["circle_prefixes"]))
    return Remedy(
        summary=f"Let {shared} be pushed to one of {'/'.join(source)} and {'/'.join(destination)} only.",
        manual=(
            f"Decide which of {'/'.join(source)} and {'/'.join(destination)} is the source of {shared}; people and "
            "pipelines push there, and nowhere else.",
            "In the rules of the other one, replace the filters by prefixes that do not contain these repositories, or "
            "remove the destination where nothing else is copied.",
            "Write the direction into the baseline's requirements, so that the audit can tell the two apart.",
        ),
    )


CHECK = Check(
    id="topology.no-cycle",
    aliases=("TOP-02",),
    title="No two registries copy the same repositories to each other",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=is_true("one_way"),
    message="{source_account}/{source_region} and {destination_account}/{destination_region} copy "
    "{circle_prefixes:names} to each other",
    remedy=_remedy,
    when=("present",),
    unknown="whether {destination_account}/{destination_region} copies anything back is not known: "
    "its rules could not be read",
    evidence=("circle_prefixes", "prefixes", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-5",),
)
