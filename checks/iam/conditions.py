"""The Condition element, three-valued: all operators and all keys must hold; of a key's values, one is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.iam.keys import MULTIVALUED, Context, carried, remark
from checks.iam.match import compile_glob
from checks.iam.operators import OPERATORS, Operator
from checks.iam.ternary import Truth, every, inverted, some
from checks.iam.variables import resolved

_NAME = re.compile(r"(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?")
_ESCAPE = re.compile(r"\$\{([*?$])\}")
_WITH_VARIABLES = ("String", "Arn")
"""Operators whose values may hold policy variables (IAM user guide, reference_policies_variables.html)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with one key."""

    operator: str
    """As written, with quantifier and IfExists."""
    key: str
    """As written; keys ignore case."""
    values: tuple[str, ...]
    """The policy's values as text."""
    quantifier: str = ""
    """`ForAnyValue`, `ForAllValues` or empty."""
    base: str = ""
    """The operator without quantifier and IfExists; empty where it is not known."""
    if_exists: bool = False
    variables: bool = False
    """Whether `${…}` in a value is a policy variable."""
    problem: str = ""
    """Why it could not be read; it is then undecided."""

    def holds(self, context: Context) -> Truth:
        """Whether it is true of this request."""
        if self.problem:
            return None
        key = self.key.lower()
        given = carried(key, context)
        if given is None:
            return None
        if self.base == "Null":
            return some((value.lower() == "true") is (not given) for value in self.values)
        comparison = OPERATORS[self.base]
        if not given:
            return self._absent(comparison)
        if not self.quantifier:
            # AWS documents no plain comparison with a key that holds a set.
            return None if key in MULTIVALUED else self._single(comparison, given[0], context)
        singles = (self._single(comparison, one, context) for one in given)
        return some(singles) if self.quantifier == "ForAnyValue" else every(singles)

    def _single(self, comparison: Operator, given: str, context: Context) -> Truth:
        hit = some(self._compared(comparison, value, given, context) for value in self.values)
        return inverted(hit) if comparison.negated else hit

    def _compared(self, comparison: Operator, value: str, given: str, context: Context) -> Truth:
        if not self.variables or "${" not in value:
            return comparison.compare(value, given)
        if not self.base.startswith(_WITH_VARIABLES):
            return None
        known = resolved(value, context)
        if known is None:
            return False
        glob = compile_glob(known, variables=True)
        if glob.variable:
            return None
        if not comparison.globs:
            return comparison.compare(_ESCAPE.sub(r"\1", known), given)
        if "${" not in known:
            return comparison.compare(known, given)
        # `${*}` is a plain star: only a comparison of whole texts can tell it from a wildcard.
        return glob.matches(given) if self.base.startswith("String") else None

    def _absent(self, comparison: Operator) -> Truth:
        if self.if_exists:
            # Descriptions of ForAnyValue with IfExists contradict each other.
            return None if self.quantifier == "ForAnyValue" else True
        if self.quantifier:
            return self.quantifier == "ForAllValues"
        return comparison.negated

    def explained(self, context: Context) -> tuple[Truth, str]:
        """What `holds` says, and a clause that says why."""
        result = self.holds(context)
        shown = f"{self.operator} on {self.key}"
        if self.problem:
            return result, self.problem
        if result:
            return result, f"{shown} holds"
        key = self.key.lower()
        given = carried(key, context)
        if self.base == "Null" and given:
            return result, f"{shown}: the request has this key, and the policy asks that it has not"
        if given is None or (not given and result is False):
            return result, f"{shown}: {self._about(key, given)}"
        if result is None:
            return result, f"{shown}: AWS does not document how this comparison comes out"
        return result, f"{shown}: the request has {', '.join(given)}, the policy asks for {self._asked()}"

    def _about(self, key: str, given: tuple[str, ...] | None) -> str:
        if given is None or key in ("aws:sourceaccount", "aws:sourcearn"):
            return remark(key)
        return "the request does not have this key"

    def _asked(self) -> str:
        shown = ", ".join(value[:120] for value in self.values[:3])
        more = f" or {len(self.values) - 3} others" if len(self.values) > 3 else ""
        return f"{'none of ' if OPERATORS[self.base].negated else ''}{shown}{more}"


def read_conditions(element: object, *, variables: bool) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
    """A Condition element as (conditions, problems). An unreadable part is a condition with a problem. Never raises."""
    if not isinstance(element, dict):
        unreadable = Condition("", "", (), problem="Condition is not an object")
        return (unreadable,), (unreadable.problem,)
    found = tuple(one for name, block in element.items() for one in _block(str(name), block, variables=variables))
    return found, tuple(one.problem for one in found if one.problem)


def holds(conditions: tuple[Condition, ...], context: Context) -> Truth:
    """Whether all of them are true of this request."""
    return every(one.holds(context) for one in conditions)


def _block(name: str, block: object, *, variables: bool) -> Iterator[Condition]:
    if not isinstance(block, dict):
        yield Condition(name, "", (), problem=f"condition {name[:60]} is not an object")
        return
    for key, value in block.items():
        yield _condition(name, str(key), value, variables=variables)


def _condition(name: str, key: str, value: object, *, variables: bool) -> Condition:
    shown = f"condition {name[:60]} on {key[:120]}"
    listed = value if isinstance(value, list) else [value]
    texts = [_text(one) for one in listed]
    if not texts or None in texts:
        what = "a value that is not text" if texts else "no value"
        return Condition(name, key, (), problem=f"{shown} has {what}")
    values = tuple(text for text in texts if text is not None)
    found = _NAME.fullmatch(name)
    quantifier, base, if_exists = found.groups() if found else ("", "", "")
    if base not in OPERATORS and not (base == "Null" and not quantifier and not if_exists):
        return Condition(name, key, values, problem=f"{shown}: there is no such operator")
    if base == "Null" and any(text.lower() not in ("true", "false") for text in values):
        return Condition(name, key, values, problem=f"{shown} must have the value true or false")
    return Condition(name, key, values, quantifier or "", base, bool(if_exists), variables)


def _text(value: object) -> str | None:
    """A condition value as text; IAM takes text, numbers and booleans."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value if isinstance(value, str) else None
