"""Repositories that must outlive their account have a replica in another account.

## What it checks

The baseline may ask, under `resilience` with `another_account: true`, that repositories have a replica in another
account. For each such repository a rule must replicate it to a registry of another account that can receive it. A
repository that is itself a replica has its original elsewhere: it passes where a rule passes it on to another account,
and is not evaluated otherwise.

## Why it matters

An attacker who takes over an account, or a grave mistake in it, reaches every Region of it at once. Replicas in the
same account are deleted with the same credentials as the originals. Only another account, with other administrators,
keeps images that an attacker or a runaway script cannot delete.

## How to fix

Where the registry replicates to exactly one registry of another account already, the remediation adds the required
prefixes to what is replicated there, adds a statement to its registry policy where one is needed, and backfills what
exists, which costs transfer and storage. Where there are several, or none, a person chooses one and writes it into the
baseline. Leave `deleteReplication` off for such a replica: with it, deletions reach the other account too.

## Limits of this check

Any other account counts: that it is isolated, with administrators and policies of its own, is the organization's to
ensure. Whether images arrived is for the `coverage` checks. If the rules could not be read, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import secondary_copies
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return secondary_copies.copying(row, context, "another_account", "another account")


CHECK = Check(
    id="topology.isolated-account",
    aliases=("TOP-05",),
    title="Repositories that must outlive their account have a replica in another account",
    severity=Severity.MEDIUM,
    table=REPOSITORIES,
    expect=between("replicas_in_other_accounts", minimum=1),
    message="no rule replicates {repository} of {account}/{region} to another account, as "
    "{another_account_required_by:names} requires",
    remediation=_remediation,
    when=("another_account_required",),
    unknown="whether {repository} of {account}/{region} needs and has a replica in another account is unknown",
    evidence=("another_account_required_by", "another_account_candidates", "image_count"),
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 CP-9(8)",),
)
