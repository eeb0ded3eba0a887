"""The repository policy of a replica repository is the one that the baseline requires.

## What it checks

Where the baseline sets `repository_policy` for a destination repository, there must be a policy (`required`), no
policy (`none`), the source's policy (`same-as-source`), or the document that is given. Policies of equal meaning are
equal: order, repetitions, Sid and Id, an account id or the ARN of its root, `*` or `{"AWS": "*"}`, one element or a
list of it, the case of actions and condition keys, and the Version of a policy without variables make no difference.

## Why it matters

Repository policies are not replicated. Without one, no other account can pull the replica: the failover starts, and
the nodes in the consuming accounts are refused. With one that is wider than the source's, the replica is the easier
way in.

## How to fix

Where the baseline or the source determines the text, the remediation puts it, without the option that skips AWS's
guard against locking oneself out. It replaces the whole document; read both before. Where only *some* policy is
required, or none is allowed, the policy has to be written or removed by hand.

## Limits of this check

Documents are compared, not their effect: two policies that allow the same in different words count as different. A
`same-as-source` policy that names the source's own account or Region is copied literally, and may need adapting.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Request to copy repository policies:
  https://github.com/aws/containers-roadmap/issues/1202
"""

from __future__ import annotations

from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, repository_settings
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return repository_settings.repository_policy(row, actions.destination(row))


CHECK = Check(
    id="settings.repository-policy",
    aliases=("DST-06",),
    title="Replica repository policy matches the baseline",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=equals("repository_policy_kind", "expected_repository_policy_kind"),
    message="{repository} at {destination_account}/{destination_region} has {repository_policy_kind}, the baseline "
    "requires {expected_repository_policy_kind}",
    remediation=_remediation,
    when=("repository_policy_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} has the required repository policy is "
    "unknown",
    unknown_reason="{repository_policy_unknown:clause}",
    evidence=("repository_policy", "expected_repository_policy"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetRepositoryPolicy"),
    controls=("own: NIST 800-53 AC-3",),
)
