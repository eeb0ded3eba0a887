"""Copies have the tag mutability that the baseline asks for.

## What it checks

Where the baseline sets `tag_mutability` for a destination repository, its mode and its exclusion filters must be
exactly that; with `same-as-source`, those of the source repository.

## Why it matters

Replication does not carry settings over. A repository that replication creates is `MUTABLE`, whatever the source is,
unless a creation template at the destination says otherwise. A tag that cannot be moved at the source can then be
overwritten in the copy, and a deployment from the copy runs something else under the same name.

## How to fix

The remedy sets mode and filters together, because the call replaces both. Making a copy immutable takes nothing away,
and is marked safe where the source's tags cannot move either. Making a copy mutable loosens it, which is for a reader
to decide. Where tags can move at the source and the declared mode would stop them in the copy, no command is printed:
the copy would silently stay at old images (see `settings.moving-tags`, which is worse). Then a person chooses between
freezing the source as well, excepting the tags that move, and changing the baseline. For repositories yet to come,
create a template.

## Limits of this check

Filters are compared as a set of texts; two different sets that match the same tags count as different. A copy that
several sources feed is judged, and mended, for each of them on its own.

## References

- AWS Security Hub, ECR.2:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Request to copy settings:
  https://github.com/aws/containers-roadmap/issues/1279
"""

from __future__ import annotations

from checks import tag_movement, wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REPLICAS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    mode, exclusions = row["expected_tag_mutability"], names_in(row["expected_exclusions"])
    if tag_movement.would_freeze(row, context, mode, exclusions) is not False:
        return tag_movement.choosing(row, mode)
    edit = wanted.set_tag_mutability(
        wanted.destination(row), row["repository"], row["tag_mutability"], mode, exclusions
    )
    suffix = f" except {listed(exclusions)}" if exclusions else ""
    return Remedy(
        summary=f"Make {row['repository']} at {'/'.join(wanted.destination(row))} {mode}{suffix}.",
        edits=(edit,),
        # Only between repositories whose tags cannot move on either side nothing changes for anybody.
        safe=mode == "IMMUTABLE" and row["source_tag_mutability"] == "IMMUTABLE",
    )


CHECK = Check(
    id="settings.tag-mutability",
    aliases=("DST-01",),
    title="Copies have the declared tag mutability",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=is_true("mutability_as_declared"),
    message="{repository} at {destination_account}/{destination_region} is {tag_mutability} (exclusions: "
    "{mutability_exclusions:names}), the baseline asks for {expected_tag_mutability} (exclusions: "
    "{expected_exclusions:names})",
    remedy=_remedy,
    when=("mutability_declared",),
    unknown="whether {repository} at {destination_account}/{destination_region} has the declared tag mutability is not "
    "known",
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
