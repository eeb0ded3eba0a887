"""The tag mutability of a replica repository is the one that the baseline requires.

## What it checks

Where the baseline sets `tag_mutability` for a destination repository, its mode and its exclusion filters must be
exactly that; with `same-as-source`, those of the source repository.

## Why it matters

Replication does not carry settings over. A repository that replication creates is `MUTABLE`, whatever the source is,
unless a creation template at the destination says otherwise. A tag that cannot be moved at the source can then be
overwritten in the replica, and a deployment from the replica runs another image under the same tag.

## How to fix

The remediation sets mode and filters together, because the call replaces both. Making a replica immutable removes
nothing, and is marked safe where the source's tags cannot move either. Making a replica mutable loosens it and needs
review. Where tags can move at the source and the required mode would freeze them in the replica, no command is
printed: the replica would silently keep old images (see `settings.moving-tags`, which is worse). Then decide between
making the source immutable as well, excluding the tags that move, and changing the baseline. For future repositories,
create a creation template.

## Limits of this check

Filters are compared as a set of texts; two different sets that match the same tags count as different. A replica
repository that several sources feed is evaluated, and remediated, for each of them on its own.

## References

- AWS Security Hub, ECR.2:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Request to copy settings:
  https://github.com/aws/containers-roadmap/issues/1279
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, repository_settings
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    mode, exclusions = row["expected_tag_mutability"], names_in(row["expected_exclusions"])
    if repository_settings.would_freeze(row, context, mode, exclusions) is not False:
        return repository_settings.choosing(row, mode)
    change = actions.set_tag_mutability(
        actions.destination(row), row["repository"], row["tag_mutability"], mode, exclusions
    )
    suffix = f" except {names_text(exclusions)}" if exclusions else ""
    return Remediation(
        summary=f"Make {row['repository']} at {'/'.join(actions.destination(row))} {mode}{suffix}.",
        changes=(change,),
        # Where tags cannot move at the source, replication never has to move one at the destination.
        safe=mode == "IMMUTABLE" and row["source_tag_mutability"] == "IMMUTABLE",
    )


CHECK = Check(
    id="settings.tag-mutability",
    aliases=("DST-01",),
    title="Replica tag mutability matches the baseline",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=equals("tag_mutability_setting", "expected_tag_mutability_setting"),
    message="{repository} at {destination_account}/{destination_region} is {tag_mutability_setting}, the baseline "
    "requires {expected_tag_mutability_setting}",
    remediation=_remediation,
    when=("tag_mutability_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} has the required tag mutability is "
    "unknown",
    evidence=(
        "tag_mutability",
        "mutability_exclusions",
        "expected_tag_mutability",
        "expected_exclusions",
        "source_tag_mutability",
    ),
    at="destination",
    permissions=("ecr:DescribeRepositories",),
    controls=("Security Hub ECR.2", "NIST 800-53 CA-9(1)", "NIST 800-53 CM-2", "NIST 800-53 CM-8(1)"),
)
