"""The grant reaches as far as the rules: every name that they can copy is allowed.

## What it checks

Where the destination allows at least some of a link's repositories, it must allow all that the rules can copy: the
repositories that exist, and every name that a filter can match in the future. A rule without filters needs a grant
for `repository/*`.

## Why it matters

A rule for `prod/` and a grant for `repository/prod/web*` agree for years, until the first repository called
`prod/api` is pushed. Nothing warns that it is not copied: the rule matches, the link works for all its neighbours,
and only that one is refused.

## How to fix

The remedy adds a statement for exactly the prefixes that are not covered. If the narrower grant is meant, narrow the
rule's filters to it instead.

## Limits of this check

Where a name is decided by a condition on tags or another key that replication's request may or may not carry, the
answer is unknown. Names beyond the filters are not asked for: a grant may be wider than the rule.

## References

- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
- Amazon ECR user guide, Private image replication examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
"""

from __future__ import annotations

from checks import replication_grants
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    uncovered = names_in(row["grant_uncovered"]) or replication_grants.copied(row)
    return Remedy(
        summary=f"Let account {row['source_account']} replicate {listed(uncovered)} too into "
        f"{replication_grants.place(row)}, or narrow the rule to what is granted.",
        edits=(replication_grants.grant(row, context, uncovered),),
    )


CHECK = Check(
    id="grants.covers-rule",
    aliases=("GRT-05",),
    title="The grant covers every name that the rules can copy",
    severity=Severity.HIGH,
    table=LINKS,
    expect=is_true("grant_covers_rule"),
    message="{destination_account}/{destination_region} lets account {source_account} replicate only a part of what "
    "its rules copy; not covered: {grant_uncovered:names}",
    remedy=_remedy,
    when=("grant_given",),
    unknown="whether the grant of {destination_account}/{destination_region} covers all that account {source_account} "
    "copies is not known",
    evidence=("grant_verdict", "prefixes", "expected_prefixes", "grant_uncovered"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 AC-3",),
)
