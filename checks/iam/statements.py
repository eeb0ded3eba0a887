"""One statement by itself, for any source account: the columns of the `grants` table, and what leaves a verdict
undetermined.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from checks.iam.actions import is_known, unknown_action_problem, unknown_actions
from checks.iam.condition_keys import Context, carried, certain, remark
from checks.iam.conditions import Condition, holds
from checks.iam.coverage import open_for_some
from checks.iam.decision import action_match
from checks.iam.grantees import EVERYONE, Grantees, grantees_of, named_grantees
from checks.iam.parse import PolicyProblem, Statement, parse_policy, read_statement
from checks.iam.patterns import Glob, compile_glob, undetermined
from checks.iam.policy_scope import evaluated_actions, severity_today
from checks.iam.principals import Kind
from checks.iam.request import CREATE, REPLICATE, Caller, Registry
from checks.iam.resources import ResourceProblems, names_of, resource_problems
from checks.iam.statement_match import joined_clauses, quoted
from checks.iam.three_valued import Truth, every, inverted, some
from checks.model import Severity

_FULLY_KNOWN = Caller("000000000000", "aws", "o-0000000000", "o-0000000000/r-0000/")
"""Everything is known about this caller: what stays unknown for it, no further evidence can determine."""


def undetermined_conditions(statement: Statement, action: str, time: float | None = None) -> tuple[str, ...]:
    """Conditions and Resource variables of *statement* that cannot be evaluated for *action*, quoted, each with why."""
    known = Context(_FULLY_KNOWN, action, time=time)
    return (*_doubts_conditions(statement, known), *_variables(statement, known))


def _doubts_conditions(statement: Statement, known: Context) -> tuple[str, ...]:
    return tuple(_condition_text(one, known) for one in statement.conditions if one.holds(known) is None)


def _condition_text(condition: Condition, known: Context) -> str:
    _, why = condition.explained(known)
    shown = f"condition `{condition.operator}` on `{condition.key}` with {quoted(condition.values)}"
    return f"{shown}, because {why.removeprefix(f'{condition.operator} on {condition.key}: ')}"


def _variables(statement: Statement, known: Context) -> tuple[str, ...]:
    element = statement.resources
    return tuple(
        f"{element.element} `{text[:200]}`, because AWS does not document what replication sends as `{variable}`"
        for text in (element.texts if element.variables else ())
        for variable in undetermined(text, known)
    )


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


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a statement is evaluated against."""

    registry: Registry
    organization: Collection[str] | None
    organization_id: str | None
    partners: Collection[str]
    allowed_actions: tuple[str, ...]
    policy_scope: str | None
    time: float | None

    def caller(self, account: str | None) -> Caller:
        """Replication from *account*; None: from an account that no policy names, outside the organization."""
        partition = self.registry.partition
        if self.organization is None:
            return Caller(account, partition, None, None)
        if account is None or account not in self.organization:
            return Caller(account, partition, None, None, outside=self.organization_id or "")
        path = self.organization[account] if isinstance(self.organization, Mapping) else None
        return Caller(account, partition, self.organization_id, path)

    def context(self, caller: Caller, action: str = REPLICATE) -> Context:
        return Context(caller, action, time=self.time)


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
    setting = _Setting(
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
    unsatisfied, condition_problem = _conditions(read, named, setting)
    usable, principal_problem = _principals(read, owner[2])
    excess = _excess_actions(read, others, setting)
    outside, internal = _outside(others, whom, setting)
    undetermined = _doubts(read, named, setting)
    ignored = evaluated_actions(read, policy_scope) == ()
    grantee_scope = _grantee_scope(whom, allows)
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
        excess_actions_severity=_excess_severity(read, excess, whom, setting),
        excess_ignored_by_scope=_excess_ignored(read, setting),
        unknown_actions=None if read.actions.problems else _array(unknown_actions(read.actions)),
        action_problem="; ".join((*read.actions.problems, *map(unknown_action_problem, unknown_actions(read.actions)))),
        outside_accounts=None if internal is None else _array(outside),
        outside_accounts_severity=_outside_severity(outside, partners, ignored=ignored),
        excluded_accounts=_excluded_accounts(allows, named, whom, setting),
        grantee_scope=grantee_scope,
        grantee_scope_severity=severity_today(Severity.CRITICAL, ignored=ignored).value,
        ignored_by_scope=ignored,
        about_replication=about,
        undetermined_by=None if undetermined is None else joined_clauses(undetermined),
        problem="; ".join(read.problems),
    )


