"""One statement against one replication, element by element, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checks.iam.actions import unknown_action_problem, unknown_actions
from checks.iam.condition_keys import Context
from checks.iam.conditions import time_window
from checks.iam.decision import action_match
from checks.iam.parse import Patterns, Statement
from checks.iam.patterns import resolved, undetermined
from checks.iam.request import CREATE, REPLICATE, V1_ACTIONS, Registry
from checks.iam.resources import names_of, resource_problems
from checks.iam.three_valued import Truth, every, some, word

_SHOWN = 3
"""Entries of a list that are quoted before the rest is only counted."""


@dataclass(frozen=True, slots=True)
class ElementMatch:
    """Whether one part of a statement matches, and why."""

    matched: Truth
    why: str
    """A clause."""

    def as_document(self) -> dict[str, Any]:
        """JSON values: `matched` (yes, no, unknown) and `why`."""
        return {"matched": word(self.matched), "why": self.why}


@dataclass(frozen=True, slots=True)
class StatementMatch:
    """One statement against one replication."""

    number: int
    """Position in the policy, from 1."""
    sid: str
    effect: str
    """`Allow`, `Deny`, or empty where it is neither."""
    name: str
    """`statement 2 (AllowHub)`."""
    replicate: Truth
    """Whether it matches ecr:ReplicateImage."""
    create: Truth
    """Whether it matches ecr:CreateRepository."""
    principal: ElementMatch
    action: ElementMatch
    resource: ElementMatch
    condition: ElementMatch
    conditions: tuple[ElementMatch, ...]
    """Each condition by itself, in the policy's order."""
    until: str
    """When the first of its time conditions stops holding, ISO 8601; empty: no time ends it."""
    mentions: bool
    """Whether its Principal matches the source account, names an identity of it, or names no known account."""

    @property
    def matched(self) -> Truth:
        """Whether it matches one of the two actions."""
        return some((self.replicate, self.create))

    def as_document(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "number": self.number,
            "sid": self.sid,
            "effect": self.effect,
            "matched": word(self.matched),
            "actions": {REPLICATE: word(self.replicate), CREATE: word(self.create)},
            "principal": self.principal.as_document(),
            "action": self.action.as_document(),
            "resource": self.resource.as_document(),
            "condition": self.condition.as_document(),
            "conditions": [one.as_document() for one in self.conditions],
        }

    def parts(self) -> tuple[tuple[str, ElementMatch], ...]:
        """The elements with their names, in reading order."""
        named = (("Principal", self.principal), ("Action", self.action), ("Resource", self.resource))
        return (*named, ("Condition", self.condition))


def match_statement(
    statement: Statement,
    replicate: Context,
    create: Context,
    registry: Registry,
    name: str,
    scope: str | None = None,
    *,
    called: str = "",
) -> StatementMatch:
    """*statement* against replication of the repository *name* into *registry*, in both of its actions.

    *called*: what a clause calls the repository; empty: by its name.
    """
    principal = ElementMatch(*statement.principals.explained(replicate.caller, statement.effect))
    resource = _resource(statement, registry, name, replicate, called or f"`repository/{name}`")
    singles = (_conditions(statement, replicate), _conditions(statement, create))
    conditions = (_together(singles[0]), _together(singles[1]))
    actions = (action_match(statement, REPLICATE), action_match(statement, CREATE))
    certain = True if statement.judgeable else None
    whole = [
        every((certain, principal.matched, action, resource.matched, condition.matched))
        for action, condition in zip(actions, conditions, strict=True)
    ]
    accounts = statement.principals.accounts
    shown = 1 if actions[0] is False and actions[1] is not False else 0
    return StatementMatch(
        statement.number, statement.sid, statement.effect, statement.name, whole[0], whole[1],
        principal, ElementMatch(some(actions), _action_words(statement, actions, scope)), resource,
        conditions[shown], singles[shown], _until(statement, replicate),
        mentions=principal.matched is not False or replicate.caller.account in accounts or not accounts
        or statement.principals.malformed,
    )  # fmt: skip


def _action_words(statement: Statement, actions: tuple[Truth, Truth], scope: str | None) -> str:
    element = statement.actions
    if element.problems:
        return element.problems[0]
    given = [action for action, match in zip((REPLICATE, CREATE), actions, strict=True) if match]
    shown = f"{element.element} {quoted(element.texts)}"
    if len(given) == 2:
        return f"{shown} includes {REPLICATE} and {CREATE}"
    if given:
        other = CREATE if given == [REPLICATE] else REPLICATE
        return f"{shown} includes {given[0]} but not {other}"
    ignored = f"; policy scope V1 evaluates only {', '.join(V1_ACTIONS)}" if scope == "V1" else ""
    unknown = joined_clauses(tuple(map(unknown_action_problem, unknown_actions(element))))
    return f"{shown} includes neither {REPLICATE} nor {CREATE}{ignored}" + (f" ({unknown})" if unknown else "")


def _resource(statement: Statement, registry: Registry, name: str, context: Context, target: str) -> ElementMatch:
    element = statement.resources
    matched = names_of(element, registry, context).include(name)
    if element.problems:
        return ElementMatch(matched, element.problems[0])
    problems = resource_problems(element, registry)
    relevant = problems.unmatchable if matched is False else problems.undetermined
    if matched is not True and relevant:
        return ElementMatch(matched, joined_clauses(relevant))
    verb = {True: "matches", False: "does not match", None: "may match"}[matched]
    return ElementMatch(
        matched, f"{element.element} {quoted(element.texts)} {verb} {target}{_variables(element, context)}"
    )


def _variables(element: Patterns, context: Context) -> str:
    """The values of the policy variables in *element*, as the end of a clause."""
    if not element.variables:
        return ""
    texts = [text for text in element.texts if "${" in text]
    open_ones = dict.fromkeys(one for text in texts for one in undetermined(text, context))
    if open_ones:
        return f": AWS does not document what replication sends as {quoted(tuple(open_ones))}"
    known = tuple(dict.fromkeys(one for text in texts if (one := resolved(text, context)) not in (None, text) and one))
    lacking = any(resolved(text, context) is None for text in texts)
    without = ": replication sends no value for one of its variables, so it matches nothing" if lacking else ""
    return f", which is {quoted(known)} for this account{without}" if known else without


def _conditions(statement: Statement, context: Context) -> tuple[ElementMatch, ...]:
    return tuple(ElementMatch(*one.explained(context)) for one in statement.conditions)


def _until(statement: Statement, context: Context) -> str:
    windows = (time_window(one, context) for one in statement.conditions)
    return min((one.changes for one in windows if one and one.changes), default="")


def _together(conditions: tuple[ElementMatch, ...]) -> ElementMatch:
    """The Condition element: every condition must hold."""
    if not conditions:
        return ElementMatch(True, "there is no condition")
    matched = every(one.matched for one in conditions)
    return ElementMatch(matched, joined_clauses(tuple(one.why for one in conditions if one.matched is matched)))


def quoted(texts: tuple[str, ...]) -> str:
    """The first few texts in backquotes, and how many more there are."""
    return joined_clauses(tuple(f"`{text[:200]}`" for text in texts), ", ")


def joined_clauses(clauses: tuple[str, ...], separator: str = "; ") -> str:
    """The first few clauses, and how many more there are."""
    more = f"{separator}and {len(clauses) - _SHOWN} more" if len(clauses) > _SHOWN else ""
    return separator.join(clauses[:_SHOWN]) + more
