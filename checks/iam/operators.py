"""The operators of the Condition element: comparisons of a policy's value with that of the request (IAM user guide,
reference_policies_elements_condition_operators.html).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from checks.iam.condition_keys import AnyValue, may_be, may_begin
from checks.iam.patterns import compile_glob
from checks.iam.three_valued import Truth

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


def number(text: str) -> Decimal | None:
    """A decimal number; None: *text* is none."""
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


def seconds_of(text: str) -> float | None:
    """The moment *text* in epoch seconds; None: it is not a date."""
    moment = _moment(text)
    return None if moment is None else moment.timestamp()


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
    **_family("Numeric", number),
    **_family("Date", _moment),
    "Bool": Operator(_boolean),
    "BinaryEquals": Operator(_binary),
    "IpAddress": Operator(_address),
    "NotIpAddress": Operator(_address, negated=True),
}
"""Every operator but `Null`, which asks for the key and not for its value."""


def compared_with_any(policy: str, given: AnyValue, *, globs: bool, ignore_case: bool = False) -> Truth:
    """Whether a text that is not known compares with *policy*, a pattern where *globs*; None: it depends."""
    if not globs or not set("*?").intersection(policy):
        return None if may_be(given, policy, ignore_case=ignore_case) else False
    head = re.split(r"[*?]", policy, maxsplit=1)[0]
    if given.begins.startswith(head) and not policy[len(head) :].strip("*"):
        return True
    return None if may_begin(given, head) else False