def _admitted(statement: Statement, whom: Grantees, setting: _Setting) -> Grantees:
    """*whom* without the accounts of which no principal can meet the conditions."""
    if not statement.conditions or not whom.accounts:
        return whom
    kept = frozenset(account for account in whom.accounts if _can_meet(statement, account, setting))
    return whom if kept == whom.accounts else replace(whom, accounts=kept)


def _can_meet(statement: Statement, account: str, setting: _Setting) -> bool:
    caller = replace(setting.caller(account), unnamed=True)
    return holds(statement.conditions, setting.context(caller)) is not False


def _excluded_accounts(allows: Truth, named: Grantees, whom: Grantees, setting: _Setting) -> str | None:
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


def _conditions(statement: Statement, named: Grantees, setting: _Setting) -> tuple[int | None, str]:
    """(number of conditions that the first caller does not meet, 0 where some caller meets all; the reasons)."""
    if not statement.conditions:
        return 0, ""
    action = _action(statement)
    found: dict[Truth, Context] = {}
    for caller in _callers(statement, named, setting):
        context = setting.context(caller, action)
        result = holds(statement.conditions, context)
        if result:
            return 0, ""
        found.setdefault(result, context)
    result = some(found)
    context = found[result]
    against = tuple(_against(one, context) for one in statement.conditions if one.holds(context) is result)
    return None if result is None else len(against), joined_clauses(against)


def _action(statement: Statement) -> str:
    return REPLICATE if action_match(statement, REPLICATE) is not False else CREATE


def _against(condition: Condition, context: Context) -> str:
    _, why = condition.explained(context)
    key = condition.key.lower()
    unknown = not condition.problem and condition.holds(context) is None and certain(carried(key, context)) is None
    note = remark(key) if unknown else ""
    return why if not note or note in why else f"{why} ({note})"


def _doubts(statement: Statement, named: Grantees, setting: _Setting) -> tuple[str, ...] | None:
    """What its effect on replication depends on and AWS does not document; None: evidence is missing."""
    if not statement.judgeable or statement.resources.problems or any(one.problem for one in statement.conditions):
        return None
    action = _action(statement)
    known = [caller for caller in _callers(statement, named, setting) if caller.account] or [setting.caller(None)]
    contexts = (setting.context(caller, action) for caller in known)
    results = {holds(statement.conditions, context) for context in contexts}
    if results == {False}:
        return ()
    found = (
        *undetermined_conditions(statement, action, setting.time),
        *_open_resources(statement, action, setting.registry),
    )
    return found or (None if None in results else ())


def _open_resources(statement: Statement, action: str, registry: Registry) -> tuple[str, ...]:
    """Entries of which AWS does not document whether they match, where the result depends on them."""
    problems = resource_problems(statement.resources, registry).undetermined
    if not problems:
        return ()
    names = names_of(statement.resources, registry, Context(_FULLY_KNOWN, action))
    return problems if open_for_some(names) else ()


_BY_ACCOUNT = ("aws:principalaccount", "aws:principalarn")


def _callers(statement: Statement, named: Grantees, setting: _Setting) -> Iterator[Caller]:
    """Replications that the statement may apply to, one of each kind that its conditions distinguish; at least one."""
    own = setting.registry.account
    accounts = sorted(named.accounts - {own})
    yield from (setting.caller(account) for account in accounts)
    members = tuple(_members(statement, setting)) if named.everyone or named.organizations else ()
    yield from members
    # An account that is not known stands for the members of an organization of which none is known.
    for one in sorted(named.organizations - ({setting.organization_id} if members else set())):
        yield Caller(None, setting.registry.partition, one, None)
    if named.everyone or not (accounts or named.organizations):
        yield setting.caller(None)


