"""The repository policy of a source repository is the one that the baseline requires.

## What it checks

Where `source_settings` of the baseline sets `repository_policy` for a repository that is replicated, there must be a
policy (`required`), no policy (`none`), or the document that is given. Policies of equal meaning are equal: order,
repetitions, Sid and Id, an account id or the ARN of its root, `*` or `{"AWS": "*"}`, one element or a list of it, the
case of actions and condition keys, and the Version of a policy without variables make no difference.

## Why it matters

The repository policy says which other accounts may pull from the source, push to it and delete from it. What is pushed
to a source is replicated to every destination.

## How to fix

Where the baseline has the document, the remediation puts it, without the option that skips AWS's guard against locking
oneself out. It replaces the whole document; read both before. Where only *some* policy is required, or none is allowed,
the policy has to be written or removed by hand.

## Limits of this check

Documents are compared, not their effect: two policies that allow the same in different words count as different.

## References

- Amazon ECR user guide, Private repository policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
- Amazon ECR API reference, SetRepositoryPolicy:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
"""

from __future__ import annotations

from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, repository_settings
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return repository_settings.repository_policy(row, actions.registry(row))


CHECK = Check(
    id="sources.repository-policy",
    aliases=("SRC-05",),
    title="Source repository policy matches the baseline",
    severity=Severity.HIGH,
    table=REPOSITORIES,
    expect=equals("repository_policy_kind", "expected_repository_policy_kind"),
    message="the source {repository} in {account}/{region} has {repository_policy_kind}, the baseline requires "
    "{expected_repository_policy_kind}",
    remediation=_remediation,
    when=("repository_policy_required",),
    unknown="whether the source {repository} in {account}/{region} has the required repository policy is unknown",
    evidence=("repository_policy", "expected_repository_policy"),
    permissions=("ecr:DescribeRepositories", "ecr:DescribeRegistry", "ecr:GetRepositoryPolicy"),
    controls=("own: NIST 800-53 AC-3",),
)
