"""Templates give new copies no policy that exposes them.

## What it checks

The repository policy of a creation template that serves replication is judged as the policies of copies are: it may
let in nobody from outside the organization who is no declared partner, and nobody of another account may push or
delete by it.

## Why it matters

A template works silently and on everything: each repository that replication creates is born with its policy. One
careless line is not one open repository but all future ones, and a repaired copy is followed by the next open one.

## How to fix

The remedy updates the template with a policy that lets in none of them, that of the baseline where it determines one,
and sends every other field again as it is. Copies that exist keep the policy that they were born with; they have
findings of their own.

## Limits of this check

A Deny in the registry policy counts where it takes in every name that the template can serve. Conditions on tags are
unknown, because no copy exists yet. Service principals are not judged.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
- Amazon ECR user guide, Private repository policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import TEMPLATES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place = wanted.registry(row)
    where = f"the template {row['prefix']} at {'/'.join(place)}"
    summary = f"Give new copies under {where} a policy that exposes nothing."
    if row["closed_policy"]:
        edit = wanted.update_template(place, row["prefix"], {"repositoryPolicy": row["closed_policy"]})
        return Remedy(summary=summary, edits=(edit,))
    return Remedy(
        summary=summary,
        manual=(
            f"Read the repository policy of {where}: {row['policy_exposure']}.",
            "Name the accounts that must pull, bound everything else by aws:PrincipalOrgID, and leave pushing and "
            "deleting to the registry's own account.",
            "Update the template with that policy and every other field as it is; if the baseline asks for this very "
            "policy, change the baseline.",
        ),
    )


CHECK = Check(
    id="exposure.template-policy-bounded",
    aliases=("EXP-05",),
    title="Templates give new copies no policy that exposes them",
    severity=Severity.HIGH,
    table=TEMPLATES,
    expect=is_true("policy_closed"),
    message="the template {prefix} at {account}/{region} gives new copies a policy that exposes them: "
    "{policy_exposure}",
    remedy=_remedy,
    when=("for_replication",),
    unknown="whether the template {prefix} at {account}/{region} exposes new copies is not known"
    "{policy_exposure:because}",
    evidence=("policy_exposure", "closed_policy"),
    permissions=("ecr:DescribeRepositoryCreationTemplates", "ecr:GetRegistryPolicy", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-3", "own: NIST 800-53 CM-5"),
)
