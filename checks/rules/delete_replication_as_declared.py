"""Deletions are replicated where the baseline wants copies to follow, and nowhere else.

## What it checks

Each rule has a switch, `deleteReplication`, which is off unless it is set. The baseline may say for a requirement
that copies follow deletions (`delete_replication: true`) or that they are a backup (`false`). Each rule that copies
something of such a requirement must have the switch as the baseline says.

## Why it matters

With the switch on, deleting an image, removing a tag or a lifecycle expiry at the source does the same at every
destination of that rule; removing the last tag deletes the image there with all its tags. A backup that repeats a
mistaken or malicious deletion is none. With the switch off where copies should follow, withdrawn images stay
deployable in the other Region and storage grows without end.

## How to fix

The remedy changes the switch of that one rule and sends the rest of the configuration unchanged. Switching it off
takes nothing away and is safe. Switching it on needs a review: from then on deletions travel. A rule that copies both
kinds has to be split by a person.

## Limits of this check

Two rules that match the same repository and destination and disagree about the switch have no documented outcome;
each rule is judged on its own here. Whether past deletions should be caught up with is not judged: the switch works
on deletions from now on. Tools older than November 2026 neither show the switch nor keep it when they write the
rules.

## References

- Amazon ECR user guide, Replicating image deletions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html
- Amazon ECR API reference, ReplicationConfiguration:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html
"""

from __future__ import annotations

from checks import wanted
from checks.model import Check, Remedy, RemedyContext, Row, Severity, is_true
from checks.tables import RULES
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    account, region = registry = wanted.registry(row)
    number = row["rule"]
    enabled = wanted.switch(row["delete_expected"])
    if enabled is None:
        return Remedy(
            summary=f"Split rule {number} of {account}/{region} into one that follows deletions and one that does not.",
            manual=(
                f"Rule {number} copies {listed(names_in(row['prefixes']))}, of which the baseline wants a part to "
                f"follow deletions and a part not to ({listed(names_in(row['delete_required_by']))}).",
                "Write two rules with the same destinations, each with the filters of one part, and set "
                "deleteReplication in each as the baseline says.",
                "Put both in one PutReplicationConfiguration, so that no image goes uncopied in between.",
            ),
        )
    return Remedy(
        summary=f"Switch deleteReplication of rule {number} of {account}/{region} {row['delete_expected']}.",
        edits=(wanted.set_delete_replication(registry, number, enabled=enabled),),
        safe=not enabled,
    )


CHECK = Check(
    id="rules.delete-replication-as-declared",
    aliases=("RPL-12",),
    title="Deletions are replicated exactly where the baseline says so",
    severity=Severity.HIGH,
    table=RULES,
    judged="delete_as_declared",
    expect=is_true(),
    message="rule {rule} has deleteReplication {delete_replication:on or off} for {prefixes:names}, "
    "the baseline wants it {delete_expected} ({delete_required_by:names})",
    remedy=_remedy,
    when="delete_declared",
    graded="delete_grade",
    unknown="whether rule {rule} replicates deletions as declared is not known",
    evidence=("delete_replication", "delete_expected", "delete_required_by", "destinations", "prefixes"),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CP-9", "own: NIST 800-53 SI-12"),
)
