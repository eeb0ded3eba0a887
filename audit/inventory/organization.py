"""Reads the organization: its id, its accounts and their organizational units."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from audit.aws.settings import AwsSetupError, ScopeError
from audit.evidence import AccountRecord, OrganizationRecord, Scope
from audit.inventory.reader import Reader
from audit.inventory.thread_pool import ThreadPool
from checks.baseline.places import ROOT, in_units

_ACCOUNT_ID = re.compile(r"\d{12}")
_ACCOUNT_ARN = re.compile(r"arn:[\w-]+:organizations::(\d{12}):account/(o-[a-z0-9]+)/\d{12}")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A root or an organizational unit."""

    id: str
    names: str
    """Names from the root, joined by `/`."""
    ids: str
    """Ids from the organization, each followed by `/`."""


@dataclass(frozen=True, slots=True)
class Organization:
    """What was read about the organization; `record` None: there is none, or it could not be read."""

    record: OrganizationRecord | None
    accounts: tuple[AccountRecord, ...]
    complete: bool
    """Whether the list of accounts is complete."""


def read_organization(reader: Reader, caller_account: str, pool: ThreadPool, at_once: int) -> Organization:
    """Accounts of every state with their organizational units. Without an organization: the caller's own account."""
    described = reader.ask("organizations:DescribeOrganization", "Organization", {})
    alone = (AccountRecord(caller_account, None, None, None, None),)
    if described is not None and not described:
        return Organization(None, alone, complete=True)
    record = _record(described["Organization"]) if described else None
    rows: list[dict[str, Any]] = []
    complete = True
    for page in reader.pages("organizations:ListAccounts", "Accounts", {"MaxResults": 20}, token="NextToken"):
        complete = complete and page is not None
        rows.extend(page or ())
    record = record or _record_from(rows)
    if not rows:
        return Organization(record, alone, complete=complete and record is None)
    accounts = _placed(reader, [row for row in rows if row.get("Id")], record, pool, at_once)
    if caller_account not in {account.account for account in accounts}:
        accounts += alone
    management = record.management_account if record else ""
    accounts = tuple(replace(account, management=account.account == management) for account in accounts)
    if record is not None:
        name = next((account.name for account in accounts if account.management), None)
        record = replace(record, name=name or "")
    return Organization(record, tuple(sorted(accounts, key=lambda account: account.account)), complete)


def _record(described: dict[str, Any]) -> OrganizationRecord | None:
    management = described.get("ManagementAccountId") or described.get("MasterAccountId")
    return OrganizationRecord(str(described["Id"]), str(management)) if described.get("Id") and management else None


def _record_from(rows: Iterable[dict[str, Any]]) -> OrganizationRecord | None:
    """The organization's id from an account ARN, for callers that may list accounts only."""
    for row in rows:
        found = _ACCOUNT_ARN.fullmatch(str(row.get("Arn")))
        if found:
            return OrganizationRecord(found[2], found[1])
    return None


def _placed(
    reader: Reader, rows: list[dict[str, Any]], record: OrganizationRecord | None, pool: ThreadPool, at_once: int
) -> tuple[AccountRecord, ...]:
    paths = {str(row["Id"]): path for row in rows if (path := _path_of(row))}
    units = _walk(reader, record.id if record else "", pool, at_once)
    by_id = {unit.id: unit for unit in units}
    if len(paths) < len(rows):
        paths |= _members(reader, units, pool, at_once)
    names = {account: by_id[parent].names for account, path in paths.items() if (parent := _last(path)) in by_id}
    return tuple(
        AccountRecord(
            account=str(row["Id"]),
            name=row.get("Name"),
            state=row.get("State") or row.get("Status"),
            ou_path=names.get(str(row["Id"])),
            organization_path=paths.get(str(row["Id"])),
        )
        for row in rows
    )


def _path_of(row: dict[str, Any]) -> str | None:
    """`Paths` of the account without the account itself, as `aws:PrincipalOrgPaths` spells it."""
    paths = row.get("Paths") or ()
    for path in paths:
        ids = [part for part in str(path).split("/") if part and not _ACCOUNT_ID.fullmatch(part)]
        if len(ids) >= 2:
            return "/".join(ids) + "/"
    return None


