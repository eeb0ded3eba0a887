"""One statement by itself, for any source account: the columns of the `grants` table."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from checks.iam.actions import unknown_action_problem, unknown_actions
from checks.iam.conditions import holds
from checks.iam.decision import action_match
from checks.iam.grantees import Grantees, grantees_of, named_grantees
from checks.iam.parse import PolicyProblem, Statement, parse_policy, read_statement
from checks.iam.policy_scope import evaluated_actions, severity_today
from checks.iam.principals import Kind
from checks.iam.request import CREATE, REPLICATE, Registry
from checks.iam.resources import ResourceProblems, resource_problems
from checks.iam.statement_breadth import (
    excess_actions,
    excess_ignored,
    excess_severity,
    grantee_scope,
    outside_accounts,
    outside_severity,
)
from checks.iam.statement_conditions import doubts, unsatisfied_conditions
from checks.iam.statement_match import joined_clauses
from checks.iam.statement_setting import Setting
from checks.iam.three_valued import Truth, every, some
from checks.model import Severity


@dataclass(frozen=True, slots=True)
class StatementEvaluation:
    """One row of the `grants` table without its account and Region; the fields mean what the columns mean there."""

    statement: int | None
    sid: str | None
    effect: str | None
    statement_json: str | None
    concerns_replication: bool | None
    allows_others: bool | None
    unmatchable_resources: int | None
    resource_problem: str | None
    resource_severity: str | None
    unsatisfied_conditions: int | None
    condition_problem: str | None
    replication_principals: int | None
    principal_problem: str | None
    excess_actions: str | None
    excess_actions_severity: str | None
    excess_ignored_by_scope: bool | None
    unknown_actions: str | None
    action_problem: str | None
    outside_accounts: str | None
    outside_accounts_severity: str | None
    excluded_accounts: str | None
    grantee_scope: str | None
    grantee_scope_severity: str | None
    ignored_by_scope: bool | None
    about_replication: bool | None
    undetermined_by: str | None
    problem: str | None


def evaluate_policy(
    policy_text: str | None,
    owner: tuple[str, str, str],
    organization: Collection[str] | None,
    organization_id: str | None,
    partners: Collection[str],
    allowed_actions: Collection[str],
    policy_scope: str | None = "V2",
    time: float | None = None,
) -> tuple[StatementEvaluation, ...]:
    """Every statement of a registry policy; one row with number 0 where it cannot be parsed; none where it is not read.

    Arguments as in `evaluate_statement`.
    """
    if policy_text is None:
        return ()
    policy = parse_policy(policy_text)
    if isinstance(policy, PolicyProblem):
        return (_unjudged(policy),)
    return tuple(
        evaluate_statement(
            one, one.number, owner, organization, organization_id, partners, allowed_actions, policy_scope, time
        )
        for one in policy.statements
    )


def _unjudged(policy: PolicyProblem) -> StatementEvaluation:
    return StatementEvaluation(
        statement=0, sid="", effect=None, statement_json=None, concerns_replication=None, allows_others=None,
        unmatchable_resources=None, resource_problem=None, resource_severity=None, unsatisfied_conditions=None,
        condition_problem=None, replication_principals=None, principal_problem=None, excess_actions=None,
        excess_actions_severity=None, excess_ignored_by_scope=None, unknown_actions=None, action_problem=None,
        outside_accounts=None, outside_accounts_severity=None, excluded_accounts=None, grantee_scope=None,
        grantee_scope_severity=None, ignored_by_scope=None, about_replication=None, undetermined_by=None,
        problem=policy.message,
    )  # fmt: skip


def evaluate_statement(
    statement: Statement | Mapping[str, Any],
    number: int,
    owner: tuple[str, str, str],
    organization: Collection[str] | None,
    organization_id: str | None,
    partners: Collection[str],
    allowed_actions: Collection[str],
    policy_scope: str | None = "V2",
    time: float | None = None,
) -> StatementEvaluation:
    """Evaluate one statement of the registry policy of *owner* (account, Region, partition). Never raises.

    *statement*: as `parse_policy` gives it, or as JSON values. *organization*: accounts that are known members, as keys
    of a mapping with their organization paths where those are known; None: not known. *partners*: accounts outside it
    that are trusted. *allowed_actions*: the actions that other accounts may be allowed. *policy_scope*: of the
    registry; None: not known. *time*: of the audit, in epoch seconds; None: not known.
    """
    read = statement if isinstance(statement, Statement) else read_statement(statement, number)
    setting = Setting(
        Registry(owner[0], owner[1], owner[2]), organization, organization_id, partners,
        tuple(sorted(allowed_actions)), policy_scope, time,
    )  # fmt: skip
    allows: Truth = read.effect == "Allow" if read.effect and read.judgeable else None
    named = named_grantees(read)
    whom = _admitted(read, grantees_of(read, time), setting)
    others = every((allows, whom.beyond(owner[0])))
    # Replication within the account needs no grant: a statement for the account alone is about something else.
    about = every((some((action_match(read, REPLICATE), action_match(read, CREATE))), _beyond(read, named, owner)))
    concerns = every((allows, about))
    problems = resource_problems(read.resources, setting.registry)
    unsatisfied, condition_problem = unsatisfied_conditions(read, named, setting)
    usable, principal_problem = _principals(read, owner[2])
    excess = excess_actions(read, others, setting)
    outside, internal = outside_accounts(others, whom, setting)
    undetermined = doubts(read, named, setting)
    ignored = evaluated_actions(read, policy_scope) == ()
    scope = grantee_scope(whom, allows)
    return StatementEvaluation(
        statement=number,
        sid=read.sid,
        effect=read.effect or None,
        statement_json=read.json,
        concerns_replication=concerns,
        allows_others=others,
        unmatchable_resources=None if read.resources.problems else _unmatchable(problems),
        resource_problem="; ".join(problems.both),
        resource_severity=severity_today(Severity.HIGH, ignored=ignored).value,
        unsatisfied_conditions=unsatisfied,
        condition_problem=condition_problem,
        replication_principals=usable,
        principal_problem=principal_problem,
        excess_actions=None if excess is None else _array(excess),
        excess_actions_severity=excess_severity(read, excess, whom, setting),
        excess_ignored_by_scope=excess_ignored(read, setting),
        unknown_actions=None if read.actions.problems else _array(unknown_actions(read.actions)),
        action_problem="; ".join((*read.actions.problems, *map(unknown_action_problem, unknown_actions(read.actions)))),
        outside_accounts=None if internal is None else _array(outside),
        outside_accounts_severity=outside_severity(outside, internal, partners, ignored=ignored),
        excluded_accounts=_excluded_accounts(allows, named, whom, setting),
        grantee_scope=scope,
        grantee_scope_severity=severity_today(Severity.CRITICAL, ignored=ignored).value,
        ignored_by_scope=ignored,
        about_replication=about,
        undetermined_by=None if undetermined is None else joined_clauses(undetermined),
        problem="; ".join(read.problems),
    )


def _admitted(statement: Statement, whom: Grantees, setting: Setting) -> Grantees:
    """*whom* without the accounts of which no principal can meet the conditions."""
    if not statement.conditions or not whom.accounts:
        return whom
    kept = frozenset(account for account in whom.accounts if _can_meet(statement, account, setting))
    return whom if kept == whom.accounts else replace(whom, accounts=kept)


def _can_meet(statement: Statement, account: str, setting: Setting) -> bool:
    caller = replace(setting.caller(account), unnamed=True)
    return holds(statement.conditions, setting.context(caller)) is not False


def _excluded_accounts(allows: Truth, named: Grantees, whom: Grantees, setting: Setting) -> str | None:
    """Principals outside the organization that an Allow names, and that its conditions exclude; None: unknown."""
    if allows is False:
        return _array(())
    own, organization = setting.registry.account, setting.organization
    without, _ = named.outside(own, organization, setting.organization_id)
    if organization is None and named.accounts - whom.accounts - {own}:
        return None
    within, _ = whom.outside(own, organization, setting.organization_id)
    return _array(tuple(one for one in without if one not in within))


def _unmatchable(problems: ResourceProblems) -> int | None:
    """Number of entries that cannot match; None: there is none, and of one it is not documented."""
    return None if problems.undetermined and not problems.unmatchable else len(problems.unmatchable)


def _beyond(statement: Statement, named: Grantees, owner: tuple[str, str, str]) -> Truth:
    """Whether some principal is outside the owner's account; services and the like count as outside."""
    principals = statement.principals
    if not principals.readable:
        return None
    if principals.everyone and named.bounded and named.accounts == {owner[0]}:
        return False
    if principals.negated:
        return True
    return any(one.account != owner[0] for one in principals.entries)


def _principals(statement: Statement, partition: str) -> tuple[int | None, str]:
    """(number of principals that replication can match; where there is none, why)."""
    principals = statement.principals
    if not principals.readable:
        return None, "; ".join(principals.problems)
    if principals.negated:
        return 1, ""
    possible = [one for one in principals.entries if one.partition in ("", partition)]
    usable = sum(one.kind in (Kind.EVERYONE, Kind.ACCOUNT, Kind.SERVICE_LINKED_ROLE) for one in possible)
    if usable:
        return usable, ""
    open_question = any(one.kind in (Kind.SERVICE_LINKED_SESSION, Kind.UNRECOGNIZED) for one in possible)
    reasons = [one.elsewhere(partition) or one.impossible
               or "AWS does not document the session's name of the service-linked role"
               for one in principals.entries]  # fmt: skip
    return None if open_question else 0, joined_clauses(tuple(reasons))


def _array(values: tuple[str, ...]) -> str:
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
