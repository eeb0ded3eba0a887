"""Changes of a registry policy, as a function of the text as audited.

Statement numbers always refer to the text as audited, whatever other changes do to it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.changes import AddStatement, Change, NarrowDeny, RemoveStatement, ReplaceStatement
from checks.remediation import policy_text
from checks.remediation.changes import distinct
from checks.remediation.merge_result import CannotApplyError, Merged, Refusal, merge_one_by_one
from checks.remediation.policy_text import Policy, text_of
from checks.remediation.replication_rules import shortest
from checks.remediation.statements import (
    Statement,
    accounts_granted,
    as_list,
    exempting,
    from_list,
    merged_replacement,
    ordered,
)

_NAMES = re.compile(r"[a-z0-9._/-]*")


@dataclass(frozen=True, slots=True)
class Owner:
    """The registry whose policy it is."""

    account: str
    region: str
    partition: str
    characters: int = 10_240
    """Longest registry policy that AWS accepts."""
    organization: str = ""
    """Id of the organization (`o-…`), or empty."""

    def repositories(self, prefix: str) -> str:
        """ARN of every repository whose name begins with *prefix*, as a replication filter means it."""
        if not _NAMES.fullmatch(prefix):
            raise CannotApplyError(f"no repository name begins with {prefix!r}")
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{prefix}*"


def merge(policy: Policy, changes: Iterable[Change], owner: Owner) -> Merged[Policy]:
    """*policy* with every change that applies and keeps it within AWS's length; the others refused with reasons."""
    wanted = distinct(changes)
    replaced = _merge_replacements(policy, [change for change in wanted if isinstance(change, ReplaceStatement)])
    rest = [
        change for kind in (NarrowDeny, RemoveStatement, AddStatement) for change in wanted if isinstance(change, kind)
    ]
    merged = merge_one_by_one(replaced.document, rest, lambda present, change: _apply(present, change, owner))
    if _too_long(merged.document, owner):
        # One grant at a time, to keep as many as there is room for.
        merged = merge_one_by_one(
            replaced.document, rest, lambda present, change: _apply_within(present, change, owner)
        )
        merged = _with_split(merged, owner)
    if reason := _too_long(merged.document, owner) or _refused(merged.document):
        left = tuple(Refusal(change, reason) for change in (*replaced.applied, *merged.applied))
        return Merged(policy, (), (*replaced.refused, *merged.refused, *left))
    return Merged(merged.document, replaced.applied + merged.applied, replaced.refused + merged.refused)


def _with_split(merged: Merged[Policy], owner: Owner) -> Merged[Policy]:
    """*merged* with the same proposed split for all the grants that did not fit."""
    changes = [one.change for one in merged.refused]
    possible = merge_one_by_one(merged.document, changes, lambda present, change: _apply(present, change, owner))
    reason = _too_long(possible.document, owner)
    if not reason:
        # In this order, with what was accepted first, they fit: a wide grant makes narrower ones unnecessary.
        return Merged(possible.document, merged.applied + possible.applied, possible.refused)
    refused = tuple(Refusal(one.change, reason) if one.change in possible.applied else one for one in merged.refused)
    return replace(merged, refused=refused)


def _apply(policy: Policy, change: Change, owner: Owner) -> Policy:
    return _accepted(policy, _changed(policy, change, owner))


def _changed(policy: Policy, change: Change, owner: Owner) -> Policy:
    if isinstance(change, AddStatement):
        return _granting(policy, change, owner)
    if not isinstance(change, RemoveStatement | NarrowDeny):
        raise TypeError(f"{change.kind} is not a change of a single statement")
    present = _numbered(policy, change.statement)
    if isinstance(change, RemoveStatement) or present is None:
        return _with_statement(policy, change.statement, None)
    return _with_statement(policy, change.statement, exempting(present, change.source_account, owner.partition))


def _apply_within(policy: Policy, change: Change, owner: Owner) -> Policy:
    changed = _apply(policy, change, owner)
    if isinstance(change, AddStatement):
        text_of(changed, owner.characters, owner.organization)
    return changed


def _too_long(policy: Policy, owner: Owner) -> str:
    """Why *policy* does not fit, or empty where it does."""
    try:
        text_of(policy, owner.characters, owner.organization)
    except CannotApplyError as reason:
        return str(reason)
    return ""


def _refused(policy: Policy) -> str:
    """Why AWS refuses *policy* although no change made it so, or empty where it accepts it."""
    problems = policy_text.problems(policy)
    if not problems:
        return ""
    return f"AWS would reject the registry policy: {problems[0]}; correct that manually, then audit again"


