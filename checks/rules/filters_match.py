"""Every filter matches a repository, or is required by the baseline.

## What it checks

Each filter of a rule is held against the repositories of its registry. At least one name must begin with it, unless a
requirement of the baseline depends on the filter as it stands.

## Why it matters

A filter that matches nothing is a typing error, or what remains of a repository that was renamed or deleted. In the
first case something that should be copied is not, and nothing reports it: replication of nothing never fails. In the
second it lies in wait: whoever creates a repository with such a name later has it copied to places that nobody
remembers.

## How to fix

Find out which it is. Correct a typing error. Otherwise the remedy removes the filter; a rule that is left without any
is dropped, because a rule without filters would copy everything. If the repositories are still to come, say so in the
baseline.

## Limits of this check

Only names that exist count. If the repositories could not be listed, the answer is unknown. A registry without
repositories, or a rule without filters, is not judged. Whether a matched repository holds images is another question.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR API reference, RepositoryFilter:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import RULES
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    registry, number, dead = wanted.registry(row), row["rule"], names_in(row["unmatched_prefixes"])
    return Remedy(
        summary=f"Correct {listed(dead)} in rule {number} of {'/'.join(registry)}, or remove it.",
        edits=tuple(wanted.replace_prefix(registry, number, prefix, ()) for prefix in dead),
    )


CHECK = Check(
    id="rules.filters-match",
    aliases=("RPL-08",),
    title="Every filter matches a repository",
    severity=Severity.MEDIUM,
    table=RULES,
    expect=is_true("filters_matched"),
    message="no repository of {account}/{region} begins with {unmatched_prefixes:names}, which rule {rule} copies to "
    "{destinations:names}",
    remedy=_remedy,
    when=("filters_comparable",),
    unknown="what the filters of rule {rule} of {account}/{region} match is not known: "
    "its repositories could not be listed",
    evidence=("unmatched_prefixes", "prefixes", "destinations"),
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 CM-6",),
)
