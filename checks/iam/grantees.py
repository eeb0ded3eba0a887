"""Which principals a statement applies to: named accounts, everyone, or everyone within the limits of a condition."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from checks.iam.condition_keys import NETWORK, Context
from checks.iam.conditions import Condition, holds
from checks.iam.operators import OPERATORS
from checks.iam.parse import Statement
from checks.iam.principals import REPLICATING, Kind
from checks.iam.request import REPLICATE, Caller
from checks.iam.three_valued import Truth

EVERYONE = "*"
"""Stands for everyone among the outside accounts."""

_POSITIVE = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
_WHOLE = ("StringEquals", "StringEqualsIgnoreCase")
"""Operators whose values are no patterns: one that has not the form of an id matches no principal."""

_ORGANIZATION = re.compile(r"o-[a-z0-9]{1,32}", re.ASCII)
_PATH = re.compile(r"(o-[a-z0-9]{1,32})/.*", re.ASCII | re.DOTALL)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):.*", re.ASCII | re.DOTALL)
_BOUNDS = {
    "aws:principalorgid": _ORGANIZATION,
    "aws:principalorgpaths": _PATH,
    "aws:principalaccount": _ACCOUNT,
    "aws:principalarn": _ARN,
}


_EVERY_PRINCIPAL = Caller(None, "aws", None, None, unnamed=True)
"""Stands for every principal of IAM: what is certain about it is certain about all of them."""


@dataclass(frozen=True, slots=True)
class Grantees:
    """The principals of one statement."""

    accounts: frozenset[str]
    """Accounts that it names, or to which a condition limits `*`."""
    organizations: frozenset[str]
    """Organizations to which a condition limits `*`."""
    everyone: bool
    """Whether it applies to everyone, with no condition that names accounts or organizations."""
    bounded: Truth
    """Whether it does not apply to everyone; None where a condition on the network or a variable may limit it."""
    readable: bool
    """False: it has a principal that could not be parsed."""

    def beyond(self, account: str) -> Truth:
        """Whether it applies to a principal outside *account*."""
        if self.everyone or self.organizations or self.accounts - {account}:
            return True
        return False if self.readable else None

    def outside(
        self, account: str, organization: Collection[str] | None, organization_id: str | None
    ) -> tuple[tuple[str, ...], Truth]:
        """(principals outside the organization, whether there is none). *organization*: its accounts; None: not known.

        Everyone is `*`, another organization is its id.
        """
        found = [EVERYONE] if self.everyone and self.bounded is False else []
        open_question = not self.readable or self.bounded is None
        for one in sorted(self.organizations):
            if organization_id is None:
                open_question = True
            elif one != organization_id:
                found.append(one)
        for one in sorted(self.accounts - {account}):
            if organization is None:
                open_question = True
            elif one not in organization:
                found.append(one)
        if found:
            return tuple(found), False
        return (), None if open_question else True


NO_GRANTEES = Grantees(frozenset(), frozenset(), everyone=False, bounded=True, readable=True)


def grantees_of(statement: Statement, time: float | None = None) -> Grantees:
    """The principals of *statement* that can meet its conditions at *time*, whatever its effect.

    Services, federated and deleted principals are not accounts. *time*: epoch seconds; None: not known.
    """
    if statement.conditions and holds(statement.conditions, Context(_EVERY_PRINCIPAL, REPLICATE, time=time)) is False:
        # No principal of IAM meets them: `aws:SourceAccount` of a direct call, a window that has ended.
        return NO_GRANTEES
    return named_grantees(statement)


def named_grantees(statement: Statement) -> Grantees:
    """The principals that *statement* names, and for `*` those to which its conditions limit it."""
    principals = statement.principals
    readable = principals.readable and not any(one.kind is Kind.UNRECOGNIZED for one in principals.entries)
    named = frozenset() if principals.negated else _accounts(statement)
    if not principals.everyone:
        return Grantees(named, frozenset(), everyone=False, bounded=True if readable else None, readable=readable)
    present = frozenset(one.key.lower() for one in statement.conditions if _demands_presence(one))
    bounds = [bound for one in statement.conditions if (bound := _bound(one, present)) is not None]
    if bounds:
        # All conditions must hold, so the narrowest known limit is enough; accounts are narrower.
        by_account = [names for kind, names in bounds if kind == "accounts"]
        by_organization = [names for kind, names in bounds if kind != "accounts"]
        accounts = frozenset.intersection(*by_account) if by_account else frozenset()
        organizations = frozenset() if by_account else frozenset.intersection(*by_organization)
        return Grantees(accounts, organizations, everyone=False, bounded=True, readable=readable)
    doubtful = any(one.problem or _may_limit(one, present) for one in statement.conditions)
    return Grantees(named, frozenset(), everyone=True, bounded=None if doubtful else False, readable=readable)


def _accounts(statement: Statement) -> frozenset[str]:
    entries = statement.principals.entries
    return frozenset(one.account for one in entries if one.account and one.kind is not Kind.MALFORMED)


def replicating_accounts(statement: Statement, owner: str) -> tuple[frozenset[str], Truth]:
    """(accounts other than *owner* that it allows replication, whether it allows no other principal).

    Roles and users are left out: replication never acts as one. False: it also allows everyone, or an organization.
    """
    whom, principals = named_grantees(statement), statement.principals
    if whom.everyone or whom.organizations:
        return frozenset(), False
    named = frozenset(one.account for one in principals.entries if one.kind in REPLICATING)
    return (whom.accounts if principals.everyone else named) - {owner}, True if whom.readable else None


def _demands_presence(condition: Condition) -> bool:
    """Whether *condition* holds only where its key is present: `Null` with `false`."""
    return not condition.problem and condition.base == "Null" and {one.lower() for one in condition.values} == {"false"}


def _bound(condition: Condition, present: Collection[str]) -> tuple[str, frozenset[str]] | None:
    """(`accounts` or `organizations`, those outside of which *condition* cannot hold); None: it sets no such limit.

    *present*: keys that another condition demands.
    """
    pattern = _BOUNDS.get(condition.key.lower())
    if pattern is None or not _requires(condition, present) or _has_variable(condition):
        return None
    folded = condition.base == "StringEqualsIgnoreCase"
    values = [value.lower() if folded and pattern is not _ARN else value for value in condition.values]
    found = [pattern.fullmatch(value) for value in values]
    if None in found and not (condition.base in _WHOLE and pattern is not _ARN):
        # A pattern that is no literal may match accounts and organizations that it does not name.
        return None
    names = frozenset(match.group(1) if pattern.groups else match.group() for match in found if match is not None)
    return ("organizations" if pattern in (_ORGANIZATION, _PATH) else "accounts"), names


def _requires(condition: Condition, present: Collection[str]) -> bool:
    """Whether it holds only where its key is present and has one of its values."""
    if condition.problem or condition.base not in _POSITIVE:
        return False
    # IfExists and ForAllValues hold for principals that belong to no organization.
    without = condition.if_exists or condition.quantifier == "ForAllValues"
    return not without or condition.key.lower() in present


def _has_variable(condition: Condition) -> bool:
    return condition.variables and any("${" in value for value in condition.values)


def _may_limit(condition: Condition, present: Collection[str]) -> bool:
    """Whether *condition* may hold for some principals only, where it cannot be known which: networks, variables."""
    key = condition.key.lower()
    if _requires(condition, present) and _has_variable(condition):
        # `aws:ResourceOrgID` must be `${aws:PrincipalOrgID}`: the variable is the principal's, whatever the key is.
        return True
    if key in _BOUNDS or key not in NETWORK or condition.if_exists or condition.quantifier == "ForAllValues":
        return False
    if condition.base == "Null":
        return "false" in {value.lower() for value in condition.values}
    everywhere = {"0.0.0.0/0", "::/0"}.intersection(condition.values)
    return not OPERATORS[condition.base].negated and not everywhere
