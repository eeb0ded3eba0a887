"""The Condition element, three-valued, and the comparisons of its operators (IAM user guide,
reference_policies_elements_condition_operators.html).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from checks.iam.condition_keys import ABSENT, MULTIVALUED, NEVER_SENT, Context, carried, remark
from checks.iam.patterns import compile_glob, resolved
from checks.iam.three_valued import Truth, every, inverted, some

Comparison = Callable[[str, str], Truth]
"""(value in the policy, value in the request)"""

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_EPOCH = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator without its quantifier and without IfExists."""

    compare: Comparison
    negated: bool = False
    """`…Not…`: true when no value compares, and true when the key is absent."""
    globs: bool = False
    """Whether `*` and `?` in the policy's value are wildcards."""


def _equals(policy: str, request: str) -> Truth:
    return policy == request


def _equals_ignoring_case(policy: str, request: str) -> Truth:
    return policy.lower() == request.lower()


def _like(policy: str, request: str) -> Truth:
    return compile_glob(policy).matches(request)


def _arn(policy: str, request: str) -> Truth:
    """Each of the six fields by itself, with wildcards; ArnEquals and ArnLike are the same."""
    patterns, fields = policy.split(":", 5), request.split(":", 5)
    if len(patterns) != 6:
        return None
    if len(fields) != 6:
        return False
    return all(compile_glob(pattern).matches(field) for pattern, field in zip(patterns, fields, strict=True))


def _boolean(policy: str, request: str) -> Truth:
    words = ("true", "false")
    left, right = policy.lower(), request.lower()
    return left == right if left in words and right in words else None


def _binary(policy: str, request: str) -> Truth:
    try:
        return base64.b64decode(policy, validate=True) == base64.b64decode(request, validate=True)
    except (binascii.Error, ValueError):
        return None


def _address(policy: str, request: str) -> Truth:
    try:
        return ipaddress.ip_address(request) in ipaddress.ip_network(policy, strict=False)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None


def _moment(text: str) -> dt.datetime | None:
    """ISO 8601, or seconds since the epoch; without an offset it is UTC."""
    try:
        if _EPOCH.fullmatch(text) and len(text) != 8:
            return dt.datetime.fromtimestamp(int(text), dt.UTC)
        moment = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _ordered(read: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> Comparison:
    def compare(policy: str, request: str) -> Truth:
        wanted, given = read(policy), read(request)
        return None if wanted is None or given is None else holds(given, wanted)

    return compare


def _family(prefix: str, read: Callable[[str], Any]) -> dict[str, Operator]:
    return {
        f"{prefix}Equals": Operator(_ordered(read, operator.eq)),
        f"{prefix}NotEquals": Operator(_ordered(read, operator.eq), negated=True),
        f"{prefix}LessThan": Operator(_ordered(read, operator.lt)),
        f"{prefix}LessThanEquals": Operator(_ordered(read, operator.le)),
        f"{prefix}GreaterThan": Operator(_ordered(read, operator.gt)),
        f"{prefix}GreaterThanEquals": Operator(_ordered(read, operator.ge)),
    }


OPERATORS: Mapping[str, Operator] = {
    "StringEquals": Operator(_equals),
    "StringNotEquals": Operator(_equals, negated=True),
    "StringEqualsIgnoreCase": Operator(_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_equals_ignoring_case, negated=True),
    "StringLike": Operator(_like, globs=True),
    "StringNotLike": Operator(_like, negated=True, globs=True),
    "ArnEquals": Operator(_arn, globs=True),
    "ArnNotEquals": Operator(_arn, negated=True, globs=True),
    "ArnLike": Operator(_arn, globs=True),
    "ArnNotLike": Operator(_arn, negated=True, globs=True),
    **_family("Numeric", _number),
    **_family("Date", _moment),
    "Bool": Operator(_boolean),
    "BinaryEquals": Operator(_binary),
    "IpAddress": Operator(_address),
    "NotIpAddress": Operator(_address, negated=True),
}
"""Every operator but `Null`, which asks for the key and not for its value."""


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
        # `${*}` is a literal `*`: only a comparison of whole texts distinguishes it from a wildcard.
        return glob.matches(given) if self.base.startswith("String") else None

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
        if result:
            return result, shown + self._met(context)
        key = self.key.lower()
        given = carried(key, context)
        if self.base == "Null" and given:
            return result, f"{shown}: the request has this key, and the policy requires that it is absent"
        if given is None or (not given and result is False):
            return result, f"{shown}: {self._about(key, given)}"
        if result is None:
            return result, f"{shown}: AWS does not document the result of this comparison"
        return result, f"{shown}: the request has {', '.join(given)}, the policy requires {self._required()}"

    def _met(self, context: Context) -> str:
        """How it holds, as the end of a clause."""
        key = self.key.lower()
        if self.base == "Null" or carried(key, context) != ABSENT:
            return " holds"
        absent = "replication does not send this key" if key in NEVER_SENT else "the request does not have this key"
        return f": {absent}, so the comparison is always true"

    def _about(self, key: str, given: tuple[str, ...] | None) -> str:
        if given is None or key in ("aws:sourceaccount", "aws:sourcearn"):
            return remark(key)
        return "the request does not have this key"

    def _required(self) -> str:
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
