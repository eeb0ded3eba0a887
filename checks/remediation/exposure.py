"""Shared by the remediations of exposed replicas: the policies to put, and manual steps where none is certain."""

from __future__ import annotations

import json

from checks.changes import Change
from checks.engine.text import names_in, names_text
from checks.iam import Policy, parse_policy
from checks.iam.repairs import with_replication_actions
from checks.model import Remediation, RemediationContext, Row
from checks.remediation import actions


def where(row: Row) -> str:
    """The replica repository and its registry, for a sentence."""
    return f"{row['repository']} at {'/'.join(actions.destination(row))}"


def closing(row: Row, context: RemediationContext, summary: str, whom: str, *, with_registry: bool) -> Remediation:
    """Put a repository policy without the exposure; *with_registry*: narrow the registry policy's statements too.

    *whom*: the column that lists the principals with excess access.
    """
    closed = row["closed_repository_policy"]
    changes: list[Change] = []
    manual: list[str] = []
    if closed:
        seen = row["repository_policy"] or ""
        changes.append(actions.put_repository_policy(actions.destination(row), row["repository"], seen, closed))
    elif closed is not None:
        manual += _manual_steps(row, names_text(names_in(row[whom])))
    if with_registry:
        narrowed, left = _narrowed(row, context)
        changes += narrowed
        manual += left
    return Remediation(summary=summary, changes=tuple(changes), manual=tuple(manual))


def _manual_steps(row: Row, whom: str) -> tuple[str, ...]:
    return (
        f"Review the repository policy of {where(row)}, and find the statement that allows {whom}.",
        "List the accounts that must pull, limit everything else by aws:PrincipalOrgID, and leave push and delete "
        "permissions to the repository's own account.",
        "If no statement is needed, delete the policy with `aws ecr delete-repository-policy`; if the "
        "baseline requires "
        "this policy, change the baseline.",
    )


def _narrowed(row: Row, context: RemediationContext) -> tuple[list[Change], list[str]]:
    """Changes of the registry policy's statements that expose the replica, and manual steps for the others."""
    place = actions.destination(row)
    policy = parse_policy(context.registries.get(place, {}).get("registry_policy") or "")
    changes: list[Change] = []
    manual: list[str] = []
    for number in map(int, names_in(row["exposing_registry_statements"])):
        repaired = None
        if isinstance(policy, Policy) and number <= len(policy.statements):
            statement = json.loads(policy.statements[number - 1].json)
            repaired = with_replication_actions(statement, context.baseline.grants.allowed_actions)
        if repaired is None:
            manual.append(
                f"Reduce statement {number} in the registry policy of {'/'.join(place)} to what replication needs."
            )
        elif repaired:
            changes.append(actions.replace_statement(place, number, repaired))
        else:
            changes.append(actions.remove_statement(place, number))
    return changes, manual
