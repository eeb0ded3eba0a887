"""Creation templates give replica repositories no policy that exposes them.

## What it checks

The repository policy of a creation template that serves replication is evaluated as the policies of replica
repositories are: it may allow access from outside the organization only to declared partners, and no other account may
push or delete by it.

## Why it matters

A template acts on every repository: each one that replication creates gets its policy. One careless statement is not
one open repository but all future ones, and a fixed replica is followed by the next open one.

## How to fix

The remediation updates the template with a policy that allows none of this, that of the baseline where it determines
one, and sends every other field again as it is. Replica repositories that exist keep the policy that they were created
with; they have findings of their own.

## Limits of this check

A Deny in the registry policy counts where it applies to every name that the template can serve. Conditions on tags are
unknown, because no repository exists yet. Service principals are not evaluated.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
- Amazon ECR user guide, Private repository policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import TEMPLATES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = actions.registry(row)
    where = f"the template {row['prefix']} at {'/'.join(place)}"
    summary = f"Replace the repository policy of {where} by one that allows no external or write access."
    if row["closed_policy"]:
        change = actions.update_template(place, row["prefix"], {"repositoryPolicy": row["closed_policy"]})
        return Remediation(summary=summary, changes=(change,))
    exposures = names_text(names_in(row["policy_exposures"]))
    return Remediation(
        summary=summary,
        manual=(
            f"Read the repository policy of {where}: it allows {exposures}.",
            "Name the accounts that must pull, limit everything else by aws:PrincipalOrgID, and leave push and delete "
            "permissions to the registry's own account.",
            "Update the template with that policy and every other field as it is; if the baseline requires this very "
            "policy, change the baseline.",
        ),
    )


CHECK = Check(
    id="exposure.template-policy-bounded",
    aliases=("EXP-05",),
    title="Creation templates give replicas no policy with external or write access",
    severity=Severity.HIGH,
    table=TEMPLATES,
    expect=in_set("policy_exposures", "[]"),
    message="the template {prefix} at {account}/{region} gives new repositories a policy that allows "
    "{policy_exposures:names}",
    remediation=_remediation,
    when=("for_replication",),
    unknown="whether the template {prefix} at {account}/{region} exposes new repositories is unknown",
    unknown_reason="{policy_exposures_unknown:clause}",
    evidence=("template_json", "closed_policy"),
    permissions=("ecr:DescribeRepositoryCreationTemplates", "ecr:GetRegistryPolicy", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-3", "own: NIST 800-53 CM-5"),
)
