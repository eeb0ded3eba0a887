"""Replication may put the tags on new copies that the destination's templates ask for.

## What it checks

Where a creation template for replication at the destination sets resource tags, and serves names that a link from
another account copies, the grant for that account must contain `ecr:TagResource` for those names.

## Why it matters

A template with tags makes the creation of a repository a creation with tags, which is a permission of its own. The
grant that worked for years stops working for new repositories on the day on which somebody adds a cost centre to the
template; copies into repositories that exist go on, so that nobody looks there.

## How to fix

The remedy adds `ecr:TagResource` for exactly the prefixes that the template serves and the link copies. Where the
baseline does not list that action under `grants.allowed_actions`, allow it there first, or take the tags out of the
template.

## Limits of this check

That the grant needs this permission rests on reports of users who quote the guide; the guide's pages on permissions
name it for the template's own role. Names are judged by prefix: a narrower template inside a wider one is taken into
account, a single repository that exists already is not.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
"""

from __future__ import annotations

from checks import replication_grants, wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS
from checks.wording import listed, names_in

_TAG = "ecr:TagResource"


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    uncovered, place = names_in(row["tagging_uncovered"]), replication_grants.place(row)
    summary = (
        f"Let replication from account {row['source_account']} tag what it creates in {place}: {listed(uncovered)}."
    )
    if _TAG.lower() not in {action.lower() for action in context.baseline.grants.allowed_actions}:
        return Remedy(
            summary=summary,
            manual=(
                f"The baseline does not let registry policies allow {_TAG}: add it to grants.allowed_actions and audit "
                f"again, or take the resource tags out of the templates of {place}.",
            ),
        )
    edit = wanted.add_statement(
        wanted.destination(row), row["source_account"], uncovered, (_TAG,), context.organization
    )
    return Remedy(summary=summary, edits=(edit,))


CHECK = Check(
    id="grants.tag-resource-allowed",
    aliases=("GRT-15",),
    title="Replication may set the tags that templates at the destination ask for",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=is_true("tagging_covered"),
    message="templates of {destination_account}/{destination_region} set tags on what account {source_account} "
    "replicates there, and its grant lacks ecr:TagResource for {tagging_uncovered:names}",
    remedy=_remedy,
    when=("grant_given", "template_sets_tags"),
    unknown="whether account {source_account} may tag what it replicates to {destination_account}/{destination_region} "
    "is not known",
    evidence=("tagging_uncovered", "grant_verdict", "prefixes", "expected_prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:DescribeRepositoryCreationTemplates"),
    controls=("own: NIST 800-53 CM-8",),
)
