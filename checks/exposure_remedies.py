"""What the remediations of exposed replicas have in common: the policies to put, and steps where none is certain."""

from __future__ import annotations

import json

from checks import wanted
from checks.changes import Change
from checks.iam import Policy, parse_policy
from checks.model import Remedy, RemedyContext, Row
from checks.statement_repairs import with_replication_actions
from checks.wording import listed, names_in


def where(row: Row) -> str:
    """The replica repository and its registry, for a sentence."""
    return f"{row['repository']} at {'/'.join(wanted.destination(row))}"


def closing(row: Row, context: RemedyContext, summary: str, whom: str, *, with_registry: bool) -> Remedy:
    """Put the repository policy that exposes nothing; *with_registry*: narrow the registry policy's statements too.

    *whom*: the column that lists who may what they should not.
    """
    closed = row["closed_repository_policy"]
    edits: list[Change] = []
    manual: list[str] = []
    if closed:
        seen = row["repository_policy"] or ""
        edits.append(wanted.put_repository_policy(wanted.destination(row), row["repository"], seen, closed))
    elif closed is not None:
        manual += _manual_steps(row, listed(names_in(row[whom])))
    if with_registry:
        narrowed, left = _narrowed(row, context)
        edits += narrowed
        manual += left
    return Remedy(summary=summary, edits=tuple(edits), manual=tuple(manual))


def _manual_steps(row: Row, whom: str) -> tuple[str, ...]:
    return (
        f"Read the repository policy of {where(row)}, and find out which of its statements allows {whom}.",
        "Name the accounts that must pull, limit everything else by aws:PrincipalOrgID, and leave push and delete "
        "permissions to the repository's own account.",
        "If no statement is needed, delete it with `aws ecr delete-repository-policy`; if the baseline requires "
        "this very policy, change the baseline.",
    )


def _narrowed(row: Row, context: RemedyContext) -> tuple[list[Change], list[str]]:
    """Edits for the registry policy's statements that expose the replica, and steps for those without one."""
    place = wanted.destination(row)
    policy = parse_policy(context.registries.get(place, {}).get("registry_policy") or "")
    edits: list[Change] = []
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
            edits.append(wanted.replace_statement(place, number, repaired))
        else:
            edits.append(wanted.remove_statement(place, number))
    return edits, manual
