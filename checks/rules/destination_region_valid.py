"""Every destination names a Region that offers ECR and lies in the partition of the source registry.

## What it checks

The Region of each destination is compared with the Regions in which ECR is offered, and its partition (`aws`,
`aws-cn`, `aws-us-gov` and the others) with that of the source registry.

## Why it matters

Replication does not cross partitions, and a mistyped Region names no registry. Such a rule looks complete in every
listing and never delivers an image. When the baseline itself holds the mistake, every registry that follows it has the
same gap.

## How to fix

Where a rule names the Region, the remediation removes that destination; correct it in the baseline too if it is
required there. Between partitions there is no replication at all: push to both, or copy with a pipeline that has
credentials for each side.

## Limits of this check

The Regions are those that this version's SDK knows, and those that AWS listed for an account of the run. A Region that
opened later is reported as unknown to the SDK; update the program, or waive the finding. Whether the Region is enabled
in both accounts is evaluated by `organization.region-enabled`.

## References

- Amazon ECR user guide, Private image replication (considerations):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Request for replication between partitions:
  https://github.com/aws/containers-roadmap/issues/1410
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    required = names_in(row["required_by"])
    correction = (
        (f"Correct the destination {'/'.join(destination)} in the baseline ({names_text(required)}).",)
        if required
        else ()
    )
    if not row["present"]:
        return Remediation(
            summary="Require a destination that can exist.",
            manual=correction or ("Correct the Region of this destination in the baseline.",),
        )
    return Remediation(
        summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}; it cannot receive images.",
        changes=(actions.remove_destination(source, destination),),
        manual=correction,
    )


CHECK = Check(
    id="rules.destination-region-valid",
    aliases=("RPL-10",),
    title="Every destination Region lies in the source's partition",
    severity=Severity.HIGH,
    table=LINKS,
    expect=equals("destination_partition", "partition"),
    message="the destination {destination_account}/{destination_region} cannot receive images: "
    "{destination_region_problem}",
    remediation=_remediation,
    unknown="it is unknown whether {destination_region} is a Region of the source's partition",
    evidence=("destination_region_problem", "present", "required_by", "rules"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