def _accepted(before: Policy, after: Policy) -> Policy:
    """*after*, unless AWS refuses it for something that *before* does not have."""
    problems = policy_text.problems(after)
    known = {problem.message for problem in policy_text.problems(before)} if problems else set()
    if new := [problem for problem in problems if problem.message not in known]:
        raise CannotApplyError(f"AWS would reject the registry policy: {new[0]}; write the statement manually")
    return after


def _merge_replacements(policy: Policy, changes: Sequence[ReplaceStatement]) -> Merged[Policy]:
    applied: list[ReplaceStatement] = []
    refused: list[Refusal] = []
    changed = policy
    for number in dict.fromkeys(change.statement for change in changes):
        accepted: list[ReplaceStatement] = []
        for change in (change for change in changes if change.statement == number):
            try:
                replacements = [one.replacement for one in (*accepted, change)]
                merged = merged_replacement(_numbered(policy, number) or {}, replacements)
                after = _accepted(changed, _with_statement(changed, number, merged))
            except CannotApplyError as reason:
                refused.append(Refusal(change, str(reason)))
            else:
                accepted.append(change)
                changed = after
        applied += accepted
    return Merged(changed, tuple(applied), tuple(refused))


def _numbered(policy: Policy, number: int) -> Statement | None:
    if number > len(policy.statements):
        raise CannotApplyError(
            f"there is no statement {number}; the registry policy has {len(policy.statements)} statements"
        )
    return policy.statements[number - 1]


def _with_statement(policy: Policy, number: int, statement: Statement | None) -> Policy:
    statements = (*policy.statements[: number - 1], statement, *policy.statements[number:])
    return replace(policy, statements=statements)


def _granting(policy: Policy, change: AddStatement, owner: Owner) -> Policy:
    """*policy* with what a source account needs, inside a statement of that account where possible."""
    new = _grant(change, owner)
    possible = [
        (number, joined)
        for number, statement in enumerate(policy.statements, start=1)
        if statement is not None
        and change.source_account in str(statement.get("Principal"))
        and (joined := _joined(statement, new)) is not None
    ]
    if any(joined == policy.statements[number - 1] for number, joined in possible):
        return policy
    if possible:
        return _with_statement(policy, *possible[0])
    taken = {statement.get("Sid") for statement in policy.present}
    name = f"AllowReplicationFrom{change.source_account}"
    free = next(sid for sid in (name, *(f"{name}n{count}" for count in range(2, len(taken) + 3))) if sid not in taken)
    return replace(policy, statements=(*policy.statements, {"Sid": free, **new}))


def _grant(change: AddStatement, owner: Owner) -> dict[str, Any]:
    source = change.source_account
    if not re.fullmatch(r"[0-9]{12}", source):
        raise CannotApplyError(f"{source!r} is not a valid account id")
    resources = [owner.repositories(prefix) for prefix in shortest(change.prefixes)]
    grant: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{owner.partition}:iam::{source}:root"},
        "Action": from_list(dict.fromkeys(change.actions)),
        "Resource": from_list(resources),
    }
    if change.organization:
        grant["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": change.organization}}
    return grant


def _joined(statement: Statement, new: Statement) -> Statement | None:
    """*statement* widened by *new* in its resources or in its actions, or None where that would grant more."""
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if statement.get("Effect") != "Allow" or not {"Action", "Resource"} <= set(statement) <= known:
        return None
    if accounts_granted(statement) != accounts_granted(new) or statement.get("Condition") != new.get("Condition"):
        return None
    actions, resources = set(as_list(statement["Action"])), set(as_list(statement["Resource"]))
    more_actions = [one for one in as_list(new["Action"]) if one not in actions]
    more_resources = [one for one in as_list(new["Resource"]) if not _named(one, resources)]
    if more_actions and more_resources:
        return None
    if more_resources and actions != set(as_list(new["Action"])):
        return None
    if more_actions and resources != set(as_list(new["Resource"])):
        return None
    if not more_actions and not more_resources:
        return statement
    merged = {
        **statement,
        "Action": from_list((*as_list(statement["Action"]), *more_actions)),
        "Resource": from_list((*as_list(statement["Resource"]), *more_resources)),
    }
    return ordered(merged)


def _named(resource: str, resources: Collection[str]) -> bool:
    """Whether one of *resources* is *resource*, or a shorter prefix of it."""
    starts = (other[:-1] for other in resources if other.endswith("*") and not set("*?") & set(other[:-1]))
    return resource in resources or any(resource.startswith(start) for start in starts)
