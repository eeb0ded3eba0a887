"""A source repository has the resource tags that the baseline requires.

## What it checks

Where `source_settings` of the baseline lists `tags` for a repository that is replicated, the repository must have each
of them with its value. Other tags do not matter.

## Why it matters

Tags name the owner of a repository, allocate its costs, and can decide access. Replication copies no tags, so the owner
of a replica can often be found only through its source.

## How to fix

The remediation adds the tags, or sets their values, and leaves all others alone.

## Limits of this check

Keys and values are compared literally, including case. Where the tags could not be read, the answer is unknown:
`ecr:ListTagsForResource` is easily forgotten in a role for auditing.

## References

- Amazon ECR user guide, Tagging a private repository:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
- Amazon ECR API reference, TagResource:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, repository_settings
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return repository_settings.tagging(row, actions.registry(row))


CHECK = Check(
    id="sources.tags-present",
    aliases=("SRC-06",),
    title="Source repositories have the required resource tags",
    severity=Severity.LOW,
    table=REPOSITORIES,
    expect=in_set("missing_tag_keys", "[]"),
    message="the source {repository} in {account}/{region} lacks resource tags, or has them with other values; "
    "required: {missing_tags}",
    remediation=_remediation,
    when=("tags_required",),
    unknown="whether the source {repository} in {account}/{region} has the required resource tags is unknown",
    evidence=("missing_tags", "tag_count"),
    permissions=("ecr:DescribeRepositories", "ecr:DescribeRegistry", "ecr:ListTagsForResource"),
    controls=("own: NIST 800-53 CM-8",),
)
