"""Which principals could call ECR under a policy: one caller for each group that the policy treats alike.

A policy distinguishes the accounts, roles, organizations and paths that it names; all others are equal to it. So a
handful of callers represents all principals: each account and identity that is named, one member of each organization
that is named, one member of the audited organization, and two accounts that no policy names: one in an organization
that no policy names either, and one in none.
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
"""Account that no policy names; AWS does not assign this id."""

_NO_ORGANIZATION = "o-0000000000"
_STRANGE = (("", ""), (_NO_ORGANIZATION, f"{_NO_ORGANIZATION}/r-0000/"))
"""(organization, path) of accounts in no organization that a policy names."""

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Organization:
    """The accounts of the audited organization."""

    id: str | None
    """None: there is none, or it was not read."""
    members: Mapping[str, str | None]
    """Its known member accounts, with their organization paths; None where the path is not known."""
    partners: frozenset[str] = frozenset()
    """Accounts outside it that the baseline declares as external accounts."""
    complete: bool = True
    """Whether `members` are all of them."""

    def outside(self, label: str) -> Truth:
        """Whether the principals called *label* (see `CallerGroup`) are neither in the organization nor a declared
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
    """A principal that calls ECR directly, other than through replication."""

    label: str
    """An account id, an organization id for a member of it that is not named, or `*` for all other principals."""
    callers: tuple[Caller, ...]
    """More than one where the account's organization is not known: one of them is right."""


@dataclass(slots=True)
class _Mentioned:
    """The accounts, identities and organizations that some statements name, in principals or conditions."""

    accounts: set[str] = field(default_factory=set)
    identities: set[tuple[str, str]] = field(default_factory=set)
    """(account, ARN)"""
    organizations: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    arns: set[str] = field(default_factory=set)
    any_account: bool = False
    """Whether a condition matches accounts by a pattern."""


def caller_groups(
    statements: Iterable[Statement], organization: Organization, partition: str
) -> tuple[CallerGroup, ...]:
    """Callers that represent all principals that *statements* can distinguish."""
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
    """Every possible (organization, path) of an account that is named."""
    if account in organization.members:
        return [(organization.id, organization.members[account])]
    if not organization.complete:
        return [(None, None)]
    # It belongs to no organization, to one that no policy names, or to one of those that a policy names.
    return [*_STRANGE, *((other, path) for other in foreign for path in _paths_in(other, named))]


def _unknown_accounts(named: _Mentioned, partition: str, foreign: Sequence[str]) -> Iterator[CallerGroup]:
    # An account without an organization meets IfExists and ForAllValues on the keys of organizations.
    for place in _STRANGE:
        for arn in _arns_of(_NO_ACCOUNT, named, partition):
            yield CallerGroup(EVERYONE, (Caller(_NO_ACCOUNT, partition, *place, arn),))
        if named.any_account:
            yield CallerGroup(EVERYONE, (Caller(None, partition, *place, _plain_arn(_NO_ACCOUNT, partition)),))
    for other in foreign:
        yield from _members_of(other, other, named, partition)


def _members_of(label: str, organization: str, named: _Mentioned, partition: str) -> list[CallerGroup]:
    return [
        CallerGroup(label, (Caller(_NO_ACCOUNT, partition, organization, path, arn),))
        for path in _paths_in(organization, named)
        for arn in _arns_of(_NO_ACCOUNT, named, partition)
    ]


def _paths_in(organization: str, named: _Mentioned) -> list[str]:
    """A path in *organization* that no policy names, and one for each pattern that could match a path in it."""
    found = [_instance(path, "x/") for path in sorted(named.paths) if path.startswith((f"{organization}/", "*"))]
    return [f"{organization}/r-0000/", *found]


def _arns_of(account: str, named: _Mentioned, partition: str) -> list[str]:
    """An identity of *account* that no policy names, and one for each pattern that could match one of its
    identities.
    """
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
        # Ids are lower case; an operator that ignores case may spell them otherwise.
        found.organizations |= {value.lower() for value in values if _ORGANIZATION.fullmatch(value.lower())}
    elif key == "aws:principalorgpaths":
        found.paths |= set(values)
        found.organizations |= {value.partition("/")[0] for value in values if _ORGANIZATION.match(value)}
    elif key == "aws:principalarn":
        found.arns |= set(values)
        parts = (value.split(":", 5) for value in values)
        found.accounts |= {fields[4] for fields in parts if len(fields) == 6 and _ACCOUNT.fullmatch(fields[4])}
