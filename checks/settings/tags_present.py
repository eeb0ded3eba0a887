"""A replica repository has the resource tags that the baseline requires.

## What it checks

Where the baseline lists `tags` for a destination repository, the repository must have each of them with its value.
Other tags do not matter.

## Why it matters

Replication copies no resource tags. Whatever relies on them stops at the border of the Region: costs cannot be
allocated, access that is granted by tag is refused, and the owner of a replica cannot be found.

## How to fix

The remediation adds the tags, or sets their values, and leaves all others alone. For future repositories, put the tags
into the creation template (see `settings.template-as-declared`); a template with tags needs a custom role.

## Limits of this check

Keys and values are compared literally, including case. Where the tags could not be read, the answer is unknown:
`ecr:ListTagsForResource` is easily forgotten in a role for auditing.

## References

- Amazon ECR user guide, Tagging a private repository:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, repository_settings
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return repository_settings.tagging(row, actions.destination(row))


CHECK = Check(
    id="settings.tags-present",
    aliases=("DST-14",),
    title="Replica repositories have the required resource tags",
    severity=Severity.LOW,
    table=REPLICAS,
    expect=in_set("missing_tag_keys", "[]"),
    message="{repository} at {destination_account}/{destination_region} lacks resource tags, or has them with other "
    "values; required: {missing_tags}",
    remediation=_remediation,
    when=("tags_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} has the required resource tags is "
    "unknown",
    evidence=("missing_tags", "tag_count"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:ListTagsForResource"),
    controls=("own: NIST 800-53 CM-8",),
)
