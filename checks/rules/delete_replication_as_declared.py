"""Each rule has deleteReplication on or off as the baseline requires for what it replicates.

## What it checks

Each replication rule has a setting, `deleteReplication`, which is off unless it is set. A requirement of the baseline
may say that replicas follow deletions (`delete_replication: true`) or that they are a backup (`false`). Each rule that
has a destination of such a requirement, and whose filters have repository names in common with its prefixes, must have
the setting that the baseline requires. A rule for which requirements ask for both fails, whichever it has: it has to be
divided.

## Why it matters

With the setting on, deleting an image, removing a tag or a lifecycle expiry at the source does the same at every
destination of that rule; removing the last tag deletes the image there with all its tags. A backup that repeats a
mistaken or malicious deletion is not a backup. With the setting off where replicas should follow, withdrawn images
stay deployable in the other Region and storage grows without bound.

## How to fix

The remediation changes the setting of that one rule and sends the rest of the configuration unchanged. Switching it
off deletes nothing and is safe. Switching it on needs a review: from then on deletions are replicated. A rule that
replicates repositories of both kinds has to be split by a person.

## Limits of this check

Filters are compared with the required prefixes, not with the repositories that exist. Two rules that match the same
repository and destination and disagree about the setting have no documented outcome; this check evaluates each rule on
its own. Deletions from before the setting was changed are not evaluated: it applies to deletions from then on. Tools
from before November 2026 neither show the setting nor keep it when they write the rules.

## References

- Amazon ECR user guide, Replicating image deletions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html
- Amazon ECR API reference, ReplicationConfiguration:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text, prefixes_text
from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    account, region = registry = actions.registry(row)
    number, expected = row["rule"], row["expected_delete_replication"]
    enabled = actions.switch(expected)
    if enabled is None:
        return Remediation(
            summary=f"Split rule {number} of {account}/{region} into one with and one without deleteReplication.",
            manual=(
                f"Rule {number} replicates {prefixes_text(names_in(row['prefixes']))}; the baseline requires a "
                f"part of it to "
                f"follow deletions and a part not to ({names_text(names_in(row['delete_replication_required_by']))}).",
                "Write two rules with the same destinations, each with the filters of one part, and set "
                "deleteReplication in each as the baseline requires.",
                "Put both in one PutReplicationConfiguration, so that replication of no image is interrupted.",
            ),
        )
    return Remediation(
        summary=f"Switch deleteReplication of rule {number} of {account}/{region} {expected}.",
        changes=(actions.set_delete_replication(registry, number, enabled=enabled),),
        safe=not enabled,
    )


CHECK = Check(
    id="rules.delete-replication-as-declared",
    aliases=("RPL-12",),
    title="deleteReplication of each rule matches the baseline",
    severity=Severity.HIGH,
    table=RULES,
    expect=equals("delete_replication", "expected_delete_replication"),
    message="rule {rule} has deleteReplication {delete_replication} for {prefixes:prefixes}; "
    "the baseline requires {expected_delete_replication} ({delete_replication_required_by:names})",
    remediation=_remediation,
    when=("delete_replication_required",),
    graded="delete_replication_severity",
    unknown="it is unknown whether deleteReplication of rule {rule} of {account}/{region} matches the baseline",
    evidence=("delete_replication_required_by", "destinations", "prefixes"),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CP-9", "own: NIST 800-53 SI-12"),
)
