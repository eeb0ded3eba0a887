"""Principal and NotPrincipal against the caller of a replication.

Replication arrives as the replication service-linked role of the *source account*, never as the user or role that
pushed. What grants to the whole account reaches it (ECR user guide, registry-permissions-examples.html); what names
another role or user never does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from checks.iam.malformed import account_problem, principal_problem, unrendered
from checks.iam.request import SERVICE_LINKED_ROLE, Caller
from checks.iam.three_valued import Truth, inverted, some, word

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_DELETED = re.compile(r"(AIDA|AROA)[A-Z0-9]{12,}", re.ASCII)
_ARN = re.compile(r"arn:([a-z0-9-]+):(iam|sts)::([0-9]{12}):(.+)", re.ASCII | re.DOTALL)
_SESSION = re.compile(r"arn:([a-z0-9-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+", re.ASCII | re.DOTALL)
_ROLE_NAME = SERVICE_LINKED_ROLE.rpartition("/")[2]


class Kind(StrEnum):
    """What one principal entry names."""

    EVERYONE = "everyone"
    ACCOUNT = "account"
    SERVICE_LINKED_ROLE = "service-linked role"
    SERVICE_LINKED_SESSION = "session of the service-linked role"
    """One session of that role by its name, which AWS does not document."""
    OTHER_IDENTITY = "other identity"
    """A role, user or session that replication never acts as."""
    DELETED = "deleted"
    """The id that AWS shows instead of a deleted principal."""
    SERVICE = "service"
    FEDERATED = "federated"
    MALFORMED = "malformed"
    """A text that no principal has: an unrendered template, a damaged account id, a pattern."""
    UNRECOGNIZED = "unrecognized"


REPLICATING = (Kind.ACCOUNT, Kind.SERVICE_LINKED_ROLE, Kind.SERVICE_LINKED_SESSION)
"""Principals that replication from their account matches, or may match."""


@dataclass(frozen=True, slots=True)
class Principal:
    """One entry of a Principal element."""

    text: str
    kind: Kind
    account: str = ""
    """The account that it names or belongs to; empty: none."""
    partition: str = ""
    """Partition in its ARN; empty: a bare account id."""
    problem: str = ""

    def matches(self, caller: Caller) -> Truth:
        """Whether this principal matches replication from *caller*."""
        if self.kind is Kind.EVERYONE:
            return True
        if self.kind is Kind.UNRECOGNIZED:
            return None
        if self.kind in REPLICATING:
            if self.partition not in ("", caller.partition):
                return False
            if caller.account is None:
                return None
            if self.account != caller.account:
                return False
            if self.kind is Kind.ACCOUNT:
                return True
            if caller.identity:
                return False
            # The same role as in `aws:PrincipalArn`, so it gets the same answer.
            return True if self.kind is Kind.SERVICE_LINKED_ROLE else None
        return self.kind is Kind.OTHER_IDENTITY and bool(caller.identity) and _same_identity(self.text, caller.identity)

    def why_not(self, caller: Caller) -> str:
        """Why it does not match *caller*, or may not, as a clause."""
        shown = f"`{self.text[:200]}`"
        match self.kind:
            case kind if kind in REPLICATING and self.account != caller.account:
                return f"{shown} is account {self.account}, not {caller.account}"
            case kind if kind in REPLICATING and self.partition not in ("", caller.partition):
                return self.elsewhere(caller.partition)
            case Kind.SERVICE_LINKED_ROLE:
                return f"{shown} is the role of replication alone, and the caller is {caller.identity[:200]}"
            case Kind.SERVICE_LINKED_SESSION:
                return f"{shown} is one session of the role of replication; AWS does not document the session's name"
        return self.impossible

    def elsewhere(self, partition: str) -> str:
        """That its ARN lies in another partition than *partition*, as a clause; empty: it does not."""
        if self.partition in ("", partition):
            return ""
        return f"`{self.text[:200]}` is in partition {self.partition}, not {partition}"

    @property
    def impossible(self) -> str:
        """Why replication can never act as it, as a clause; empty where it can, or may."""
        shown = f"`{self.text[:200]}`"
        match self.kind:
            case Kind.OTHER_IDENTITY:
                return (
                    f"{shown} is a role or user; replication acts as its account's service-linked role, "
                    f"so use the account as principal, `arn:{self.partition}:iam::{self.account}:root`"
                )
            case Kind.DELETED:
                return f"{shown} is the id of a deleted principal"
            case Kind.SERVICE:
                return f"{shown} is a service principal; replication arrives as the source account"
            case Kind.FEDERATED:
                return f"{shown} is a federated identity; replication arrives as the source account"
            case Kind.MALFORMED | Kind.UNRECOGNIZED:
                return self.problem
        return ""


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal or NotPrincipal element."""

    entries: tuple[Principal, ...]
    negated: bool
    """NotPrincipal."""
    readable: bool = True
    """False where there is no such element, or it could not be parsed."""
    problems: tuple[str, ...] = ()
    accounts: frozenset[str] = field(init=False)
    """Accounts that the entries name or belong to."""
    malformed: bool = field(init=False)
    """Whether an entry can match no caller, so that the account that was meant may be another."""
    unbounded: bool = field(init=False)
    """Whether principals outside `accounts` might match."""

    def __post_init__(self) -> None:
        kinds = {one.kind for one in self.entries}
        unbounded = self.negated or not self.readable or Kind.EVERYONE in kinds or Kind.UNRECOGNIZED in kinds
        object.__setattr__(self, "accounts", frozenset(one.account for one in self.entries if one.account))
        object.__setattr__(self, "unbounded", unbounded)
        object.__setattr__(self, "malformed", Kind.MALFORMED in kinds)

    @property
    def everyone(self) -> bool:
        """Whether it matches everyone, possibly except some that it names."""
        return self.negated or any(one.kind is Kind.EVERYONE for one in self.entries)

    def matches(self, caller: Caller, effect: str) -> Truth:
        """Whether it matches *caller*, in a statement of this *effect*."""
        if not self.readable:
            return None
        listed = some(one.matches(caller) for one in self.entries)
        if not self.negated:
            return listed
        if listed is True and effect != "Allow" and not any(one.kind is Kind.EVERYONE for one in self.entries):
            # AWS may check account, role and session one after the other, and denies each that is not listed
            # (IAM user guide, reference_policies_elements_notprincipal.html).
            return None
        return inverted(listed)

    def explained(self, caller: Caller, effect: str) -> tuple[Truth, str]:
        """The result of `matches`, and why, as a clause."""
        result = self.matches(caller, effect)
        if not self.readable:
            return result, self.problems[0] if self.problems else "there is no Principal"
        if self.negated:
            return result, self._negated_words(caller, result)
        if result:
            hit = next(one for one in self.entries if one.matches(caller))
            who = "everyone" if hit.kind is Kind.EVERYONE else f"account {caller.account}"
            return result, f"`{hit.text[:200]}` matches {who}"
        reasons = [one.why_not(caller) for one in self.entries if one.matches(caller) is result]
        more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
        return result, "; ".join(reasons[:3]) + more

    def _negated_words(self, caller: Caller, result: Truth) -> str:
        if result:
            return f"NotPrincipal does not list account {caller.account}, so the statement applies to it"
        if result is False:
            return f"NotPrincipal lists account {caller.account}, so the statement does not apply to it"
        return (
            f"NotPrincipal concerns account {caller.account}, and AWS may check account, role and session separately: "
            f"whether replication is exempt is {word(result)}"
        )


