"""Copies lie only in Regions that the baseline allows.

## What it checks

Where the baseline lists `allowed_regions`, the Region of every destination that a rule names must be one of them.
Without that list the check does not apply.

## Why it matters

A replication rule carries images, and with them code and whatever was baked into them, across a border with every
push, without anybody looking. Where law, a contract or a customer ties data to certain countries, one destination
breaks that promise for good: copies cannot be called back from where others have pulled them.

## How to fix

The remedy removes the destination from every rule of the source. That deletes nothing: copies already made stay there
until somebody deletes them, which is the next step. Where the baseline itself requires the destination, it
contradicts itself, and a person has to say which of the two holds.

## Limits of this check

It judges where rules copy to. Repositories that lie in other Regions already, and were created there, are for
`organization` checks. Which Regions satisfy which law is the baseline's to say.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Account Management, Regions:
  https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

from checks import wanted
from checks.model import Check, Remedy, RemedyContext, Row, Severity, is_true
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    after = (
        f"Decide with its owner what becomes of the copies that lie at {'/'.join(destination)}; nothing deletes them."
    )
    if row["expected"] is not False:
        required = listed(names_in(row["required_by"]))
        return Remedy(
            summary=f"Settle whether {destination[1]} may receive copies: the baseline says both.",
            manual=(
                f"{required} requires {'/'.join(destination)} of {'/'.join(source)}, or may do so, and allowed_regions "
                f"does not list {destination[1]}. Correct the one that is wrong.",
                after,
            ),
        )
    return Remedy(
        summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}.",
        edits=(wanted.remove_destination(source, destination),),
        manual=(after,),
    )


CHECK = Check(
    id="topology.region-allowed",
    aliases=("TOP-06",),
    title="Copies lie only in Regions that the baseline allows",
    severity=Severity.CRITICAL,
    table=LINKS,
    judged="region_allowed",
    expect=is_true(),
    message="rules copy {prefixes:names} to {destination_region} (account {destination_account}); the baseline allows "
    "{allowed_regions:names}",
    remedy=_remedy,
    when="region_restricted",
    unknown="whether images are copied to {destination_region} is not known: "
    "the rules of {source_account}/{source_region} could not be read",
    evidence=("rules", "prefixes", "allowed_regions", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 AC-4", "own: NIST 800-53 SC-7"),
)