def _members(statement: Statement, setting: _Setting) -> Iterator[Caller]:
    """Members of the organization: all of them where a condition names accounts, else one for each path."""
    each = any(one.key.lower() in _BY_ACCOUNT for one in statement.conditions)
    seen: set[str | None] = set()
    for account in sorted(setting.organization or ()):
        caller = setting.caller(account)
        if account != setting.registry.account and (each or caller.organization_path not in seen):
            seen.add(caller.organization_path)
            yield caller


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


def _excess_actions(statement: Statement, others: Truth, setting: _Setting) -> tuple[str, ...] | None:
    """Actions that other accounts are allowed beyond the allowed ones; None: not known."""
    if others is False:
        return ()
    element = statement.actions
    if element.problems:
        return None
    if element.negated:
        broad: tuple[str, ...] = tuple(f"NotAction {text}" for text in element.texts)
    else:
        allowed = [compile_glob(one.lower()) for one in setting.allowed_actions]
        pairs = zip(element.texts, element.globs, strict=True)
        # A name or a pattern without an action of ECR allows nothing.
        broad = tuple(text for text, glob in pairs if is_known(glob) and not _within(text.lower(), glob, allowed))
    return None if broad and others is None else broad


def _within(text: str, glob: Glob, allowed: list[Glob]) -> bool:
    """Whether everything that *text* can match is allowed. A pattern must be allowed as it is, or by a wider one."""
    if glob.literal is None:
        # A wider pattern contains a pattern only if it also contains what the wildcards match.
        return any(one == glob or one.everything or _prefix_covers(one, text) for one in allowed)
    return any(one.matches(text) for one in allowed)


def _prefix_covers(allowed: Glob, text: str) -> bool:
    """Whether *allowed* is `literal*` and *text* begins with that literal."""
    first = allowed.pieces[0]
    return len(allowed.pieces) == 2 and not allowed.pieces[1] and isinstance(first, str) and text.startswith(first)


def _outside(others: Truth, whom: Grantees, setting: _Setting) -> tuple[tuple[str, ...], Truth]:
    """(accounts outside the organization that the statement allows something, whether there are none)."""
    if others is False:
        return (), True
    found, internal = whom.outside(setting.registry.account, setting.organization, setting.organization_id)
    return found, None if others is None and internal is False else internal


def _grantee_scope(whom: Grantees, allows: Truth) -> str | None:
    """How far an Allow reaches: `none`, `accounts`, `organizations` or `everyone`; None: not known."""
    if allows is False:
        return "none"
    bounded = some((whom.bounded, inverted(allows)))
    if bounded is None:
        return None
    if not bounded:
        return "everyone"
    if whom.organizations:
        return "organizations"
    return "accounts" if whom.accounts else "none"


def _excess_ignored(statement: Statement, setting: _Setting) -> bool:
    """Whether the registry evaluates none of the actions beyond the allowed ones in its policy scope."""
    evaluated = evaluated_actions(statement, setting.policy_scope)
    if evaluated is None:
        return False
    allowed = [compile_glob(one.lower()) for one in setting.allowed_actions]
    return all(any(glob.matches(action.lower()) for glob in allowed) for action in evaluated)


def _excess_severity(
    statement: Statement, excess: tuple[str, ...] | None, whom: Grantees, setting: _Setting
) -> str | None:
    if excess == ():
        return ""
    _, internal = whom.outside(setting.registry.account, setting.organization, setting.organization_id)
    ignored = _excess_ignored(statement, setting)
    if internal is None and not ignored:
        return None
    return severity_today(Severity.CRITICAL if internal is False else Severity.HIGH, ignored=ignored).value


def _outside_severity(outside: tuple[str, ...], partners: Collection[str], *, ignored: bool) -> str:
    if not outside:
        return ""
    known = all(one in partners for one in outside if one != EVERYONE) and EVERYONE not in outside
    return severity_today(Severity.INFORMATIONAL if known else Severity.CRITICAL, ignored=ignored).value


def _array(values: tuple[str, ...]) -> str:
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
