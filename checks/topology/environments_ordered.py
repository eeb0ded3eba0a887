"""Images are not copied into an environment that is trusted more than their source.

## What it checks

The baseline may list `environments`, least trusted first, each with accounts or organizational units. A rule whose
source lies in one of them must not name a destination in a later one. An account is placed by its id, or else by the
deepest unit that a list names. Links with an account in no environment are not judged.

## Why it matters

Whoever may push to the source decides what lies at the destination under the same name. A rule from development to
production hands every developer's credentials, and every compromised build, a way into production that passes by
review, scanning gates and approvals. Images should be built in a trusted account, and go down to the others.

## How to fix

The remedy removes the destination from the rules of the source; what was copied stays, and should be looked through.
Then build or push the images in an account that is trusted as much as where they run. Where the baseline itself
requires the link, it contradicts itself, and a person has to decide.

## Limits of this check

It knows what the baseline says about accounts, not who may push where. A shared build account belongs in no list, or
in the last one. If the place of an account in the organization could not be read, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Organizations user guide, Managing organizational units:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_ous.html
"""

from __future__ import annotations

from checks import wanted
from checks.model import Check, Remedy, RemedyContext, Row, Severity, is_true
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    after = (
        f"Compare the copies at {'/'.join(destination)} with what was meant to run there, and delete what was not.",
    )
    if row["expected"] is not False:
        return Remedy(
            summary=f"Settle whether {row['source_environment']} may replicate into {row['destination_environment']}: "
            "the baseline says both.",
            manual=(
                f"{listed(names_in(row['required_by']))} requires {'/'.join(destination)} of {'/'.join(source)}, or "
                f"may do so, and environments trusts {row['destination_environment']} more than "
                f"{row['source_environment']}. Correct the one that is wrong.",
                *after,
            ),
        )
    return Remedy(
        summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}.",
        edits=(wanted.remove_destination(source, destination),),
        manual=after,
    )


CHECK = Check(
    id="topology.environments-ordered",
    aliases=("TOP-07",),
    title="Images are not copied into an environment that is trusted more",
    severity=Severity.HIGH,
    table=LINKS,
    judged="environments_ordered",
    expect=is_true(),
    message="rules copy {prefixes:names} from {source_environment} to {destination_environment}, which is trusted more "
    "({destination_account}/{destination_region})",
    remedy=_remedy,
    when="environments_apply",
    unknown="whether {source_account} replicates into an environment that is trusted more is not known: "
    "the rules or the place of an account in the organization could not be read",
    evidence=("rules", "prefixes", "source_environment", "destination_environment", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 CM-5",),
)
