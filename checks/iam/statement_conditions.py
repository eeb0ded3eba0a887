"""The conditions of one statement: which of them no replication meets, and what leaves its effect undetermined."""

from __future__ import annotations

from checks.iam.condition_keys import Context, carried, certain, remark
from checks.iam.conditions import Condition, holds
from checks.iam.coverage import open_for_some
from checks.iam.decision import action_match
from checks.iam.grantees import Grantees
from checks.iam.parse import Statement
from checks.iam.patterns import undetermined
from checks.iam.request import CREATE, REPLICATE, Caller, Registry
from checks.iam.resources import names_of, resource_problems
from checks.iam.statement_match import joined_clauses, quoted
from checks.iam.statement_setting import Setting, callers
from checks.iam.three_valued import Truth, some

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


def unsatisfied_conditions(statement: Statement, named: Grantees, setting: Setting) -> tuple[int | None, str]:
    """(number of conditions that the first caller does not meet, 0 where some caller meets all; the reasons)."""
    if not statement.conditions:
        return 0, ""
    action = _action(statement)
    found: dict[Truth, Context] = {}
    for caller in callers(statement, named, setting):
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


def doubts(statement: Statement, named: Grantees, setting: Setting) -> tuple[str, ...] | None:
    """What its effect on replication depends on and AWS does not document; None: evidence is missing."""
    if not statement.judgeable or statement.resources.problems or any(one.problem for one in statement.conditions):
        return None
    action = _action(statement)
    known = [caller for caller in callers(statement, named, setting) if caller.account] or [setting.caller(None)]
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
