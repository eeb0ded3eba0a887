"""Every repository filter matches a repository, or is required by the baseline.

## What it checks

Each filter of a rule is compared with the repositories of its registry. At least one name must begin with it, unless a
requirement of the baseline with a destination of the rule requires a prefix that begins with the filter. Of two
required prefixes of which one begins with the other, only the shorter counts.

## Why it matters

A filter that matches nothing is a typing error, or a leftover of a repository that was renamed or deleted. In the
first case something that should be replicated is not, and no error is reported. In the second case a repository that
is created later with such a name is replicated to places that are no longer expected.

## How to fix

Find out which it is. Correct a typing error. Otherwise the remediation removes the filter; a rule that is left without
any is dropped, because a rule without filters replicates everything. If the repositories are still to come, write them
into the baseline.

## Limits of this check

Only names that exist count. If the repositories could not be listed, the answer is unknown. A registry without
repositories, a rule without filters, and one that has no other registry as destination are not evaluated. Whether a
matched repository holds images is another question.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR API reference, RepositoryFilter:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    registry, number, unmatched = actions.registry(row), row["rule"], names_in(row["unmatched_prefixes"])
    return Remediation(
        summary=f"Correct {names_text(unmatched)} in rule {number} of {'/'.join(registry)}, or remove it.",
        changes=tuple(actions.replace_prefix(registry, number, prefix, ()) for prefix in unmatched),
    )


CHECK = Check(
    id="rules.filters-match",
    aliases=("RPL-08",),
    title="Every repository filter matches a repository",
    severity=Severity.MEDIUM,
    table=RULES,
    expect=in_set("unmatched_prefixes", "[]"),
    message="no repository of {account}/{region} begins with {unmatched_prefixes:names}, which rule {rule} replicates "
    "to {destinations:names}",
    remediation=_remediation,
    when=("filters_comparable",),
    unknown="which repositories the filters of rule {rule} of {account}/{region} match is unknown",
    unknown_reason="the repositories could not be listed",
    evidence=("prefixes", "destinations"),
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 CM-6",),
)
