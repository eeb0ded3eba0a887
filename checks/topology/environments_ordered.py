"""Images are not replicated into an environment with a higher trust level than their source.

## What it checks

The baseline may list `environments`, least trusted first, each with accounts or organizational units. A rule whose
source lies in one of them must not name a destination in a later one. An account is placed by its id, or else by the
deepest unit that a list names. Links with an account in no environment are not evaluated.

## Why it matters

Principals that may push to the source decide what lies at the destination under the same name. A rule from development
to production gives every developer's credentials, and every compromised build, a way into production that bypasses
review, scanning gates and approvals. Images should be built in a trusted account, and replicated to the others.

## How to fix

The remediation removes the destination from the rules of the source; what was replicated stays, and should be
reviewed. Then build or push the images in an account with the trust level of the account in which they run. Where the
baseline itself requires the link, it contradicts itself, and a person has to decide.

## Limits of this check

It knows what the baseline says about accounts, not which principals may push where. A shared build account belongs in
no list, or in the last one. If the place of an account in the organization could not be read, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Organizations user guide, Managing organizational units:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_ous.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import at_most
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    after = (
        f"Compare the replicated images in {'/'.join(destination)} with what was meant to run there, and delete what "
        "was not.",
    )
    if row["expected"] is not False:
        return Remediation(
            summary=f"Decide whether {row['source_environment']} may replicate into {row['destination_environment']}: "
            "the baseline contradicts itself.",
            manual=(
                f"{names_text(names_in(row['required_by']))} requires {'/'.join(destination)} of "
                f"{'/'.join(source)}, or "
                f"may do so, and `environments` ranks {row['destination_environment']} above "
                f"{row['source_environment']}. Correct the one that is wrong.",
                *after,
            ),
        )
    return Remediation(
        summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}.",
        changes=(actions.remove_destination(source, destination),),
        manual=after,
    )


CHECK = Check(
    id="topology.environments-ordered",
    aliases=("TOP-07",),
    title="Images are not replicated into an environment with a higher trust level",
    severity=Severity.HIGH,
    table=LINKS,
    expect=at_most("destination_trust_level", "source_trust_level"),
    message="rules replicate {prefixes:prefixes} from {source_environment} to {destination_environment}, which has a "
    "higher trust level ({destination_account}/{destination_region})",
    remediation=_remediation,
    when=("environments_apply",),
    unknown="whether {source_account} replicates into an environment with a higher trust level is unknown",
    unknown_reason="the rules or the place of an account in the organization could not be read",
    evidence=("rules", "prefixes", "source_environment", "destination_environment", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 CM-5",),
)
