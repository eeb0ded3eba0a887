"""The organization's accounts and organizational units, and accounts that policies allow and that are not known to
belong to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.evidence import AccountRecord, Evidence
from checks.baseline.places import ROOT, is_unit_id


@dataclass(frozen=True, slots=True)
class OrganizationOverview:
    """The organization as the generator needs it."""

    accounts: Mapping[str, AccountRecord]
    members: frozenset[str] | None
    """None: the list of accounts was not read, or there is no organization."""
    units: tuple[tuple[str, frozenset[str]], ...]
    """Units, outer ones first: their names in a baseline, and the accounts below them that could replicate."""

    def label(self, account: str) -> str:
        """Name of *account*, or its id."""
        record = self.accounts.get(account)
        return record.name if record and record.name else account

    def described(self, account: str) -> str:
        """A comment on *account*: its name, and whether it is inactive or outside the organization."""
        record = self.accounts.get(account)
        if record is None:
            return "" if self.members is None else "not in the organization: a finding until `grants` trusts it"
        odd = "" if record.state in (None, "ACTIVE") else f"is {record.state}"
        return ", ".join(part for part in (record.name or "", odd) if part)

    def usable(self, account: str) -> bool:
        """Whether *account* is a member that is ACTIVE, as far as is known."""
        record = self.accounts.get(account)
        return record is not None and record.state in (None, "ACTIVE")

    def folded(self, accounts: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(units, accounts) that name exactly *accounts*: units are used where they contain two or more of them and no
        other account."""
        left, units = set(accounts), []
        for name, inside in self.units:
            # A unit inside a unit that was used is redundant.
            if len(inside) > 1 and inside <= set(accounts) and inside & left:
                units.append(name)
                left -= inside
        return tuple(sorted(units)), tuple(sorted(left))


def organization_overview(evidence: Evidence) -> OrganizationOverview:
    """The overview of the organization in *evidence*."""
    accounts = {record.account: record for record in evidence.accounts}
    listed = evidence.organization is not None and all(
        gap.operation != "organizations:ListAccounts" for gap in evidence.gaps
    )
    return OrganizationOverview(
        accounts=accounts,
        members=frozenset(accounts) if listed else None,
        units=_units(evidence, accounts) if listed else (),
    )


def _units(evidence: Evidence, accounts: Mapping[str, AccountRecord]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Every unit with the accounts below it that are ACTIVE or were read."""
    read = {part.registry.account for part in evidence.registries}
    inside: dict[str, set[str]] = {}
    depth: dict[str, int] = {}
    for account, record in accounts.items():
        if record.state not in (None, "ACTIVE") and account not in read:
            continue
        for level, unit in enumerate(_units_of(record)):
            inside.setdefault(unit, set()).add(account)
            depth[unit] = level
    # Of units with the same accounts, the innermost one is used: it includes no other account later.
    innermost = {frozenset(inside[unit]): unit for unit in sorted(inside, key=lambda unit: depth[unit])}
    return tuple(
        (unit, accounts) for accounts, unit in sorted(innermost.items(), key=lambda one: (depth[one[1]], one[1]))
    )


def _units_of(record: AccountRecord) -> tuple[str, ...]:
    """The units around an account from the root inwards, by names where these are unambiguous, else by ids."""
    ids = tuple((record.organization_path or "").strip("/").split("/"))[1:]
    names = tuple((record.ou_path or "").strip("/").split("/"))
    if not names[0] or (ids and len(ids) != len(names)):
        return ids  # a name holds a slash, or no name is known
    paths = [ROOT, *("/".join(names[1:end]) for end in range(2, len(names) + 1))]
    clear = all(path and path == path.strip("/") and path.isprintable() for path in paths)
    mistakable = any(path == ROOT or path.startswith(f"{ROOT}/") or is_unit_id(path) for path in paths[1:])
    return tuple(paths) if clear and not mistakable else ids


_PRINCIPAL = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?([0-9]{12})(?::.*)?", re.DOTALL)


def candidates(evidence: Evidence, overview: OrganizationOverview) -> dict[str, tuple[str, ...]]:
    """Account id → the policies that allow it something. If members are unknown: all accounts except the caller's."""
    ours = (
        overview.members if overview.members is not None else frozenset({evidence.caller_account, *overview.accounts})
    )
    found: dict[str, set[str]] = {}
    for owner, place, text in _policies(evidence):
        for account in _granted(text):
            if account != owner and account not in ours:
                found.setdefault(account, set()).add(place)
    return {account: tuple(sorted(found[account])) for account in sorted(found)}


def _policies(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """(owning account, what it is, text) of every policy that was read."""
    for part in evidence.registries:
        account, region = part.registry.account, part.registry.region
        if part.registry.registry_policy:
            yield account, f"registry policy of {account}/{region}", part.registry.registry_policy
        columns = part.repositories
        for name, text in zip(columns["repository"], columns["repository_policy"], strict=True):
            if text:
                yield account, f"repository policy of {name} in {account}/{region}", text


def _granted(text: str) -> Iterator[str]:
    """Accounts that Allow statements name; a policy that is not JSON names none (the audit reports it)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in _listed(statements):
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            for principal in _principals(statement.get("Principal")):
                match = _PRINCIPAL.fullmatch(principal)
                if match:
                    yield match[1]


def _principals(value: Any) -> Iterator[str]:
    listed = _listed(value.get("AWS")) if isinstance(value, Mapping) else _listed(value)
    yield from (one for one in listed if isinstance(one, str))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