def _same_identity(text: str, identity: str) -> bool:
    """Whether the role, user or session *text* is *identity*, or the role of which *identity* is a session."""
    session = _SESSION.fullmatch(identity)
    if session is None:
        return text == identity
    partition, account, name = session.groups()
    role = _ARN.fullmatch(text)
    named = role is not None and role.group(1, 2, 3) == (partition, "iam", account)
    return text == identity or (named and role is not None and role.group(4).rpartition("/")[2] == name)


def read_principals(statement: Mapping[str, Any]) -> Principals:
    """The Principal or NotPrincipal of a statement. Never raises."""
    present = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if len(present) != 1:
        problem = "the statement has both Principal and NotPrincipal" if present else "Principal is missing"
        return Principals((), negated=False, readable=False, problems=(problem,))
    name = present[0]
    value = statement[name]
    negated = name == "NotPrincipal"
    if isinstance(value, str):
        value = {"AWS": value} if value == "*" else {"": value}
    if not isinstance(value, dict) or not value:
        problem = f"{name} is neither `*` nor an object that names principals"
        return Principals((), negated=negated, readable=False, problems=(problem,))
    entries = tuple(entry for kind, listed in value.items() for entry in _entries(kind, listed))
    problems = tuple(entry.problem for entry in entries if entry.problem)
    if not entries:
        return Principals((), negated=negated, readable=False, problems=(f"{name} names no principal",))
    return Principals(entries, negated=negated, problems=problems)


