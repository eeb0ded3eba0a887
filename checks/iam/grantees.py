"""Which principals a statement applies to: named accounts, everyone, or everyone within the limits of a condition."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from checks.iam.condition_keys import NETWORK, NEVER_SENT
from checks.iam.conditions import Condition
from checks.iam.parse import Statement
from checks.iam.principals import REPLICATING, Kind
from checks.iam.three_valued import Truth

EVERYONE = "*"
"""Stands for everyone among the outside accounts."""

_POSITIVE = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)
_PATH = re.compile(r"(o-[a-z0-9]{10,32})/.*", re.ASCII | re.DOTALL)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):.*", re.ASCII | re.DOTALL)
_BOUNDS = {
    "aws:principalorgid": _ORGANIZATION,
    "aws:principalorgpaths": _PATH,
    "aws:principalaccount": _ACCOUNT,
    "aws:principalarn": _ARN,
}


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
    """Whether it does not apply to everyone; None where a network or source condition may limit it."""
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
        found = [EVERYONE] if self.everyone else []
        open_question = not self.readable
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


def grantees_of(statement: Statement) -> Grantees:
    """The principals of *statement*, whatever its effect. Services, federated and deleted principals are not
    accounts.
    """
    principals = statement.principals
    readable = principals.readable and not any(one.kind is Kind.UNRECOGNIZED for one in principals.entries)
    named = frozenset() if principals.negated else principals.accounts
    if not principals.everyone:
        return Grantees(named, frozenset(), everyone=False, bounded=True if readable else None, readable=readable)
    bounds = [bound for one in statement.conditions if (bound := _bound(one)) is not None]
    if bounds:
        # All conditions must hold, so the narrowest known limit is enough; accounts are narrower.
        by_account = [accounts for accounts, _ in bounds if accounts]
        accounts = frozenset.intersection(*by_account) if by_account else frozenset()
        organizations = frozenset() if by_account else frozenset.intersection(*[found for _, found in bounds])
        return Grantees(accounts, organizations, everyone=False, bounded=True, readable=readable)
    keys = {one.key.lower() for one in statement.conditions if not one.if_exists}
    unreadable = any(one.problem for one in statement.conditions)
    bounded = None if unreadable or keys & (NETWORK | NEVER_SENT) else False
    return Grantees(named, frozenset(), everyone=True, bounded=bounded, readable=readable)


def replicating_accounts(statement: Statement, owner: str) -> tuple[frozenset[str], Truth]:
    """(accounts other than *owner* that it allows replication, whether it allows no other principal).

    Roles and users are left out: replication never acts as one. False: it also allows everyone, or an organization.
    """
    whom, principals = grantees_of(statement), statement.principals
    if whom.everyone or whom.organizations:
        return frozenset(), False
    named = frozenset(one.account for one in principals.entries if one.kind in REPLICATING)
    return (whom.accounts if principals.everyone else named) - {owner}, True if whom.readable else None


def _bound(condition: Condition) -> tuple[frozenset[str], frozenset[str]] | None:
    """(accounts, organizations) outside of which *condition* cannot hold; None: it sets no such limit."""
    pattern = _BOUNDS.get(condition.key.lower())
    if pattern is None or condition.problem or condition.if_exists or condition.base not in _POSITIVE:
        return None
    if condition.quantifier == "ForAllValues":
        # It holds for principals that belong to no organization.
        return None
    if condition.variables and any("${" in value for value in condition.values):
        return None
    found = [pattern.fullmatch(value) for value in condition.values]
    names = frozenset((match.group(1) if pattern.groups else match.group()) for match in found if match is not None)
    if len([match for match in found if match is not None]) != len(found):
        return None
    if pattern in (_ORGANIZATION, _PATH):
        return frozenset(), names
    return names, frozenset()
