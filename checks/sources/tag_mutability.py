"""The tag mutability of a source repository is the one that the baseline requires.

## What it checks

Where `source_settings` of the baseline sets `tag_mutability` for a repository that is replicated, its mode and its
exclusion filters must be exactly that. Repositories that a rule replicates count, and those that `replication` requires
to be replicated.

## Why it matters

A tag that can be moved at the source is moved in every replica, and a deployment anywhere runs another image under the
same tag. Immutability in the replica alone does not help: the replica then keeps the old image, silently.

## How to fix

The remediation sets mode and filters together, because the call replaces both. It removes nothing. In an immutable
repository a push that moves an existing tag is refused, so inform the teams that push there first, and list the tags
that must move as `mutability_exclusions`.

## Limits of this check

Filters are compared as a set of texts; two different sets that match the same tags count as different. Which pipelines
move tags is not known to the audit.

## References

- AWS Security Hub, ECR.2:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository = actions.registry(row), row["repository"]
    mode, exclusions = row["expected_tag_mutability"], names_in(row["expected_exclusions"])
    suffix = f" except {names_text(exclusions)}" if exclusions else ""
    return Remediation(
        summary=f"Make {repository} at {place} {mode}{suffix}; pushes that move a protected tag are then refused.",
        changes=(actions.set_tag_mutability(place, repository, row["tag_mutability"], mode, exclusions),),
    )


CHECK = Check(
    id="sources.tag-mutability",
    aliases=("SRC-01",),
    title="Source tag mutability matches the baseline",
    severity=Severity.MEDIUM,
    table=REPOSITORIES,
    expect=equals("tag_mutability_setting", "expected_tag_mutability_setting"),
    message="{repository} in {account}/{region} is {tag_mutability_setting}, the baseline requires "
    "{expected_tag_mutability_setting} of this source",
    remediation=_remediation,
    when=("tag_mutability_required",),
    unknown="whether the source {repository} in {account}/{region} has the required tag mutability is unknown",
    evidence=("tag_mutability", "mutability_exclusions", "expected_tag_mutability", "expected_exclusions"),
    permissions=("ecr:DescribeRepositories", "ecr:DescribeRegistry"),
    controls=("Security Hub ECR.2", "NIST 800-53 CA-9(1)", "NIST 800-53 CM-2", "NIST 800-53 CM-8(1)"),
)
