"""Shared by the remediations of grants between two registries: names, statements and registries."""

from __future__ import annotations

from checks.baseline.requirements import minimal_prefixes
from checks.changes import Change
from checks.engine.text import names_in
from checks.iam.coverage import action_coverage
from checks.iam.request import CREATE, REPLICATE, LinkRequest
from checks.model import RemediationContext, Row
from checks.remediation import actions


def place(row: Row) -> str:
    """The destination as `account/region`."""
    return "/".join(actions.destination(row))


def copied(row: Row) -> tuple[str, ...]:
    """The prefixes that a link replicates, or would replicate under the baseline."""
    return minimal_prefixes((*names_in(row["prefixes"]), *names_in(row["expected_prefixes"]))) or ("",)


def grant(
    row: Row, context: RemediationContext, prefixes: tuple[str, ...] = (), *, create_only: bool = False
) -> Change:
    """A statement for the source account; by default for all that the link replicates and both actions."""
    return actions.add_statement(
        actions.destination(row),
        row["source_account"],
        prefixes or copied(row),
        (CREATE,) if create_only else (REPLICATE, CREATE),
        context.organization,
    )


TAG = "ecr:TagResource"


def tagging(row: Row, context: RemediationContext, prefixes: tuple[str, ...]) -> tuple[Change, ...]:
    """Grants that allow replication to tag repositories under *prefixes*; empty where it certainly may, or needs none.

    ECR user guide, repository-creation-templates.html: tags of a template need the action beside the other two.
    """
    account, region = destination = actions.destination(row)
    registry = context.registries[destination]
    policy = registry["registry_policy"]
    if account == row["source_account"] or policy is None or TAG not in context.baseline.grants.allowed_actions:
        return ()
    link = LinkRequest(
        row["source_account"], account, region, registry["partition"], context.organization or None, None,
        registry["policy_scope"],
    )  # fmt: skip
    lacking = action_coverage(policy, link, TAG, prefixes).uncovered if policy else prefixes
    if not lacking:
        return ()
    return (actions.add_statement(destination, row["source_account"], lacking, (TAG,), context.organization),)


def exemptions(row: Row) -> tuple[Change, ...]:
    """A change for each Deny of the destination's registry policy that certainly denies some name of the link."""
    return tuple(
        actions.narrow_deny(actions.destination(row), int(number), row["source_account"])
        for number in names_in(row["denying_statements"])
    )


def finding_the_deny(row: Row) -> tuple[str, ...]:
    """Manual steps where the Deny statement could not be identified."""
    reason = row["denial_reason"] or row["grant_reason"]
    return (
        f"Find the Deny statement in the registry policy of {place(row)}: {reason}.",
        f"Narrow it so that it does not match AWSServiceRoleForECRReplication of account {row['source_account']}, and "
        "keep the rest.",
    )
