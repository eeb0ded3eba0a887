"""Images are replicated only to Regions that the baseline allows.

## What it checks

Where the baseline lists `allowed_regions`, the Region of every destination that a rule names must be one of them.
Without that list the check does not apply.

## Why it matters

A replication rule transfers images, and with them code and whatever was baked into them, across a border with every
push, and without review. Where law, a contract or a customer ties data to certain countries, one destination breaks
that requirement for good: images that others have pulled cannot be recalled.

## How to fix

The remediation removes the destination from every rule of the source. That deletes nothing: images that were
replicated stay there until they are deleted, which is the next step. Where the baseline itself requires the
destination, it contradicts itself, and a person has to decide which of the two holds.

## Limits of this check

It evaluates the destinations of rules. Repositories that lie in other Regions already, and were created there, are for
`organization` checks. Which Regions satisfy which law is the baseline's to say.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Account Management, Regions:
  https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    after = f"Decide with their owner what to do with the images in {'/'.join(destination)}; nothing deletes them."
    if row["expected"] is not False:
        required = names_text(names_in(row["required_by"]))
        return Remediation(
            summary=f"Decide whether images may be replicated to {destination[1]}: the baseline contradicts itself.",
            manual=(
                f"{required} requires {'/'.join(destination)} of {'/'.join(source)}, or may do so, and "
                f"`allowed_regions` does not list {destination[1]}. Correct the one that is wrong.",
                after,
            ),
        )
    return Remediation(
        summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}.",
        changes=(actions.remove_destination(source, destination),),
        manual=(after,),
    )


CHECK = Check(
    id="topology.region-allowed",
    aliases=("TOP-06",),
    title="Images are replicated only to Regions that the baseline allows",
    severity=Severity.CRITICAL,
    table=LINKS,
    expect=in_set("disallowed_region", ""),
    message="rules replicate {prefixes:prefixes} to {destination_region} (account {destination_account}); the baseline "
    "allows {allowed_regions:names}",
    remediation=_remediation,
    when=("region_restricted",),
    unknown="whether images are replicated to {destination_region} is unknown",
    unknown_reason="the rules of the source registry could not be read",
    evidence=("rules", "prefixes", "allowed_regions", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 AC-4", "own: NIST 800-53 SC-7"),
)
