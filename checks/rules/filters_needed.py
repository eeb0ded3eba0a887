"""Every filter and every rule copies something that no other does.

## What it checks

A filter is not needed when a shorter filter of the same rule contains it, or when another rule that goes to at least
the same destinations, with the same `deleteReplication`, contains it or has no filter at all. A rule is not needed
when none of its filters is.

## Why it matters

Nothing is copied twice, so this costs nothing but clarity. Whoever reads the rules believes that the longer filter
limits what is copied; whoever removes it believes that copies stop. Both are mistaken. Superfluous filters and rules
also count against AWS's limits.

## How to fix

The remedy removes what is not needed. What is copied stays the same. If the longer filter was meant as a limit,
remove the shorter one instead.

## Limits of this check

Rules that are equal are reported by `rules.without-duplicates`. A filter that `rules.prefixes-bounded` or
`rules.filters-as-declared` wants to narrow is compared as it will be afterwards. A filter whose names several others
contain only together counts as needed.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import RULES
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    registry, number, unneeded = wanted.registry(row), row["rule"], names_in(row["unneeded_prefixes"])
    if set(unneeded) == set(names_in(row["prefixes"])):
        return Remedy(
            summary=f"Drop rule {number} of {'/'.join(registry)}; what it copies is copied all the same.",
            edits=(wanted.remove_rule(registry, number),),
            safe=True,
        )
    return Remedy(
        summary=f"Remove {listed(unneeded)} from rule {number} of {'/'.join(registry)}; it is copied all the same.",
        edits=tuple(wanted.replace_prefix(registry, number, prefix, ()) for prefix in unneeded),
        safe=True,
    )


CHECK = Check(
    id="rules.filters-needed",
    aliases=("RPL-09",),
    title="Every filter and every rule copies something that no other does",
    severity=Severity.INFORMATIONAL,
    table=RULES,
    expect=is_true("filters_needed"),
    message="rule {rule} of {account}/{region} copies nothing more by {unneeded_prefixes:names}: {unneeded_because}",
    remedy=_remedy,
    when=("rule_distinct",),
    unknown="what rule {rule} of {account}/{region} copies is not known",
    evidence=("unneeded_prefixes", "prefixes", "destinations"),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
