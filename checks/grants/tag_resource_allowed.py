"""The registry policy of the destination allows replication to set the resource tags of creation templates.

## What it checks

Where a repository creation template for replication at the destination sets resource tags, and serves names that the
rules of another account replicate there, the registry policy must allow that account `ecr:TagResource` for those names.

## Why it matters

A template with tags makes the creation of a repository a creation with tags, which needs a permission of its own. A
policy that worked for years stops working for new repositories on the day on which a cost centre is added to the
template; replication into repositories that exist goes on, so that the failure is easily overlooked.

## How to fix

The remediation adds `ecr:TagResource` for exactly the prefixes that the template serves and the link replicates. Where
the baseline does not list that action under `grants.allowed_actions`, allow it there first, or remove the tags from
the template.

## Limits of this check

That the policy needs this permission rests on reports of users who quote the guide; the guide's pages on permissions
name it for the template's own role. Names are compared by prefix: a narrower template inside a wider one is taken into
account, a single repository that exists already is not.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
"""

from __future__ import annotations

from checks.engine.text import names_in, prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, replication_grants
from checks.tables import LINKS

_TAG = "ecr:TagResource"


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    uncovered, place = names_in(row["untaggable_prefixes"]), replication_grants.place(row)
    summary = (
        f"Allow replication from account {row['source_account']} to tag what it creates in {place} under "
        f"{prefixes_text(uncovered)}."
    )
    if _TAG.lower() not in {action.lower() for action in context.baseline.grants.allowed_actions}:
        return Remediation(
            summary=summary,
            manual=(
                f"The baseline does not list {_TAG} as allowed: add it to grants.allowed_actions and audit again, or "
                f"remove the resource tags from the templates of {place}.",
            ),
        )
    change = actions.add_statement(
        actions.destination(row), row["source_account"], uncovered, (_TAG,), context.organization
    )
    return Remediation(summary=summary, changes=(change,))


CHECK = Check(
    id="grants.tag-resource-allowed",
    aliases=("GRT-15",),
    title="Registry policy allows replication to set the tags of creation templates",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=in_set("untaggable_prefixes", "[]"),
    message="creation templates of {destination_account}/{destination_region} set tags on what account "
    "{source_account} replicates there, and the registry policy does not allow it ecr:TagResource for "
    "{untaggable_prefixes:prefixes}",
    remediation=_remediation,
    when=("grant_given", "template_sets_tags"),
    unknown="whether account {source_account} may tag what it replicates to {destination_account}/{destination_region} "
    "is unknown",
    evidence=("grant_verdict", "prefixes"),
    at="destination",
    permissions=(
        "ecr:DescribeRegistry",
        "ecr:GetRegistryPolicy",
        "ecr:GetAccountSetting",
        "ecr:DescribeRepositoryCreationTemplates",
    ),
    controls=("own: NIST 800-53 CM-8",),
)
