"""Who could call ECR under a policy: one caller for everybody whom the policy treats alike.

A policy tells apart the accounts, roles, organizations and paths that it names, and lumps all others together. So a
handful of callers stands for everyone: each account and identity that is named, some member of each organization that
is named, some member of our own, and some stranger of whom nobody speaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.iam.grantees import EVERYONE
from checks.iam.parse import Statement
from checks.iam.principals import Kind
from checks.iam.request import Caller
from checks.iam.three_valued import Truth

_NO_ACCOUNT = "000000000000"
"""Account of the stranger; AWS gives it to nobody."""

_NO_ORGANIZATION = "o-0000000000"
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Organization:
    """Who belongs to the organization that is audited."""

    id: str | None
    """None: there is none, or it was not read."""
    members: Mapping[str, str | None]
    """Accounts that are known to belong to it, with their organization paths, None where the path is not known."""
    partners: frozenset[str] = frozenset()
    """Accounts outside it that the baseline declares."""
    complete: bool = True
    """Whether `members` are all of them."""

    def outside(self, label: str) -> Truth:
        """Whether whoever is called *label* (see `CallerGroup`) is neither of the organization nor a declared
        partner.
        """
        if label == EVERYONE:
            return True
        if label == self.id:
            return False
        if _ORGANIZATION.fullmatch(label):
            return None if self.id is None else True
        if label in self.partners or label in self.members:
            return False
        return True if self.complete else None


@dataclass(frozen=True, slots=True)
class CallerGroup:
    """Somebody who calls ECR by itself, not replication."""

    label: str
    """An account id, an organization id for some member of it that is not named, or `*` for everybody else."""
    callers: tuple[Caller, ...]
    """More than one where it is not known of which organization the account is: one of them is right."""


@dataclass(slots=True)
class _Mentioned:
    """Whom some statements name, in principals or conditions."""

    accounts: set[str] = field(default_factory=set)
    identities: set[tuple[str, str]] = field(default_factory=set)
    """(account, ARN)"""
    organizations: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    arns: set[str] = field(default_factory=set)
    any_account: bool = False
    """Whether a condition describes accounts by a pattern."""


def caller_groups(
    statements: Iterable[Statement], organization: Organization, partition: str
) -> tuple[CallerGroup, ...]:
    """Callers that stand for everyone whom *statements* can tell apart."""
    named = _mentioned(statements)
    foreign = named.organizations - {organization.id}
    found = [
        *_accounts(named, organization, partition, sorted(foreign)),
        *_unknown_accounts(named, partition, sorted(foreign)),
    ]
    if organization.id:
        found += _members_of(organization.id, organization.id, named, partition)
    return tuple(dict.fromkeys(found))


def _accounts(
    named: _Mentioned, organization: Organization, partition: str, foreign: Sequence[str]
) -> Iterator[CallerGroup]:
    for account in sorted(named.accounts | {account for account, _ in named.identities}):
        places = _places(account, named, organization, foreign)
        own = sorted(arn for owner, arn in named.identities if owner == account)
        for identity in (*own, *_arns_of(account, named, partition)):
            yield CallerGroup(account, tuple(Caller(account, partition, *place, identity) for place in places))


def _places(
    account: str, named: _Mentioned, organization: Organization, foreign: Sequence[str]
) -> list[tuple[str | None, str | None]]:
    """Organization and path of an account that is named: all that are possible."""
    if account in organization.members:
        return [(organization.id, organization.members[account])]
    if not organization.complete:
        return [(None, None)]
    # It is of none that the policy names, or of one of those.
    return [("", ""), *((other, path) for other in foreign for path in _paths_in(other, named))]


def _unknown_accounts(named: _Mentioned, partition: str, foreign: Sequence[str]) -> Iterator[CallerGroup]:
    for arn in _arns_of(_NO_ACCOUNT, named, partition):
        yield CallerGroup(
            EVERYONE, (Caller(_NO_ACCOUNT, partition, _NO_ORGANIZATION, f"{_NO_ORGANIZATION}/r-0000/", arn),)
        )
    if named.any_account:
        yield CallerGroup(
            EVERYONE, (Caller(None, partition, _NO_ORGANIZATION, None, _plain_arn(_NO_ACCOUNT, partition)),)
        )
    for other in foreign:
        yield from _members_of(other, other, named, partition)


def _members_of(label: str, organization: str, named: _Mentioned, partition: str) -> list[CallerGroup]:
    return [
        CallerGroup(label, (Caller(_NO_ACCOUNT, partition, organization, path, arn),))
        for path in _paths_in(organization, named)
        for arn in _arns_of(_NO_ACCOUNT, named, partition)
    ]


def _paths_in(organization: str, named: _Mentioned) -> list[str]:
    """Some path in *organization* of which no policy speaks, and one for each pattern that could mean one in it."""
    found = [_instance(path, "x/") for path in sorted(named.paths) if path.startswith((f"{organization}/", "*"))]
    return [f"{organization}/r-0000/", *found]


def _arns_of(account: str, named: _Mentioned, partition: str) -> list[str]:
    """Some identity of *account* that no policy names, and one for each pattern that could mean one of it."""
    found = [_plain_arn(account, partition)]
    for pattern in sorted(named.arns):
        fields = pattern.split(":", 5)
        if len(fields) == 6 and (fields[4] == account or set(fields[4]) & set("*?")):
            found.append(":".join(("arn", partition, "iam", "", account, _instance(fields[5], "x"))))
        elif len(fields) < 6 and "*" in pattern:
            found.append(_plain_arn(account, partition))
    return list(dict.fromkeys(found))


def _plain_arn(account: str, partition: str) -> str:
    return f"arn:{partition}:iam::{account}:role/of-whom-no-policy-speaks"


def _instance(pattern: str, filling: str) -> str:
    """A text that *pattern* matches."""
    return pattern.replace("*", filling).replace("?", "x")


def _mentioned(statements: Iterable[Statement]) -> _Mentioned:
    found = _Mentioned()
    for statement in statements:
        found.accounts |= {one.account for one in statement.principals.entries if one.account}
        found.identities |= {
            (one.account, one.text) for one in statement.principals.entries if one.kind is Kind.OTHER_IDENTITY
        }
        for condition in statement.conditions:
            _add(found, condition.key.lower(), condition.values)
    return found


def _add(found: _Mentioned, key: str, values: Sequence[str]) -> None:
    if key == "aws:principalaccount":
        literal = {value for value in values if _ACCOUNT.fullmatch(value)}
        found.accounts |= literal
        found.any_account = found.any_account or len(literal) < len(set(values))
    elif key == "aws:principalorgid":
        found.organizations |= {value for value in values if _ORGANIZATION.fullmatch(value)}
    elif key == "aws:principalorgpaths":
        found.paths |= set(values)
        found.organizations |= {value.partition("/")[0] for value in values if _ORGANIZATION.match(value)}
    elif key == "aws:principalarn":
        found.arns |= set(values)
        parts = (value.split(":", 5) for value in values)
        found.accounts |= {fields[4] for fields in parts if len(fields) == 6 and _ACCOUNT.fullmatch(fields[4])}