def _last(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]


def _walk(reader: Reader, organization: str, pool: ThreadPool, at_once: int) -> list[_Unit]:
    """Every root and organizational unit that could be read, level by level."""
    roots = reader.all_rows("organizations:ListRoots", "Roots", {}, token="NextToken") or []
    level = [_Unit(str(root["Id"]), ROOT, f"{organization}/{root['Id']}/") for root in roots if root.get("Id")]
    units: list[_Unit] = []
    while level:
        units.extend(level)
        below: list[_Unit] = []

        def children(parent: _Unit, below: list[_Unit] = below) -> None:
            rows = reader.all_rows(
                "organizations:ListOrganizationalUnitsForParent",
                "OrganizationalUnits",
                {"ParentId": parent.id},
                token="NextToken",
            )
            below.extend(
                _Unit(str(row["Id"]), f"{parent.names}/{row.get('Name')}", f"{parent.ids}{row['Id']}/")
                for row in rows or ()
                if row.get("Id")
            )

        pool.each(children, level, at_once)
        level = below
    return units


def _members(reader: Reader, units: list[_Unit], pool: ThreadPool, at_once: int) -> dict[str, str]:
    paths: dict[str, str] = {}

    def members(unit: _Unit) -> None:
        rows = reader.all_rows(
            "organizations:ListAccountsForParent", "Accounts", {"ParentId": unit.id}, token="NextToken"
        )
        for row in rows or ():
            paths[str(row.get("Id"))] = unit.ids

    pool.each(members, units, at_once)
    return paths


def read_inspector_policies(
    reader: Reader, organization: Organization, wanted: Iterable[str], pool: ThreadPool, at_once: int
) -> Organization:
    """*organization* with the effective Inspector policy of the accounts *wanted*: one call for each of them."""
    policies: dict[str, str] = {}

    def ask(account: str) -> None:
        parameters = {"PolicyType": "INSPECTOR_POLICY", "TargetId": account}
        answer = reader.ask("organizations:DescribeEffectivePolicy", "EffectivePolicy", parameters, resource=account)
        if answer is not None:
            policies[account] = str((answer.get("EffectivePolicy") or {}).get("PolicyContent") or "")

    members = {account.account for account in organization.accounts} if organization.record is not None else set()
    pool.each(ask, sorted(members.intersection(wanted)), at_once)
    accounts = tuple(replace(one, inspector_policy=policies.get(one.account)) for one in organization.accounts)
    return replace(organization, accounts=accounts)


def scoped(organization: Organization, scope: Scope) -> Organization:
    """*organization* with `in_scope` set. AwsSetupError where the scope names what does not exist, or is empty."""
    malformed = [account for account in scope.accounts if not _ACCOUNT_ID.fullmatch(account)]
    if malformed:
        raise ScopeError(f"not a valid account id (twelve digits): {', '.join(malformed)}")
    known = {account.account for account in organization.accounts}
    unknown = [account for account in scope.accounts if account not in known]
    if unknown and organization.complete and organization.record is not None:
        raise ScopeError(f"no such account in the organization: {', '.join(unknown)}. Check the scope's accounts.")
    # Where the organization cannot be listed, accounts are read if the scope names them.
    added = tuple(AccountRecord(account, None, None, None, None) for account in unknown)
    accounts = tuple(replace(one, in_scope=_in_scope(one, scope)) for one in organization.accounts + added)
    if not any(account.in_scope for account in accounts):
        # Not a ScopeError: units that could not be read now may be readable later.
        raise AwsSetupError(
            "no account is in scope. Check the accounts and organizational units of the scope, "
            "and the permission to read units."
        )
    return replace(organization, accounts=accounts)


def _in_scope(account: AccountRecord, scope: Scope) -> bool:
    if not scope.accounts and not scope.ous:
        return True
    if account.account in scope.accounts:
        return True
    return bool(in_units(scope.ous, ou_path=account.ou_path, organization_path=account.organization_path))
