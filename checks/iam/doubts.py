"""What keeps a statement's outcome open for good: conditions and variables of which nobody documents the value."""

from __future__ import annotations

from checks.iam.conditions import Condition
from checks.iam.keys import Context
from checks.iam.parse import Statement
from checks.iam.parts import quoted
from checks.iam.request import Caller
from checks.iam.variables import undecided

_FULLY_KNOWN = Caller("000000000000", "aws", "o-0000000000", "o-0000000000/r-0000/")
"""What stays open for this caller, of whom everything is known, no further reading of evidence can settle."""


def lasting_doubts(statement: Statement, action: str) -> tuple[str, ...]:
    """Conditions and Resource variables of *statement* that nothing can decide for *action*, quoted, each with why."""
    known = Context(_FULLY_KNOWN, action)
    return (*_conditions(statement, known), *_variables(statement, known))


def _conditions(statement: Statement, known: Context) -> tuple[str, ...]:
    return tuple(_told(one, known) for one in statement.conditions if one.holds(known) is None)


def _told(condition: Condition, known: Context) -> str:
    _, why = condition.explained(known)
    shown = f"condition `{condition.operator}` on `{condition.key}` with {quoted(condition.values)}"
    return f"{shown}, because {why.removeprefix(f'{condition.operator} on {condition.key}: ')}"


def _variables(statement: Statement, known: Context) -> tuple[str, ...]:
    element = statement.resources
    return tuple(
        f"{element.element} `{text[:200]}`, because AWS does not document what replication sends as `{variable}`"
        for text in (element.texts if element.variables else ())
        for variable in undecided(text, known)
    )
