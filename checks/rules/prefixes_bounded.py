"""No repository filter ends in the middle of a word of a repository's name.

## What it checks

A filter is the literal beginning of a name: `prod` matches `prod/api`, and `production/api` and `prod2` as well. The
check compares each filter with the repositories of its registry. It fails where some names end right after the filter
or continue with `/`, and others continue with a letter or a digit. A filter that ends in `/`, `-`, `_` or `.` passes,
and so does one that the baseline writes exactly so, unless it writes a shorter prefix too that contains it.

## Why it matters

Repository creation templates of the same service end their prefixes with an implied `/`, so filters are expected to do
the same. The difference replicates repositories that were not meant to be replicated, into accounts that were not
meant to receive them. It begins on the day on which a repository with a longer name is created, without any change of
the rules.

## How to fix

The remediation closes the filter with `/`, and keeps what the baseline requires of the longer names as filters of
their own. The other names are no longer replicated from then on; existing replicas stay. Where a repository has
exactly the name of the filter, no filter matches it alone: a person has to choose. If the filter is meant as it
stands, write the same prefix into the baseline.

## Limits of this check

Only names that exist are compared: a filter that will match too much tomorrow passes today. If the repositories could
not be listed, the answer is unknown. A registry without repositories, a rule without filters, and one that has
no other registry as destination are not evaluated.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR API reference, RepositoryFilter:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html
- Request for more precise filters:
  https://github.com/aws/containers-roadmap/issues/2129
"""

from __future__ import annotations

import json

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    registry, number = actions.registry(row), row["rule"]
    replacements = json.loads(row["bounded_prefixes"] or "{}")
    redundant = names_in(row["redundant_prefixes"])
    unbounded = names_in(row["unbounded_prefixes"])
    left = tuple(prefix for prefix in unbounded if prefix not in replacements)
    changes = tuple(
        # What lies within another filter is removed, and the other one is closed.
        actions.replace_prefix(registry, number, prefix, () if prefix in redundant else replacements[prefix])
        for prefix in unbounded
        if prefix in replacements
    )
    return Remediation(
        summary=(
            f"Close {names_text(unbounded)} in rule {number} of {'/'.join(registry)} with `/`, or declare it as it is."
        ),
        changes=changes,
        manual=_choosing(left) if left else (),
    )


def _choosing(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return (
        f"For {names_text(prefixes)} no filter fits: a repository has exactly this name, or the list of "
        f"repositories is "
        "not complete, and a filter cannot match one name without those that begin with it.",
        "Either name the repositories below it (`name/`) and rename the one that has exactly this name, or keep the "
        "filter and write the same prefix into the baseline's requirement.",
    )


CHECK = Check(
    id="rules.prefixes-bounded",
    aliases=("RPL-07",),
    title="No repository filter ends in the middle of a word",
    severity=Severity.MEDIUM,
    table=RULES,
    expect=in_set("unbounded_prefixes", "[]"),
    message="{unbounded_prefixes:names} in rule {rule} of {account}/{region} matches {unbounded_names:names} too",
    remediation=_remediation,
    when=("filters_comparable",),
    unknown="which repositories the filters of rule {rule} of {account}/{region} match is unknown",
    unknown_reason="the repositories could not be listed",
    evidence=("unbounded_names", "destinations"),
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 AC-6",),
)
