"""Every rule and every repository filter replicates something that no other does.

## What it checks

A filter is redundant when a shorter filter of the same rule contains it, or when another rule that has at least the
same destinations, with the same `deleteReplication`, contains it or has no filter at all. A rule is redundant when all
its filters are.

## Why it matters

Nothing is replicated twice, so this costs nothing but clarity. The longer filter seems to limit what is replicated,
and removing it seems to stop replication; neither is true. Redundant filters and rules also count against AWS's limits.

## How to fix

The remediation removes what is redundant. What is replicated stays the same. If the longer filter was meant as a
limit, remove the shorter one instead.

## Limits of this check

Rules that are equal are reported by `rules.without-duplicates`, rules without destinations by
`rules.destinations-present`; neither is evaluated here. A filter that `rules.prefixes-bounded` or
`rules.filters-as-declared` narrows is compared as it will be afterwards. A filter whose names several others contain
only together does not count as redundant.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    registry, number, redundant = actions.registry(row), row["rule"], names_in(row["redundant_prefixes"])
    if set(redundant) == set(names_in(row["prefixes"])):
        return Remediation(
            summary=f"Drop rule {number} of {'/'.join(registry)}; another rule replicates the same.",
            changes=(actions.remove_rule(registry, number),),
            safe=True,
        )
    return Remediation(
        summary=f"Remove {names_text(redundant)} from rule {number} of {'/'.join(registry)}; it is replicated anyway.",
        changes=tuple(actions.replace_prefix(registry, number, prefix, ()) for prefix in redundant),
        safe=True,
    )


CHECK = Check(
    id="rules.filters-needed",
    aliases=("RPL-09",),
    title="No replication rule or repository filter is redundant",
    severity=Severity.INFORMATIONAL,
    table=RULES,
    expect=in_set("redundant_prefixes", "[]"),
    message="rule {rule} of {account}/{region} replicates nothing more by {redundant_prefixes:names}: "
    "{redundancy_reason}",
    remediation=_remediation,
    when=("rule_distinct",),
    unknown="it is unknown what rule {rule} of {account}/{region} replicates",
    evidence=("redundancy_reason", "prefixes", "destinations"),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
