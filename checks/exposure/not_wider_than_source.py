"""Nobody may pull a copy who may not pull its source.

## What it checks

Whoever may read the images of a copy (`ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer`), by its repository policy or
by the registry policy of its registry, must be allowed to read the source as well, or be allowed by the policy that
the baseline determines for the copy. The accounts that own the two repositories do not count.

## Why it matters

Access is granted and taken at the source, where the owners of an image are. A copy that more accounts can pull is the
way around: an account that lost its access, or never had it, reads the same layers one Region further.

## How to fix

Where the baseline determines the repository policy of the copy, the remedy puts it. Otherwise a person decides which
of the two is right: narrow the copy's policy, or let those accounts read the source too. If copies are meant for other
consumers than their sources, write the policy into the baseline.

## Limits of this check

It compares who may read, not who does. A condition that cannot be decided on either side makes the answer unknown,
unless both sides have the very same policy. Permissions of an account's own principals are not compared.

## References

- Amazon ECR user guide, Private repository policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.exposure_remedies import where
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REPLICAS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    copy, extra = where(row), listed(names_in(row["extra_readers"]))
    expected = row["expected_repository_policy"]
    if expected and row["repository_policy_as_declared"] is False:
        edit = wanted.put_repository_policy(
            wanted.destination(row), row["repository"], row["repository_policy"] or "", expected
        )
        return Remedy(summary=f"Put the declared repository policy on {copy}.", edits=(edit,))
    source = f"{row['source_account']}/{row['source_region']}"
    return Remedy(
        summary=f"Let nobody pull {copy} who may not pull it from {source}.",
        manual=(
            f"Find out whether {extra} should read {row['repository']}.",
            f"If not, take them out of the repository policy of {copy}, and out of the registry policy there.",
            f"If so, let them read it at {source} too, or write the copy's policy into the baseline "
            "(settings, repository_policy).",
        ),
    )


CHECK = Check(
    id="exposure.not-wider-than-source",
    aliases=("EXP-02",),
    title="Nobody may pull a copy who may not pull its source",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=is_true("readers_as_at_source"),
    message="{repository} at {destination_account}/{destination_region} can be pulled by {extra_readers:names}, and "
    "its source at {source_account}/{source_region} cannot",
    remedy=_remedy,
    when=("destination_present",),
    unknown="whether more accounts may pull {repository} at {destination_account}/{destination_region} than at "
    "{source_account}/{source_region} is not known{exposure_problem:because}",
    evidence=("extra_readers", "repository_policy", "expected_repository_policy"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetRepositoryPolicy", "ecr:GetRegistryPolicy"),
    controls=("own: NIST 800-53 AC-6",),
)