def _entries(kind: str, listed: object) -> list[Principal]:
    texts = listed if isinstance(listed, list) else [listed]
    return [_entry(kind, text) for text in texts]


def _entry(kind: str, text: object) -> Principal:
    known = kind in ("AWS", "Service", "Federated", "CanonicalUser")
    if not isinstance(text, str):
        return _not_text(text) if known else _unrecognized(str(text)[:80], kind)
    if kind == "AWS":
        return _aws(text)
    if kind == "Service":
        return Principal(text, Kind.SERVICE)
    if known:
        return Principal(text, Kind.FEDERATED)
    if unrendered(text):
        return _malformed(text)
    return _unrecognized(text, kind)


def _unrecognized(text: str, kind: str) -> Principal:
    problem = f"principal of the unknown kind {kind[:40]!r}: {text[:80]!r}"
    if not kind:
        problem = f"{text[:80]!r} is not in an object that names the kind of principal, `AWS`"
    return Principal(text, Kind.UNRECOGNIZED, problem=problem)


def _not_text(value: object) -> Principal:
    """IAM takes principals as text only; a number has lost its leading zeros."""
    text = str(value)[:80]
    if isinstance(value, int) and not isinstance(value, bool):
        lost = account_problem(text)
        problem = f"{text} is a number instead of text" + (f" and {lost}" if lost else "")
        return Principal(text, Kind.MALFORMED, problem=problem)
    return Principal(text, Kind.MALFORMED, problem=f"a principal is not text: {text!r}")


def _aws(text: str) -> Principal:
    if text == "*":
        return Principal(text, Kind.EVERYONE)
    if _ACCOUNT.fullmatch(text):
        return Principal(text, Kind.ACCOUNT, text)
    if _DELETED.fullmatch(text):
        return Principal(text, Kind.DELETED)
    found = _ARN.fullmatch(text)
    if found is None or set("*?$").intersection(text) or unrendered(text) or found.group(4).startswith("group/"):
        return _malformed(text)
    partition, service, account, rest = found.groups()
    if service == "iam" and rest == "root":
        return Principal(text, Kind.ACCOUNT, account, partition)
    kind = Kind.OTHER_IDENTITY
    if service == "iam" and rest == f"role/{SERVICE_LINKED_ROLE}":
        kind = Kind.SERVICE_LINKED_ROLE
    elif service == "sts" and rest.startswith(f"assumed-role/{_ROLE_NAME}/"):
        kind = Kind.SERVICE_LINKED_SESSION
    return Principal(text, kind, account, partition)


def _malformed(text: str) -> Principal:
    """The account of an ARN is kept where it is one: it says who was meant."""
    found = _ARN.fullmatch(text)
    account, partition = (found.group(3), found.group(1)) if found else ("", "")
    shown = f"`{text[:80]}`"
    return Principal(text, Kind.MALFORMED, account, partition, f"{shown} {principal_problem(text)}")
