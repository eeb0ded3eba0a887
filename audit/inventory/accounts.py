"""For each account: can the audit role be used there, and which Regions are there to read?"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from audit.aws.calls import Calls
from audit.aws.failures import CallError, gap_of
from audit.aws.identities import Keys
from audit.aws.operations import operation
from audit.evidence import AccountRecord, RegionRecord, Scope
from audit.inventory.crew import Crew
from audit.inventory.regions import READABLE, RegionReader
from checks.model import Gap, GapKind, RegistryId

ACTIVE = frozenset({"ACTIVE", None})
"""States in which an account is read. None: Organizations did not tell."""


@dataclass(slots=True)
class Accounts:
    """What is known about reaching accounts. Filled in rounds: those in scope, then destinations outside of it."""

    records: Mapping[str, AccountRecord]
    keys: dict[str, Keys | None] = field(default_factory=dict)
    """Account → credentials of its audit role, for every account that can be read; None: the caller's own."""
    regions: dict[RegistryId, RegionRecord] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def reachable(self, account: str) -> bool:
        """Whether credentials for *account* are at hand."""
        return account in self.keys


class AccountReader:
    """Assumes roles and reads Regions, many accounts at once."""

    def __init__(self, calls: Calls, regions: RegionReader, scope: Scope, crew: Crew) -> None:
        self._calls = calls
        self._regions = regions
        self._scope = scope
        self._crew = crew
        self._lock = threading.Lock()

    def read(self, accounts: Accounts, wanted: Iterable[str]) -> None:
        """Add role credentials, Regions and gaps of the *wanted* accounts that were not asked before."""
        new = [name for name in wanted if name not in accounts.asked and accounts.records[name].state in ACTIVE]
        accounts.asked.update(new)
        self._crew.each(lambda name: self._one(accounts, name), sorted(new), self._crew.size)

    def _one(self, accounts: Accounts, account: str) -> None:
        gaps: list[Gap] = []
        keys: Keys | None = None
        reachable = True
        try:
            keys = self._calls.role_keys(account)
        except CallError as error:
            reachable = False
            gaps.append(gap_of(error.failure, operation("sts:AssumeRole"), account, "", self._role(account)))
        found = self._regions.read(account, reachable=reachable)
        in_scope = accounts.records[account].in_scope
        with self._lock:
            if reachable:
                accounts.keys[account] = keys
            accounts.gaps.extend((*gaps, *found.gaps))
            for region, status in found.statuses:
                chosen = in_scope and (not self._scope.regions or region in self._scope.regions)
                record = RegionRecord(account, region, status, in_scope=chosen)
                accounts.regions[RegistryId(account, region)] = record

    def _role(self, account: str) -> str:
        return f"arn:{self._calls.partition}:iam::{account}:role/{self._calls.session.settings.role_name}"


def readable(accounts: Accounts, pair: RegistryId) -> bool:
    """Whether the registry of *pair* exists for all we know, so that it belongs to the plan."""
    region = accounts.regions.get(pair)
    return region is not None and region.status in READABLE


def unread_destination(accounts: Accounts, pair: RegistryId, organization_known: bool) -> Gap | None:
    """Why a destination outside the plan is not read; None where nothing is missing from the audit.

    An account outside a known organization is nobody's to read: the checks judge the rule that names it.
    """
    account, region = pair
    tables = ("links", "replicas", "images")
    gap = Gap(account, region, "ecr:DescribeRegistry", GapKind.LIMITED, "", "", tables)
    record = accounts.records.get(account)
    if record is None:
        if organization_known:
            return None
        message = "a destination in another account, which an audit of a single account does not read"
        return replace(gap, code="OutsideOfTheRun", message=message)
    if record.state not in ACTIVE:
        message = f"a destination in an account that is {record.state}"
        return replace(gap, kind=GapKind.ACCOUNT_INACTIVE, code=str(record.state), message=message)
    if pair not in accounts.regions:
        return None  # no such Region for this account: again, what is wrong is the rule
    status = accounts.regions[pair].status
    message = f"a destination in a Region that is {status} in its account"
    return replace(gap, kind=GapKind.REGION_DISABLED, code=str(status), message=message)
