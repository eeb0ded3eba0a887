"""Every destination names a Region that exists and lies in the source's partition.

## What it checks

The Region of each destination is compared with the Regions in which ECR is offered, and its partition (`aws`,
`aws-cn`, `aws-us-gov` and the others) with that of the source registry.

## Why it matters

Replication does not cross partitions, and a mistyped Region is nobody's registry. Such a rule looks complete in every
listing and never delivers an image. When the baseline itself holds the mistake, every registry that follows it
inherits the hole.

## How to fix

Where a rule names the Region, the remedy removes that destination; correct it in the baseline too if it is required
there. Between partitions there is no replication at all: push to both, or copy with a pipeline that has credentials
for each side.

## Limits of this check

The Regions are those that this version's SDK knows. A Region that opened later is reported as unknown to it; update
the program, or waive the finding. Whether the Region is enabled in both accounts is another question, which this
check does not ask.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Request for replication between partitions:
  https://github.com/aws/containers-roadmap/issues/1410
"""

from __future__ import annotations

from checks import wanted
from checks.model import Check, Remedy, RemedyContext, Row, Severity, is_true
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    required = names_in(row["required_by"])
    correction = (
        (f"Correct the destination {'/'.join(destination)} in the baseline ({listed(required)}).",) if required else ()
    )
    if not row["present"]:
        return Remedy(
            summary="Require a destination that can exist.",
            manual=correction or ("Correct the Region of this destination in the baseline.",),
        )
    return Remedy(
        summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}; it can never receive an image.",
        edits=(wanted.remove_destination(source, destination),),
        manual=correction,
    )


CHECK = Check(
    id="rules.destination-region-valid",
    aliases=("RPL-10",),
    title="Every destination lies in a known Region of the source's partition",
    severity=Severity.HIGH,
    table=LINKS,
    judged="destination_region_valid",
    expect=is_true(),
    message="the destination {destination_account}/{destination_region} cannot receive images: "
    "{destination_region_problem}",
    remedy=_remedy,
    unknown="whether {destination_region} is a Region of the source's partition is not known",
    evidence=("partition", "present", "required_by", "rules"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
