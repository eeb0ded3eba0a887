"""The registry policy of the destination allows replication of every name that the rules match.

## What it checks

Where the destination allows at least some of a link's repositories, it must allow all that the rules can replicate:
the repositories that exist, and every name that a filter can match in the future. A rule without filters needs a
statement for `repository/*`. What the baseline requires and no rule replicates is not judged here:
`rules.required-link-present` says which part of it the destination would refuse.

## Why it matters

A rule for `prod/` and a statement for `repository/prod/web*` agree for years, until the first repository called
`prod/api` is pushed. Nothing warns that it is not replicated: the rule matches, replication works for all other
repositories, and only that one is refused.

## How to fix

The remediation adds a statement for exactly the prefixes that are not covered. If the narrower statement is intended,
narrow the filters of the rule instead.

## Limits of this check

Where the decision about a name depends on a condition on tags or another key that a replication request may or may not
carry, the answer is unknown. Names outside the filters are not considered: a statement may cover more than the rule.

## References

- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
- Amazon ECR user guide, Private image replication examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
"""

from __future__ import annotations

from checks.engine.text import names_in, prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import replication_grants
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    uncovered = names_in(row["uncovered_prefixes"]) or replication_grants.copied(row)
    return Remediation(
        summary=f"Allow account {row['source_account']} to replicate {prefixes_text(uncovered)} into "
        f"{replication_grants.place(row)} as well, or narrow the rule to what is allowed.",
        changes=(replication_grants.grant(row, context, uncovered),),
    )


CHECK = Check(
    id="grants.covers-rule",
    aliases=("GRT-05",),
    title="Registry policy covers every repository name that the rules match",
    severity=Severity.HIGH,
    table=LINKS,
    expect=in_set("uncovered_prefixes", "[]"),
    message="the registry policy of {destination_account}/{destination_region} allows account {source_account} to "
    "replicate only a part of what its rules match; not covered: {uncovered_prefixes:prefixes}",
    remediation=_remediation,
    when=("grant_given",),
    unknown="whether the registry policy of {destination_account}/{destination_region} covers all that account "
    "{source_account} replicates is unknown",
    unknown_reason="{grant_reason:clause}",
    evidence=("grant_verdict", "prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 AC-3",),
)
