"""Edits of a registry policy, as a function of the text that the audit saw.

Statement numbers always refer to the text as seen, whatever other edits do to it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.changes import AddStatement, Change, NarrowDeny, RemoveStatement, ReplaceStatement
from checks.remedies.edits import distinct
from checks.remedies.outcome import CannotApplyError, Merged, Refusal, merge_one_by_one
from checks.remedies.policy_text import Policy, text_of
from checks.remedies.rules import shortest
from checks.remedies.statements import (
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
    """Longest registry policy that AWS takes."""
    organization: str = ""
    """Id of the organization (`o-…`), or empty."""

    def repositories(self, prefix: str) -> str:
        """ARN of every repository whose name begins with *prefix*, as a replication filter means it."""
        if not _NAMES.fullmatch(prefix):
            raise CannotApplyError(f"no repository name begins with {prefix!r}")
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{prefix}*"


def merge(policy: Policy, edits: Iterable[Change], owner: Owner) -> Merged[Policy]:
    """*policy* with every edit that makes sense and keeps it within AWS's length; the others refused with reasons."""
    wanted = distinct(edits)
    replaced = _merge_replacements(policy, [edit for edit in wanted if isinstance(edit, ReplaceStatement)])
    rest = [edit for kind in (NarrowDeny, RemoveStatement, AddStatement) for edit in wanted if isinstance(edit, kind)]
    merged = merge_one_by_one(replaced.document, rest, lambda present, edit: _apply(present, edit, owner))
    if _too_long(merged.document, owner):
        # One grant at a time, to keep as many as there is room for.
        merged = merge_one_by_one(replaced.document, rest, lambda present, edit: _apply_within(present, edit, owner))
        merged = replace(merged, refused=_with_split(merged, owner))
    if reason := _too_long(merged.document, owner):
        left = tuple(Refusal(edit, reason) for edit in (*replaced.applied, *merged.applied))
        return Merged(policy, (), (*replaced.refused, *merged.refused, *left))
    return Merged(merged.document, replaced.applied + merged.applied, replaced.refused + merged.refused)


def _with_split(merged: Merged[Policy], owner: Owner) -> tuple[Refusal, ...]:
    """Refusals, with one and the same split for all the grants that there was no room for."""
    edits = [one.edit for one in merged.refused]
    possible = merge_one_by_one(merged.document, edits, lambda present, edit: _apply(present, edit, owner))
    reason = _too_long(possible.document, owner)
    return tuple(Refusal(one.edit, reason) if one.edit in possible.applied else one for one in merged.refused)


def _apply(policy: Policy, edit: Change, owner: Owner) -> Policy:
    if isinstance(edit, AddStatement):
        return _granting(policy, edit, owner)
    if not isinstance(edit, RemoveStatement | NarrowDeny):
        raise TypeError(f"{edit.kind} is no change of one statement after another")
    present = _numbered(policy, edit.statement)
    if isinstance(edit, RemoveStatement) or present is None:
        return _with_statement(policy, edit.statement, None)
    return _with_statement(policy, edit.statement, exempting(present, edit.source_account, owner.partition))


def _apply_within(policy: Policy, edit: Change, owner: Owner) -> Policy:
    changed = _apply(policy, edit, owner)
    if isinstance(edit, AddStatement):
        text_of(changed, owner.characters, owner.organization)
    return changed


def _too_long(policy: Policy, owner: Owner) -> str:
    """Why *policy* does not fit, or empty where it does."""
    try:
        text_of(policy, owner.characters, owner.organization)
    except CannotApplyError as reason:
        return str(reason)
    return ""


def _merge_replacements(policy: Policy, edits: Sequence[ReplaceStatement]) -> Merged[Policy]:
    applied: list[ReplaceStatement] = []
    refused: list[Refusal] = []
    changed = policy
    for number in dict.fromkeys(edit.statement for edit in edits):
        accepted: list[ReplaceStatement] = []
        for edit in (edit for edit in edits if edit.statement == number):
            try:
                replacements = [one.replacement for one in (*accepted, edit)]
                merged = merged_replacement(_numbered(policy, number) or {}, replacements)
            except CannotApplyError as reason:
                refused.append(Refusal(edit, str(reason)))
            else:
                accepted.append(edit)
                changed = _with_statement(changed, number, merged)
        applied += accepted
    return Merged(changed, tuple(applied), tuple(refused))


def _numbered(policy: Policy, number: int) -> Statement | None:
    if number > len(policy.statements):
        raise CannotApplyError(f"there is no statement {number}; the registry policy has {len(policy.statements)}")
    return policy.statements[number - 1]


def _with_statement(policy: Policy, number: int, statement: Statement | None) -> Policy:
    statements = (*policy.statements[: number - 1], statement, *policy.statements[number:])
    return replace(policy, statements=statements)


def _granting(policy: Policy, edit: AddStatement, owner: Owner) -> Policy:
    """*policy* with what a source account needs, inside a statement of that account where one can take it."""
    new = _grant(edit, owner)
    possible = [
        (number, joined)
        for number, statement in enumerate(policy.statements, start=1)
        if statement is not None
        and edit.source_account in str(statement.get("Principal"))
        and (joined := _joined(statement, new)) is not None
    ]
    if any(joined == policy.statements[number - 1] for number, joined in possible):
        return policy
    if possible:
        return _with_statement(policy, *possible[0])
    taken = {statement.get("Sid") for statement in policy.present}
    name = f"AllowReplicationFrom{edit.source_account}"
    free = next(sid for sid in (name, *(f"{name}n{count}" for count in range(2, len(taken) + 3))) if sid not in taken)
    return replace(policy, statements=(*policy.statements, {"Sid": free, **new}))


def _grant(edit: AddStatement, owner: Owner) -> dict[str, Any]:
    source = edit.source_account
    if not re.fullmatch(r"[0-9]{12}", source):
        raise CannotApplyError(f"{source!r} is no account id")
    resources = [owner.repositories(prefix) for prefix in shortest(edit.prefixes)]
    grant: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{owner.partition}:iam::{source}:root"},
        "Action": from_list(dict.fromkeys(edit.actions)),
        "Resource": from_list(resources),
    }
    if edit.organization:
        grant["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": edit.organization}}
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
    """Whether one of *resources* is *resource*, or all that begins with less of it."""
    starts = (other[:-1] for other in resources if other.endswith("*") and not set("*?") & set(other[:-1]))
    return resource in resources or any(resource.startswith(start) for start in starts)
