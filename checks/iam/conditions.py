"""The Condition element, three-valued."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.iam.condition_keys import (
    ABSENT,
    MULTIVALUED,
    NEVER_SENT,
    TIME,
    Context,
    Request,
    Value,
    carried,
    certain,
    moment_text,
    remark,
)
from checks.iam.malformed import unrendered
from checks.iam.operators import OPERATORS, Operator, compared_with_any, number, seconds_of
from checks.iam.patterns import compile_glob, resolved
from checks.iam.three_valued import Truth, agreed, every, inverted, some

_NAME = re.compile(r"(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?")
_ESCAPE = re.compile(r"\$\{([*?$])\}")
_WITH_VARIABLES = ("String", "Arn")
"""Operators whose values may contain policy variables (IAM user guide, reference_policies_variables.html)."""


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
    """Why it could not be read; its result is then unknown."""

    def holds(self, context: Context) -> Truth:
        """Whether it is true of this request: of all requests that are possible, or else unknown."""
        if self.problem:
            return None
        key = self.key.lower()
        requests = carried(key, context)
        if requests is None or (key in TIME and not self._reads_time(key)):
            return None
        if len(requests) == 1:
            return self._of(requests[0], key, context)
        return agreed([self._of(given, key, context) for given in requests])

    def _reads_time(self, key: str) -> bool:
        """Whether AWS documents the operator for the time of the request."""
        return self.base == "Null" or self.base.startswith("Date") or (
            key == "aws:epochtime" and self.base.startswith("Numeric"))  # fmt: skip

    def _of(self, given: Request, key: str, context: Context) -> Truth:
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

    def _single(self, comparison: Operator, given: Value, context: Context) -> Truth:
        hit = some(self._compared(comparison, value, given, context) for value in self.values)
        return inverted(hit) if comparison.negated else hit

    def _compared(self, comparison: Operator, value: str, given: Value, context: Context) -> Truth:
        if not self.variables or "${" not in value:
            return self._literal(comparison, value, given)
        if not self.base.startswith(_WITH_VARIABLES):
            return None
        known = resolved(value, context)
        if known is None:
            return False
        glob = compile_glob(known, variables=True)
        if glob.variable:
            return None
        if not comparison.globs:
            return self._literal(comparison, _ESCAPE.sub(r"\1", known), given)
        if "${" not in known:
            return self._literal(comparison, known, given)
        # `${*}` is a literal `*`: only a comparison of whole texts distinguishes it from a wildcard.
        return glob.matches(given) if self.base.startswith("String") and isinstance(given, str) else None

    def _literal(self, comparison: Operator, value: str, given: Value) -> Truth:
        if isinstance(given, str):
            return comparison.compare(value, given)
        if not self.base.startswith("String"):
            return None
        return compared_with_any(value, given, globs=comparison.globs, ignore_case=self.base.endswith("IgnoreCase"))

    def _absent(self, comparison: Operator) -> Truth:
        if self.if_exists:
            # Descriptions of ForAnyValue with IfExists contradict each other.
            return None if self.quantifier == "ForAnyValue" else True
        if self.quantifier:
            return self.quantifier == "ForAllValues"
        return comparison.negated

    def explained(self, context: Context) -> tuple[Truth, str]:
        """The result of `holds`, and why, as a clause."""
        result = self.holds(context)
        shown = f"{self.operator} on {self.key}"
        if self.problem:
            return result, self.problem
        window = time_window(self, context)
        if result:
            return result, shown + self._met(context, window)
        if window and result is False:
            return result, f"{shown}: {window.reason}"
        key = self.key.lower()
        given = certain(carried(key, context))
        if self.base == "Null" and (given or (given is None and result is False)):
            return result, f"{shown}: the request has this key, and the policy requires that it is absent"
        if given is None and result is False:
            return result, f"{shown}: {self._never(key, context)}"
        if given is None or (not given and result is False):
            return result, f"{shown}: {self._about(key, given)}"
        if result is None:
            return result, f"{shown}: AWS does not document the result of this comparison"
        return result, f"{shown}: the request has {', '.join(given)}, the policy requires {self._required()}"

    def _met(self, context: Context, window: TimeWindow | None) -> str:
        """How it holds, as the end of a clause."""
        key = self.key.lower()
        if window and window.changes:
            return f" holds until {window.changes}"
        if self.base == "Null" or carried(key, context) != (ABSENT,):
            return " holds"
        absent = "replication does not send this key" if key in NEVER_SENT else "the request does not have this key"
        return f": {absent}, so the comparison is always true"

    def _about(self, key: str, given: tuple[str, ...] | None) -> str:
        if given is None or key in NEVER_SENT:
            return remark(key)
        return "the request does not have this key"

    def _never(self, key: str, context: Context) -> str:
        """Why it fails whatever the unknown value of *key* is, as a clause."""
        outside = context.caller.outside
        ours = outside and any(value.partition("/")[0].lower() == outside for value in self.values)
        if ours and key in ("aws:principalorgid", "aws:principalorgpaths"):
            return f"account {context.caller.account or 'of the source'} does not belong to {outside}"
        return f"nothing that replication can send under this key meets it; the policy requires {self._required()}"

    def _required(self) -> str:
        shown = ", ".join(value[:120] for value in self.values[:3])
        more = f" or {len(self.values) - 3} others" if len(self.values) > 3 else ""
        marker = next((found for value in self.values if (found := unrendered(value))), "")
        template = f" (`{marker}` is an unrendered template)" if marker else ""
        return f"{'none of ' if OPERATORS[self.base].negated else ''}{shown}{more}{template}"


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """What a condition on the time of the request means at one time."""

    changes: str
    """When it stops to hold, ISO 8601; empty: it does not, or it does not hold."""
    reason: str
    """Why it does not hold, as a clause; empty: it holds."""


def time_window(condition: Condition, context: Context) -> TimeWindow | None:
    """The time window of *condition*; None where it is not about the time, or cannot be evaluated."""
    if condition.key.lower() not in TIME or context.time is None or condition.base == "Null":
        return None
    result = condition.holds(context)
    read = number if condition.base.startswith("Numeric") else seconds_of
    bounds = sorted(float(bound) for value in condition.values if (bound := read(value)) is not None)
    if result is None or not bounds:
        return None
    first, last, now = moment_text(bounds[0]), moment_text(bounds[-1]), moment_text(context.time)
    upper = "LessThan" in condition.base
    if result:
        return TimeWindow(last if upper else "", "")
    if upper:
        return TimeWindow("", f"this ended at {last}, and the time of the audit is {now}")
    if "GreaterThan" in condition.base:
        return TimeWindow("", f"this begins at {first}, and the time of the audit is {now}")
    return TimeWindow("", f"the time of the audit is {now}")


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
