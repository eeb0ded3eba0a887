"""No principal that cannot pull the source can pull its replica.

## What it checks

Each principal that may read the images of a replica (`ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer`), by its
repository policy or by the registry policy of its registry, must be allowed the same actions at the source, or by the
policy that the baseline determines for the replica. The accounts that own the two repositories do not count.

## Why it matters

Access is granted and removed at the source, where the owners of an image are. A replica that more accounts can pull is
the way around it: an account that lost its access, or never had it, reads the same layers in another Region.

## How to fix

Where the baseline determines the repository policy of the replica, the remediation puts it. Otherwise decide which of
the two is right: narrow the replica's policy, or let those accounts read the source too. If replicas are intended for
other consumers than their sources, write the policy into the baseline.

## Limits of this check

It compares which principals may read, not which do. A condition that cannot be evaluated on either side makes the
answer unknown, unless both repositories have the very same policy and neither registry policy is about more than
replication. Permissions of an account's own principals are not compared.

## References

- Amazon ECR user guide, Private repository policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.exposure import where
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    replica, extra = where(row), names_text(names_in(row["extra_readers"]))
    expected, kind = row["expected_repository_policy"], row["repository_policy_kind"]
    if expected and kind is not None and kind != row["expected_repository_policy_kind"]:
        change = actions.put_repository_policy(
            actions.destination(row), row["repository"], row["repository_policy"] or "", expected
        )
        return Remediation(summary=f"Put the required repository policy on {replica}.", changes=(change,))
    source = f"{row['source_account']}/{row['source_region']}"
    return Remediation(
        summary=f"Limit who can pull {replica} to those who can pull it from {source}.",
        manual=(
            f"Find out whether {extra} should read {row['repository']}.",
            f"If not, remove them from the repository policy of {replica}, and from the registry policy there.",
            f"If so, let them read it at {source} too, or write the replica's policy into the baseline "
            "(settings, repository_policy).",
        ),
    )


CHECK = Check(
    id="exposure.not-wider-than-source",
    aliases=("EXP-02",),
    title="Replicas can be pulled only by principals that can pull the source",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=in_set("extra_readers", "[]"),
    message="{repository} at {destination_account}/{destination_region} can be pulled by {extra_readers:names}, and "
    "its source at {source_account}/{source_region} cannot",
    remediation=_remediation,
    when=("destination_present",),
    unknown="whether more principals can pull {repository} at {destination_account}/{destination_region} than at "
    "{source_account}/{source_region} is unknown",
    unknown_reason="{exposure_unknown:clause}",
    evidence=("repository_policy", "source_repository_policy", "expected_repository_policy"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetRepositoryPolicy", "ecr:GetRegistryPolicy"),
    controls=("own: NIST 800-53 AC-6",),
)
