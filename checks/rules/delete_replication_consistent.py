"""Rules that replicate the same repositories to the same destination agree on deleteReplication.

## What it checks

For each destination, the rules that name it are compared in pairs. Two rules whose filters have repository names in
common must have the same `deleteReplication`.

## Why it matters

ECR replicates an image once, however many rules match it. What it does with a deletion when one matching rule has
`deleteReplication` on and another has it off is not documented. Either a backup is emptied together with its source,
or withdrawn images stay deployable, and the rules do not say which.

## How to fix

Where the baseline says for all these rules whether deletions are replicated, the remediation changes the rules that
differ; switching the setting off deletes nothing and is safe. Where the baseline does not say it, or where a change
would contradict what it requires at another destination of the same rule, a person has to divide the rules.

## Limits of this check

Filters are compared with each other, not with repositories: a conflict over names that are not in use yet is reported
too. Which of two rules takes effect is not predicted.

## References

- Amazon ECR user guide, Replicating image deletions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html
- Amazon ECR API reference, ReplicationRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text, prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, settled = actions.source(row), actions.switch(row["delete_settled"])
    rules, prefixes = names_in(row["delete_conflicting_rules"]), names_in(row["delete_conflicting_prefixes"])
    if settled is not None:
        differing = names_in(row["delete_differing_rules"])
        where = f"{_numbered(differing)} of {'/'.join(source)}"
        return Remediation(
            summary=f"Switch deleteReplication {row['delete_settled']} in {where}.",
            changes=tuple(actions.set_delete_replication(source, int(rule), enabled=settled) for rule in differing),
            safe=not settled,
        )
    return Remediation(
        summary=f"Decide whether deletions of {prefixes_text(prefixes)} are replicated to "
        f"{'/'.join(actions.destination(row))}.",
        manual=(
            "Find out what the replicas are used for: a backup needs deleteReplication off in "
            f"{_numbered(rules)}, a mirror needs it on.",
            "Write the answer as delete_replication into the baseline's requirement, so that the audit can print the "
            "command.",
            "Where one rule serves destinations that need different answers, write one rule for each answer, and put "
            "all of them in one PutReplicationConfiguration.",
        ),
    )


def _numbered(rules: tuple[str, ...]) -> str:
    return f"rule {rules[0]}" if len(rules) == 1 else f"rules {names_text(rules)}"


CHECK = Check(
    id="rules.delete-replication-consistent",
    aliases=("RPL-13",),
    title="Rules with common repositories and destinations agree on deleteReplication",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=in_set("delete_conflicting_rules", "[]"),
    message="rules {delete_conflicting_rules:names} all replicate {delete_conflicting_prefixes:prefixes} to "
    "{destination_account}/{destination_region} and disagree on deleteReplication",
    remediation=_remediation,
    when=("present",),
    unknown="it is unknown which rules replicate to {destination_account}/{destination_region}",
    evidence=("delete_conflicting_prefixes", "delete_settled", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CP-9", "own: NIST 800-53 SI-12"),
)
